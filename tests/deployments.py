"""A whole deployment on a test's database: real drivers, real configuration, a clock to turn.

`Site` speaks the words of the core, with defaults for all that a test does not care about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deuteron import config
from deuteron.app.deployment import build
from deuteron.context import RequestContext
from deuteron.core import agents, networks, ports, subnets
from deuteron.core.deployment import Deployment
from deuteron.db.engine import Database
from deuteron.db.moments import later
from deuteron.ml2.dispatch import Mechanisms

ADMIN = RequestContext(request_id="req-test", project_id="p", user_id="u", is_admin=True)

CONFIGURATION = """
[quotas]
quota_network = -1
quota_subnet = -1
quota_port = -1
quota_rbac_policy = -1
quota_router = -1
quota_floatingip = -1
quota_security_group = -1
quota_security_group_rule = -1
[ml2]
type_drivers = local,flat,vlan,gre,vxlan,geneve
project_network_types = vxlan,vlan
[ml2_type_flat]
flat_networks = *
[ml2_type_vlan]
network_vlan_ranges = physnet1:100:199,tight:100:100
[ml2_type_gre]
tunnel_id_ranges = 1:1000
[ml2_type_vxlan]
vni_ranges = 1:1000
[ml2_type_geneve]
vni_ranges = 1:1000
"""

OVS = "Open vSwitch agent"
LINUXBRIDGE = "Linux bridge agent"
_BINARIES = {OVS: "neutron-openvswitch-agent", LINUXBRIDGE: "neutron-linuxbridge-agent"}


class Clock:
    """The time of a test; it stands still until it is turned."""

    def __init__(self, now: str = "2014-06-04T12:00:00Z") -> None:
        self.now = now

    def __call__(self) -> str:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now = later(self.now, seconds)


def a_deployment(
    database: Database,
    folder: Path,
    *,
    mechanisms: Sequence[str] = ("openvswitch", "linuxbridge", "l2population"),
    drivers: Sequence[tuple[str, Any]] = (),
    configuration: str = "",
    clock: Clock | None = None,
) -> Deployment:
    """A deployment as the application would build it.

    Args:
        database: with all tables.
        folder: for the configuration file.
        mechanisms: names of mechanism drivers to load.
        drivers: (name, driver) that exist already, asked after those.
        configuration: lines after `CONFIGURATION`.
        clock: of the deployment.
    """
    path = folder / "neutron.conf"
    path.write_text(f"[DEFAULT]\nstate_path = {folder}\n{CONFIGURATION}\n{configuration}")
    with database.maintenance() as connection:
        url = connection.engine.url.render_as_string(hide_password=False)
    options = {("database", "connection"): url, ("ml2", "mechanism_drivers"): ",".join(mechanisms)}
    built = build(config.load([str(path)], command_line=options))
    built.database.dispose()
    asked = [*built.mechanisms.drivers, *drivers]
    return replace(built, database=database, mechanisms=Mechanisms(asked), clock=clock or Clock())


@dataclass
class Site:
    """Makes things in a deployment.

    Args:
        d: the deployment.
        ctx: who asks.
    """

    d: Deployment
    ctx: RequestContext = field(default=ADMIN)

    @property
    def clock(self) -> Clock:
        assert isinstance(self.d.clock, Clock)
        return self.d.clock

    def report(
        self, host: str = "host-1", agent_type: str = OVS, start: bool = False, **conf: Any
    ) -> str:
        """An agent reports; `conf` are its configurations beside the usual ones."""
        usual: dict[str, Any] = {"tunnel_types": ["vxlan"], "tunneling_ip": "192.0.2.1"}
        if agent_type == OVS:
            usual |= {"bridge_mappings": {"physnet1": "br-1"}, "integration_bridge": "br-int"}
        else:
            usual |= {"interface_mappings": {"physnet1": "eth1"}}
        state = {
            "agent_type": agent_type,
            "binary": _BINARIES.get(agent_type, "some-agent"),
            "host": host,
            "topic": "N/A",
            "configurations": {**usual, **conf},
            **({"start_flag": True} if start else {}),
        }
        return agents.report(self.d, self.ctx, state)

    def network(self, **values: Any) -> dict[str, Any]:
        body = {
            "project_id": "p",
            "name": "n",
            "admin_state_up": True,
            "shared": False,
            "router:external": False,
            "description": "",
            **values,
        }
        return networks.create(self.d, self.ctx, [body])[0]

    def segmented(self, *segments: tuple[str, str | None, int | None]) -> dict[str, Any]:
        """A network of these segments: type, physical network, number."""
        return self.network(
            segments=[
                {
                    "provider:network_type": kind,
                    "provider:physical_network": place,
                    "provider:segmentation_id": number,
                }
                for kind, place, number in segments
            ]
        )

    def subnet(self, network: dict[str, Any], cidr: str = "10.0.0.0/24", **values: Any) -> Any:
        body = {
            "project_id": "p",
            "network_id": network["id"],
            "name": "",
            "cidr": cidr,
            "ip_version": 4,
            "enable_dhcp": True,
            "description": "",
            **values,
        }
        return subnets.create(self.d, self.ctx, [body])[0]

    def body(self, network: dict[str, Any], **values: Any) -> dict[str, Any]:
        return {
            "project_id": "p",
            "network_id": network["id"],
            "name": "",
            "admin_state_up": True,
            "device_id": "",
            "device_owner": "compute:nova",
            "description": "",
            **values,
        }

    def port(self, network: dict[str, Any], host: str = "", **values: Any) -> dict[str, Any]:
        body = self.body(network, **{"binding:host_id": host}, **values)
        return ports.create(self.d, self.ctx, [body])[0]

    def show(self, port: dict[str, Any]) -> dict[str, Any]:
        return ports.get(self.d, self.ctx, port["id"])

    def kept(self, port: dict[str, Any]) -> dict[str, Any]:
        """What the database says of all that `port` has; extensions may show more."""
        shown = self.show(port)
        return {name: shown[name] for name in port if name in shown}

    def update(self, port: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return ports.update(self.d, self.ctx, port["id"], changes)
