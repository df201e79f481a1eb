"""Which addresses ports get, on every database."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete, select

from deuteron.core import ipam
from deuteron.core.addresses import to_text
from deuteron.db.engine import Database
from deuteron.db.free_ranges import Hints
from deuteron.db.tables import free_ranges, ip_allocations, ports
from deuteron.errors import NetworkError
from tests.addressed import Network, wish
from tests.rows import ASKED, insert_ports
from tests.statements import counted

SLAAC = "2001:db8:1::/64"
STATEFUL = "2001:db8:3::/64"
MAC = "fa:16:3e:00:00:01"
OWN = "2001:db8:1:0:f816:3eff:fe00:1"


@pytest.fixture
def network(database: Database) -> Network:
    return Network(database)


# --- new ports


def test_a_network_without_subnets_gives_no_address(network):
    assert network.port() == []
    assert network.port(fixed_ips=[]) == []
    assert network.refusal(fixed_ips=[wish(address="10.0.0.5")]) == "InvalidInput"


def test_a_port_gets_one_address_of_each_version_and_all_automatic_ones(network):
    network.subnet("10.0.0.0/24")
    network.subnet("10.0.1.0/24")
    network.subnet(STATEFUL)
    network.subnet(SLAAC, mode="slaac")
    network.subnet("2001:db8:2::/64", mode="dhcpv6-stateless")
    assert network.port(mac_address=MAC) == [
        "10.0.0.2",
        "2001:db8:3::1",
        OWN,
        "2001:db8:2:0:f816:3eff:fe00:1",
    ]


def test_the_next_subnet_is_used_when_one_is_full(network):
    network.subnet("10.0.0.0/29")
    network.subnet("10.0.1.0/29")
    given = [network.port() for _ in range(10)]
    assert given == [[f"10.0.{i}.{j}"] for i in range(2) for j in range(2, 7)]
    assert network.refusal() == "IpAddressGenerationFailure"


def test_a_full_subnet_is_used_again_when_an_address_of_it_is_free(network):
    network.subnet("10.0.0.0/29")
    network.subnet("10.0.1.0/29")
    made = [network.bulk([{}]) for _ in range(6)]
    network.delete(made[2])
    assert network.port() == ["10.0.0.4"]


def test_wishes_are_granted(network):
    a, b = network.subnet("10.0.0.0/24"), network.subnet("10.0.1.0/24")
    assert network.port(fixed_ips=[wish(b)]) == ["10.0.1.2"]
    assert network.port(fixed_ips=[wish(address="10.0.1.77")]) == ["10.0.1.77"]
    assert network.port(fixed_ips=[wish(b, "10.0.1.1")]) == ["10.0.1.1"]
    assert network.port(fixed_ips=[wish(a), wish(a), wish(b)]) == [
        "10.0.0.2",
        "10.0.0.3",
        "10.0.1.3",
    ]
    assert network.port(fixed_ips=[wish(a), wish(a, "10.0.0.4")]) == ["10.0.0.5", "10.0.0.4"]
    assert network.port(fixed_ips=[]) == []


def test_a_wished_address_is_written_in_one_way(network):
    stateful = network.subnet(STATEFUL)
    assert network.port(fixed_ips=[wish(stateful, "2001:DB8:3::0:00AB")]) == ["2001:db8:3::ab"]
    assert network.refusal(fixed_ips=[wish(stateful, "2001:db8:3:0::ab")]) == (
        "IpAddressAlreadyAllocated"
    )


@pytest.mark.parametrize(
    ("subnet", "address", "refusal"),
    [
        ("mine", "10.0.1.3", "InvalidIpForSubnet"),
        ("mine", "10.0.0.0", "InvalidIpForSubnet"),
        ("mine", "10.0.0.255", "InvalidIpForSubnet"),
        (None, "10.0.0.255", "InvalidIpForNetwork"),
        (None, "192.168.0.1", "InvalidIpForNetwork"),
        (None, "2001:db8::1", "InvalidIpForNetwork"),
        ("other's", None, "InvalidInput"),
        ("nobody's", None, "SubnetNotFound"),
        (None, None, "InvalidInput"),
        ("mine", "10.0.0.9", "IpAddressAlreadyAllocated"),
        (None, "10.0.0.9", "IpAddressAlreadyAllocated"),
    ],
)
def test_wishes_are_refused_as_by_the_reference(network, subnet, address, refusal):
    subnets = {
        "mine": network.subnet("10.0.0.0/24"),
        "other's": Network(network.database).subnet("10.0.0.0/24"),
        "nobody's": "11111111-1111-1111-1111-111111111111",
    }
    network.port(fixed_ips=[wish(address="10.0.0.9")])
    before = network.allocated()
    assert network.refusal(fixed_ips=[wish(subnets.get(subnet), address)]) == refusal
    assert network.allocated() == before


def test_automatic_addresses_cannot_be_chosen(network):
    slaac = network.subnet(SLAAC, mode="slaac")
    assert network.port(fixed_ips=[], mac_address=MAC) == [OWN]
    assert network.refusal(fixed_ips=[wish(slaac, "2001:db8:1::5")]) == (
        "AllocationOnAutoAddressSubnet"
    )
    assert network.refusal(fixed_ips=[wish(address="2001:db8:1::5")]) == (
        "AllocationOnAutoAddressSubnet"
    )


def test_routers_choose_theirs(network):
    owner = {"device_owner": "network:router_interface"}
    network.subnet("10.0.0.0/24")
    slaac, stateful = network.subnet(SLAAC, mode="slaac"), network.subnet(STATEFUL)
    assert network.port(**owner) == ["10.0.0.2", "2001:db8:3::1"]
    assert network.port(fixed_ips=[wish(slaac)], **owner) == ["2001:db8:1::1"]
    assert network.port(fixed_ips=[wish(slaac, "2001:db8:1::")], **owner) == ["2001:db8:1::"]
    assert network.port(fixed_ips=[wish(stateful, "2001:db8:3::")], **owner) == ["2001:db8:3::"]
    assert network.refusal(
        fixed_ips=[wish(slaac, "2001:db8:1::")], device_owner="compute:nova"
    ) == ("InvalidIpForSubnet")


# --- routed networks


def test_a_port_gets_addresses_of_the_segments_that_its_host_reaches(network):
    a = network.subnet("10.0.0.0/24", segment_id="segment-a")
    b = network.subnet("10.0.1.0/24", segment_id="segment-b")
    reaches_b = {"host": "h", "host_segments": frozenset({"segment-b"})}
    assert network.port(**reaches_b) == ["10.0.1.2"]
    assert network.port() == []
    assert network.port(fixed_ips=[wish(a)]) == ["10.0.0.2"]
    assert network.port(fixed_ips=[wish(address="10.0.1.9")]) == ["10.0.1.9"]
    assert network.refusal(fixed_ips=[wish(a)], **reaches_b) == "InvalidInput"
    assert network.refusal(fixed_ips=[wish(a), wish(b)]) == "FixedIpsSubnetsNotOnSameSegment"
    both = network.port(fixed_ips=[wish(a), wish(b)], device_owner="network:distributed")
    assert both == ["10.0.0.3", "10.0.1.3"]
    assert network.refusal(host="far") == "HostNotConnectedToAnySegment"


def test_addresses_that_a_new_host_does_not_reach_are_noticed(network):
    a = network.subnet("10.0.0.0/24", segment_id="segment-a")
    network.subnet("10.0.1.0/24", segment_id="segment-b")
    current = [{"subnet_id": a, "ip_address": "10.0.0.2"}]
    near = network.request("p", MAC, host="near", host_segments=frozenset({"segment-a"}))
    ipam.require_reachable(near, current)
    other = network.request("p", MAC, host="other", host_segments=frozenset({"segment-b"}))
    with pytest.raises(NetworkError) as refused:
        ipam.require_reachable(other, current)
    assert refused.value.type == "HostNotCompatibleWithFixedIps"


# --- changed ports


class Port:
    """A port whose addresses are changed."""

    def __init__(self, network: Network, *fixed_ips: dict[str, str], owner: str = "") -> None:
        self.network, self.mac, self.owner = network, MAC, owner
        with network.database.transaction(ASKED) as tx:
            (self.id,) = insert_ports(tx, network.id, [MAC])
            request = network.request(self.id, MAC, fixed_ips=fixed_ips, device_owner=owner)
            self.fixed_ips = ipam.assign(tx, network.hints, [request])[self.id]

    def change(self, fixed_ips: list[dict[str, Any]] | None, mac: str | None = None) -> list[str]:
        mac = mac or self.mac
        request = self.network.request(self.id, mac, fixed_ips=fixed_ips, device_owner=self.owner)
        with self.network.database.transaction(ASKED) as tx:
            self.fixed_ips = ipam.reassign(
                tx, self.network.hints, request, current=self.fixed_ips, old_mac=self.mac
            )
        self.mac = mac
        now = sorted(one["ip_address"] for one in self.fixed_ips)
        assert now == sorted(a for a, p in self.network.allocated().items() if p == self.id)
        return now


def test_a_changed_port_keeps_what_it_may(network):
    a, b = network.subnet("10.0.0.0/24"), network.subnet("10.0.1.0/24")
    network.port(fixed_ips=[wish(a, "10.0.0.6")])
    port = Port(network, wish(a, "10.0.0.5"))
    assert port.change([wish(a)]) == ["10.0.0.5"]
    assert port.change([wish(a), wish(b)]) == ["10.0.0.5", "10.0.1.2"]
    assert port.change([wish(a, "10.0.0.7")]) == ["10.0.0.7"]
    with pytest.raises(NetworkError, match=r"10\.0\.0\.6"):
        port.change([wish(a, "10.0.0.6")])
    assert port.change([wish(a, "10.0.0.7"), wish(a)]) == ["10.0.0.2", "10.0.0.7"]
    assert port.change([wish(a), wish(a)]) == ["10.0.0.2", "10.0.0.7"]
    assert port.change([wish(address="10.0.1.9")]) == ["10.0.1.9"]
    assert port.change([wish(a, "10.0.1.9")]) == ["10.0.1.9"]
    for wrong in (wish(b, "10.0.0.9"), wish(address="10.9.1.9"), {}, wish("nobody's")):
        with pytest.raises(NetworkError):
            port.change([wrong])
    assert port.change([]) == []


def test_automatic_addresses_stay_until_they_are_dropped(network):
    v4 = network.subnet("10.0.0.0/24")
    slaac, stateful = network.subnet(SLAAC, mode="slaac"), network.subnet(STATEFUL)
    port = Port(network, wish(v4))
    assert port.change([]) == [OWN]
    assert port.change([{"subnet_id": slaac, "delete_subnet": True}]) == []
    assert port.change([wish(slaac)]) == [OWN]
    assert port.change([wish(slaac, OWN)]) == [OWN]
    assert port.change([wish(slaac, OWN), wish(stateful)]) == [OWN, "2001:db8:3::1"]
    with pytest.raises(NetworkError) as refused:
        port.change([wish(slaac, "2001:db8:1::9")])
    assert refused.value.type == "AllocationOnAutoAddressSubnet"


def test_automatic_addresses_follow_the_mac_address(network):
    v4, slaac = network.subnet("10.0.0.0/24"), network.subnet(SLAAC, mode="slaac")
    stateful = network.subnet(STATEFUL)
    own = "2001:db8:1:0:f816:3eff:fe00:{}".format
    mac = "fa:16:3e:00:00:0{}".format
    port = Port(network, wish(v4))
    assert port.change(None, mac(2)) == ["10.0.0.2", own(2)]
    assert port.change([wish(v4)], mac(3)) == ["10.0.0.2", own(3)]
    assert port.change([wish(v4), wish(slaac)], mac(4)) == ["10.0.0.2", own(4)]
    assert port.change([wish(v4), wish(slaac, own(5))], mac(5)) == ["10.0.0.2", own(5)]
    assert port.change([wish(address=own(5))], mac(6)) == [own(6)]
    looks_so = "2001:db8:3:0:f816:3eff:fe00:6"
    assert port.change([wish(stateful, looks_so)]) == sorted([own(6), looks_so])
    assert port.change(None, mac(7)) == [own(7), "2001:db8:3::1"]


def test_a_router_may_give_up_its_automatic_subnet(network):
    v4, slaac = network.subnet("10.0.0.0/24"), network.subnet(SLAAC, mode="slaac")
    port = Port(network, wish(slaac, "2001:db8:1::"), owner="network:router_interface")
    assert port.change([wish(v4)]) == ["10.0.0.2"]


def test_ports_get_addresses_of_a_new_automatic_subnet(network):
    network.subnet("10.0.0.0/24")
    first, second = network.bulk([{"mac_address": MAC}, {}])
    network.subnet(SLAAC, mode="slaac")
    pairs = [(first, MAC), (second, "fa:16:3e:00:00:09")]
    with network.database.transaction(ASKED) as tx:
        made = ipam.add_auto_addresses(tx, network.subnets[-1], pairs[:1])
        assert made == {first: OWN}
        assert ipam.add_auto_addresses(tx, network.subnets[-1], pairs) == {
            first: OWN,
            second: "2001:db8:1:0:f816:3eff:fe00:9",
        }
        assert ipam.add_auto_addresses(tx, network.subnets[-1], [(second, MAC)]) == {}


# --- pools


def test_every_address_is_given_once_and_then_no_more(network):
    network.subnet("10.0.0.0/27")
    given = [address for _ in range(29) for address in network.port()]
    assert sorted(given) == sorted(f"10.0.0.{i}" for i in range(2, 31))
    assert network.refusal() == "IpAddressGenerationFailure"
    assert len(network.allocated()) == 29


def test_a_released_address_comes_back_last(network):
    network.subnet("10.0.0.0/28")
    made = [network.bulk([{}]) for _ in range(3)]
    network.delete(made[1])
    network.delete(made[0])
    given = [address for _ in range(12) for address in network.port()]
    assert given == [f"10.0.0.{i}" for i in [*range(5, 15), 3, 2]]


def test_pools_that_have_changed_are_obeyed_at_once(network):
    subnet_id = network.subnet("10.0.0.0/24")
    network.port()
    network.subnets[0]["allocation_pools"] = [{"start": "10.0.0.100", "end": "10.0.0.101"}]
    assert network.port() == ["10.0.0.100"]
    network.subnets[0]["allocation_pools"] = [{"start": "10.0.0.2", "end": "10.0.0.4"}]
    with network.database.transaction(ASKED) as tx:
        ipam.subnet_changed(tx, network.hints, subnet_id)
    assert [network.port(), network.port()] == [["10.0.0.3"], ["10.0.0.4"]]
    network.subnets[0]["allocation_pools"] = []
    assert network.refusal() == "IpAddressGenerationFailure"


def test_a_lost_address_is_found_before_the_pool_is_called_exhausted(network):
    network.subnet("10.0.0.0/29")
    made = [network.bulk([{}]) for _ in range(5)]
    with network.database.transaction(ASKED) as tx:
        tx.execute(delete(ports).where(ports.c.id.in_(list(made[3]))))
    network.hints = Hints()
    assert network.port() == ["10.0.0.5"]


def released(network: Network) -> set[tuple[str, str]]:
    """(subnet id, address) of what waits to be used again."""
    versions = {subnet["id"]: subnet["ip_version"] for subnet in network.subnets}
    with network.database.read() as reader:
        columns = free_ranges.c.pool, free_ranges.c.first
        alone = free_ranges.c.first == free_ranges.c.last
        rows = reader.execute(select(*columns).where(alone)).all()
    return {(pool, to_text(int(first, 16), versions[pool])) for pool, first in rows}


def test_what_a_changed_port_gave_up_waits_to_be_used_again(network):
    a, b = network.subnet("10.0.0.0/24"), network.subnet("10.0.1.0/24")
    port = Port(network, wish(a, "10.0.0.5"))
    port.change([wish(b, "10.0.1.5")])
    assert released(network) == {(a, "10.0.0.5")}
    port.change([])
    assert released(network) == {(a, "10.0.0.5"), (b, "10.0.1.5")}
    network.port(fixed_ips=[wish(a, "10.0.0.5")])
    assert released(network) == {(b, "10.0.1.5")}


def test_addresses_made_from_mac_addresses_are_no_hints(network):
    v4, slaac = network.subnet("10.0.0.0/24"), network.subnet(SLAAC, mode="slaac")
    network.delete(network.bulk([{}]))
    assert {pool for pool, _ in released(network)} == {v4}
    assert slaac != v4


# --- what it costs


def cost(network: Network, wishes: Sequence[dict[str, Any]]) -> int:
    macs = [network.mac() for _ in wishes]
    with network.database.transaction(ASKED) as tx:
        ids = insert_ports(tx, network.id, macs)
        requests = [
            network.request(port_id, mac, **wish)
            for port_id, mac, wish in zip(ids, macs, wishes, strict=True)
        ]
        with counted(network.database) as statements:
            ipam.assign(tx, network.hints, requests)
    return len(statements)


def test_a_new_port_costs_one_statement(network):
    network.subnet("10.0.0.0/16")
    network.subnet(SLAAC, mode="slaac")
    first, *others = [cost(network, [{"fixed_ips": None}]) for _ in range(40)]
    assert first <= 4
    assert sorted(others)[-2:] == [1, 3]


def test_a_hundred_ports_are_one_insert(network):
    network.subnet("10.0.0.0/16")
    network.subnet(STATEFUL)
    assert cost(network, [{}] * 100) <= 8
    assert cost(network, [{}] * 100) <= 6
    assert len(network.allocated()) == 400


def test_a_wished_address_costs_one_statement_more(network):
    network.subnet("10.0.0.0/16")
    assert cost(network, [{"fixed_ips": [wish(address="10.0.7.7")]}]) == 2


def test_many_wrong_hints_cost_a_few_statements(network):
    subnet_id = network.subnet("10.0.0.0/16")
    network.port()
    with network.database.transaction(ASKED) as tx:
        (port_id,) = insert_ports(tx, network.id, [network.mac()])
        row = {"subnet_id": subnet_id, "port_id": port_id, "network_id": network.id}
        tx.execute(
            ip_allocations.insert(), [{**row, "ip_address": f"10.0.0.{i}"} for i in range(3, 31)]
        )
    assert cost(network, [{}]) == 4
    assert "10.0.0.31" in network.allocated()


def test_a_full_subnet_costs_nothing_while_another_one_has_room(network):
    network.subnet("10.0.0.0/28")
    network.subnet("10.0.1.0/24")
    network.bulk([{}] * 14)
    assert cost(network, [{}]) == 1


def test_a_release_costs_one_statement(network):
    network.subnet("10.0.0.0/16")
    network.subnet(STATEFUL)
    network.subnet(SLAAC, mode="slaac")
    network.port(mac_address=MAC)
    with network.database.read() as reader:
        rows = reader.execute(select(ip_allocations)).mappings().all()
    with network.database.transaction(ASKED) as tx, counted(network.database) as statements:
        ipam.release(tx, network.hints, rows)
    assert len(statements) == 1, statements


def fill(network: Network, *, left: int) -> None:
    """Claim all addresses of a /16, but a few, for one port."""
    subnet_id = network.subnets[0]["id"]
    claimed = {"subnet_id": subnet_id, "network_id": network.id}
    with network.database.transaction(ASKED) as tx:
        (claimed["port_id"],) = insert_ports(tx, network.id, [network.mac()])
        taken = set(network.allocated())
        numbers = [f"10.0.{i // 256}.{i % 256}" for i in range(2, 65535)]
        rows = [{**claimed, "ip_address": a} for a in numbers if a not in taken]
        tx.execute(ip_allocations.insert(), rows[: len(rows) - left])
        ipam.subnet_changed(tx, network.hints, subnet_id)


def seconds(network: Network, *, cycles: int) -> float:
    """CPU time of making and deleting a port so many times."""
    begun = time.process_time()
    for _ in range(cycles):
        network.delete(network.bulk([{}]))
    return time.process_time() - begun


@pytest.mark.slow
def test_a_nearly_full_subnet_costs_what_an_empty_one_does(network):
    network.subnet("10.0.0.0/16")
    first = cost(network, [{}])
    seconds(network, cycles=5)
    empty = seconds(network, cycles=60)
    fill(network, left=3)
    assert cost(network, [{}]) == first  # the pool is made anew, once
    # few are left, so each is fetched by itself: two small statements more, whatever the size
    assert seconds(network, cycles=60) < 3 * empty
    assert cost(network, [{}]) <= 3
    network.hints = Hints()
    assert cost(network, [{}]) <= 3
    assert network.refusal() == "IpAddressGenerationFailure"
    assert len(network.allocated()) == 65533
