"""A mechanism driver with a say at every hook.

How it binds a port depends on the name of the port's host:

    sample-*   binds the first segment itself
    rack-*     takes a static segment to the top of a rack, a dynamic VLAN segment on ``rack``
               leads from there to the host, and another driver binds that
    loop-*     hands the segment that it took to the level below
    deep-N     N levels, each with a dynamic segment of its own, then binds
    silent-*   asks for a dynamic segment, and says nothing when there is none
    raise-*    fails
    *          declines
"""

import sqlalchemy as sa
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from sqlalchemy import orm

OPTIONS = [
    cfg.StrOpt("physical_network", default="rack", help="Of the VLANs from racks to hosts."),
]

Base = orm.declarative_base()


class KnownPort(Base):
    """The driver's own record of a port."""

    __tablename__ = "sample_ml2_ports"

    port_id = sa.Column(sa.String(36), primary_key=True)


class Call:
    """A hook as it was called: what the context said at that moment."""

    def __init__(self, hook, context):
        self.hook = hook
        self.id = context.current["id"]
        self.current = dict(context.current)
        self.original = dict(context.original) if context.original else None
        if isinstance(context, api.NetworkContext):
            self.segments = list(context.network_segments)
        if isinstance(context, api.PortContext):
            self.host = context.host
            self.original_host = context.original_host
            self.vif_type = context.vif_type
            self.original_vif_type = context.original_vif_type
            self.vif_details = context.vif_details
            self.status = context.status
            self.levels = context.binding_levels
            self.original_levels = context.original_binding_levels
            self.top = context.top_bound_segment
            self.bottom = context.bottom_bound_segment
            self.network = context.network.current["id"]


class SampleMechanismDriver(api.MechanismDriver):
    """Notes every call in `calls`; `failures` (hook -> exception) makes hooks fail."""

    def __init__(self):
        self.calls = []
        self.failures = {}
        self.keeps_ports = False
        self.while_binding = None
        self.initialized = False

    def initialize(self):
        cfg.CONF.register_opts(OPTIONS, group="sample_ml2")
        self.initialized = True

    def hooks(self, resource_id=None):
        """Names of the hooks that were called, of one resource or all."""
        return [call.hook for call in self.calls if resource_id in (None, call.id)]

    def last(self, hook):
        """The last call of a hook."""
        return [call for call in self.calls if call.hook == hook][-1]

    def _note(self, hook, context):
        self.calls.append(Call(hook, context))
        if hook in self.failures:
            raise self.failures[hook]

    def create_network_precommit(self, context):
        self._note("create_network_precommit", context)

    def create_network_postcommit(self, context):
        self._note("create_network_postcommit", context)

    def update_network_precommit(self, context):
        self._note("update_network_precommit", context)

    def update_network_postcommit(self, context):
        self._note("update_network_postcommit", context)

    def delete_network_precommit(self, context):
        self._note("delete_network_precommit", context)

    def delete_network_postcommit(self, context):
        self._note("delete_network_postcommit", context)

    def create_subnet_precommit(self, context):
        self._note("create_subnet_precommit", context)

    def create_subnet_postcommit(self, context):
        self._note("create_subnet_postcommit", context)

    def update_subnet_precommit(self, context):
        self._note("update_subnet_precommit", context)

    def update_subnet_postcommit(self, context):
        self._note("update_subnet_postcommit", context)

    def delete_subnet_precommit(self, context):
        self._note("delete_subnet_precommit", context)

    def delete_subnet_postcommit(self, context):
        self._note("delete_subnet_postcommit", context)

    def create_port_precommit(self, context):
        if self.keeps_ports:
            context.plugin_context.session.add(KnownPort(port_id=context.current["id"]))
        self._note("create_port_precommit", context)

    def create_port_postcommit(self, context):
        self._note("create_port_postcommit", context)

    def update_port_precommit(self, context):
        self._note("update_port_precommit", context)

    def update_port_postcommit(self, context):
        self._note("update_port_postcommit", context)

    def delete_port_precommit(self, context):
        if self.keeps_ports:
            session = context.plugin_context.session
            session.query(KnownPort).filter_by(port_id=context.current["id"]).delete()
        self._note("delete_port_precommit", context)

    def delete_port_postcommit(self, context):
        self._note("delete_port_postcommit", context)

    @property
    def connectivity(self):
        return "l2"

    def bind_port(self, context):
        self._note("bind_port", context)
        if self.while_binding is not None:
            self.while_binding(context)
        ways = {
            "sample": self._bind,
            "rack": self._bind_rack,
            "loop": self._loop,
            "deep": self._bind_deep,
            "silent": self._try_dynamic,
            "raise": self._fail,
        }
        way = ways.get(context.host.partition("-")[0])
        if way is not None:
            way(context)

    def _bind(self, context):
        segment = context.segments_to_bind[0]
        context.set_binding(segment[api.ID], "sample", {"plug": "it in"}, status="ACTIVE")

    def _bind_rack(self, context):
        for segment in context.segments_to_bind:
            if segment[api.NETWORK_TYPE] == "vxlan":
                below = context.allocate_dynamic_segment(self._vlan())
                context.continue_binding(segment[api.ID], [below])
                return

    def _vlan(self):
        return {
            api.NETWORK_TYPE: "vlan",
            api.PHYSICAL_NETWORK: cfg.CONF.sample_ml2.physical_network,
        }

    def _loop(self, context):
        segment = context.segments_to_bind[0]
        context.continue_binding(segment[api.ID], [segment])

    def _bind_deep(self, context):
        wanted = int(context.host.partition("-")[2])
        segment = context.segments_to_bind[0]
        bound = len(context.binding_levels or [])
        if bound + 1 == wanted:
            context.set_binding(segment[api.ID], "sample", {})
            return
        number = 2000 + bound
        below = context.allocate_dynamic_segment({**self._vlan(), api.SEGMENTATION_ID: number})
        context.continue_binding(segment[api.ID], [below])

    def _try_dynamic(self, context):
        try:
            context.allocate_dynamic_segment(self._vlan())
        except Exception:
            return

    def _fail(self, context):
        raise ValueError("the switch speaks another language")
