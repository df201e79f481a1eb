"""A segment manager on a database, as one process has it, with the types of this server."""

import uuid

from sqlalchemy import insert, select

from deuteron import config
from deuteron.context import RequestContext
from deuteron.core.segment_ranges import sync_defaults
from deuteron.db import segments as rows
from deuteron.db.engine import utc_now
from deuteron.db.tables import networks, segment_claims
from deuteron.ml2.plugin_context import plugin_context
from deuteron.ml2.segments import SegmentManager
from deuteron.ml2.types.flat import FlatTypeDriver
from deuteron.ml2.types.geneve import GeneveTypeDriver
from deuteron.ml2.types.gre import GreTypeDriver
from deuteron.ml2.types.local import LocalTypeDriver
from deuteron.ml2.types.vlan import VlanTypeDriver
from deuteron.ml2.types.vxlan import VxlanTypeDriver

ASKED = RequestContext(request_id="req-1", project_id="owner", is_admin=True)
LINES = """
[ml2_type_vlan]
network_vlan_ranges = physnet1:101:103,physnet2:201:202
[ml2_type_vxlan]
vni_ranges = 1001:1004
[ml2_type_gre]
tunnel_id_ranges = 1:2
[ml2_type_geneve]
vni_ranges = 1:16777215
"""
KINDS = (
    LocalTypeDriver,
    FlatTypeDriver,
    VlanTypeDriver,
    GreTypeDriver,
    VxlanTypeDriver,
    GeneveTypeDriver,
)


class SegmentSite:
    """A segment manager on a database, as one process has it."""

    def __init__(self, database, path, lines=LINES, types=("vxlan",), external=""):
        path.write_text(lines)
        config.load([str(path)])
        self.database = database
        drivers = []
        for kind in KINDS:
            driver = kind()
            driver.initialize()
            drivers.append((driver.get_type(), driver))
        self.manager = SegmentManager(
            drivers,
            project_network_types=types,
            external_network_type=external,
            global_physnet_mtu=1500,
        )
        sync_defaults(database, self.manager, utc_now)

    def create(self, *, project_id="owner", external=False, **body):
        """A network with its segments, as the core makes it."""
        network_id = str(uuid.uuid4())
        wanted = self.manager.wanted({key.replace("__", ":"): v for key, v in body.items()})
        with self.database.transaction(ASKED) as tx:
            context = plugin_context(tx)
            if wanted is None:
                made = [
                    self.manager.allocate(
                        context, network_id=network_id, project_id=project_id, external=external
                    )
                ]
            else:
                made = self.manager.reserve(
                    context, wanted, network_id=network_id, project_id=project_id
                )
            tx.execute(insert(networks), a_network(network_id, project_id))
            rows.insert(tx, made, now=utc_now())
        return made

    def vlan(self, physical_network=None, segmentation_id=None, **more):
        (segment,) = self.create(
            provider__network_type="vlan",
            provider__physical_network=physical_network,
            provider__segmentation_id=segmentation_id,
            **more,
        )
        return segment.physical_network, segment.segmentation_id

    def number(self, **more):
        return self.create(**more)[0].segmentation_id

    def release(self, *made):
        with self.database.transaction(ASKED) as tx:
            self.manager.release(plugin_context(tx), made)
            rows.delete(tx, [segment.id for segment in made])

    def claims(self):
        with self.database.read() as conn:
            return {tuple(row) for row in conn.execute(select(segment_claims))}


def a_network(network_id, project_id="owner"):
    return {
        "id": network_id,
        "project_id": project_id,
        "name": "",
        "admin_state_up": True,
        "status": "ACTIVE",
        "external": False,
        "mtu": 1450,
        "port_security_enabled": True,
        "created_at": utc_now(),
        "updated_at": utc_now(),
        "revision_number": 1,
    }
