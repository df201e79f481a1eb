"""Floating IPs and port forwardings on each database: what a race leaves, and what goes along."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from deuteron import errors
from deuteron.core import agents, ports
from deuteron.core.deployment import Deployment
from deuteron.core.forwarding import Informed
from deuteron.db.engine import Database
from deuteron.db.journal import JournalReader
from deuteron.query import EVERYTHING
from deuteron.rpc import resources, told_l2
from deuteron.rpc.endpoint import Call
from deuteron.services.l3 import interfaces, routers
from deuteron.services.l3.floating import floating_ips as verbs
from deuteron.services.port_forwarding import forwardings
from tests import races
from tests.contract.test_routers import a_router
from tests.deployments import ADMIN, Site, a_deployment

AT_ONCE = 20
CALL = Call(ctx=ADMIN, sender="Message of a test", reply_queue=None, outgoing=None)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A network inside, joined with one outside by a router; and the same in another process."""

    site: Site
    both: tuple[Deployment, Deployment]
    outside: dict[str, Any]
    inside: dict[str, Any]
    subnet: dict[str, Any]
    router: dict[str, Any]

    @property
    def d(self) -> Deployment:
        return self.site.d

    def body(self, **values: Any) -> dict[str, Any]:
        return {"project_id": "p", "floating_network_id": self.outside["id"], **values}

    def floating_ip(self, **values: Any) -> dict[str, Any]:
        return verbs.create(self.d, ADMIN, [self.body(**values)])[0]

    def port(self, **values: Any) -> dict[str, Any]:
        return self.site.port(self.inside, **values)

    def calls(self, number: int, call: Callable[[Deployment, int], Any]) -> list[Any]:
        """What as many calls at once, from both processes, returned or raised."""
        return races.results(
            *(lambda d=self.both[one % 2], one=one: call(d, one) for one in range(number))
        )

    def forwarding(self, port: dict[str, Any], external: int, **values: Any) -> dict[str, Any]:
        return {
            "protocol": "tcp",
            "internal_port_id": port["id"],
            "internal_ip_address": port["fixed_ips"][0]["ip_address"],
            "internal_port": external,
            "external_port": external,
            **values,
        }


@pytest.fixture
def joined(database, database_url, tmp_path):
    site = Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))
    opened = Database(database_url)
    outside = site.network(**{"router:external": True})
    site.subnet(outside, cidr="198.51.100.0/24")
    inside = site.network()
    subnet = site.subnet(inside, cidr="10.1.0.0/24")
    router = a_router(site, external_gateway_info={"network_id": outside["id"]})
    interfaces.add(site.d, ADMIN, router["id"], {"subnet_id": subnet["id"]})
    yield Joined(
        site=site,
        both=(site.d, replace(site.d, database=opened)),
        outside=outside,
        inside=inside,
        subnet=subnet,
        router=router,
    )
    opened.dispose()


def succeeded(results: list[Any]) -> list[Any]:
    return [one for one in results if not isinstance(one, Exception)]


def test_many_are_allocated_at_once(joined):
    made = joined.calls(AT_ONCE, lambda d, _: verbs.create(d, ADMIN, [joined.body()])[0])
    assert len({one["floating_ip_address"] for one in succeeded(made)}) == AT_ONCE, made


def test_of_many_floating_ips_one_gets_an_address(joined):
    made = [joined.floating_ip() for _ in range(AT_ONCE)]
    port = joined.port()

    results = joined.calls(
        AT_ONCE, lambda d, one: verbs.update(d, ADMIN, made[one]["id"], {"port_id": port["id"]})
    )

    (won,) = succeeded(results)
    lost = [one for one in results if one is not won]
    assert all(isinstance(one, errors.FloatingIPPortAlreadyAssociated) for one in lost), results
    found = verbs.list_(joined.d, ADMIN, EVERYTHING)
    assert [one["id"] for one in found if one["port_id"]] == [won["id"]]


def test_a_floating_ip_that_many_move_leads_to_one_port(joined):
    made = joined.floating_ip()
    inside = [joined.port() for _ in range(AT_ONCE)]

    results = joined.calls(
        AT_ONCE, lambda d, one: verbs.update(d, ADMIN, made["id"], {"port_id": inside[one]["id"]})
    )

    assert len(succeeded(results)) == AT_ONCE, results
    revisions = sorted(one["revision_number"] for one in results)
    assert revisions == list(range(1, AT_ONCE + 1))  # one after the other
    last = max(results, key=lambda one: one["revision_number"])
    assert verbs.get(joined.d, ADMIN, made["id"]) == last
    (port,) = (one for one in inside if one["id"] == last["port_id"])
    assert last["fixed_ip_address"] == port["fixed_ips"][0]["ip_address"]


def test_no_interface_or_gateway_goes_from_under_one(joined):
    """Each round either the floating IP leads there and both stay, or one goes and it does not."""
    made = joined.floating_ip()
    port = joined.port()
    gateway = {"external_gateway_info": {"network_id": joined.outside["id"]}}
    leave = {"subnet_id": joined.subnet["id"]}
    router = joined.router["id"]
    ways: dict[str, tuple[Callable[[Deployment], Any], Callable[[], Any]]] = {
        "interface": (
            lambda d: interfaces.remove(d, ADMIN, router, leave),
            lambda: interfaces.add(joined.d, ADMIN, router, leave),
        ),
        "gateway": (
            lambda d: routers.update(d, ADMIN, router, {"external_gateway_info": None}),
            lambda: routers.update(joined.d, ADMIN, router, gateway),
        ),
    }
    for go, come in ways.values():
        for turn in range(4):
            one, other = joined.both[turn % 2], joined.both[1 - turn % 2]
            left, led = races.results(
                lambda d=one, go=go: go(d),
                lambda d=other: verbs.update(d, ADMIN, made["id"], {"port_id": port["id"]}),
            )
            assert isinstance(left, Exception) != isinstance(led, Exception), (left, led)
            if isinstance(led, Exception):
                assert isinstance(led, errors.ExternalGatewayForFloatingIPNotFound)
                come()
            else:
                assert verbs.get(joined.d, ADMIN, made["id"])["router_id"] == router
                verbs.update(joined.d, ADMIN, made["id"], {"port_id": None})


def test_a_port_goes_while_many_come_to_lead_to_it(joined):
    made = [joined.floating_ip() for _ in range(4)]
    port = joined.port()

    def act(d: Deployment, one: int) -> Any:
        if one == 0:
            return ports.delete(d, ADMIN, port["id"])
        return verbs.update(d, ADMIN, made[one - 1]["id"], {"port_id": port["id"]})

    results = joined.calls(5, act)

    assert results[0] is None, results
    found = verbs.list_(joined.d, ADMIN, EVERYTHING)
    assert [one["port_id"] for one in found] == [None] * 4
    assert [one["router_id"] for one in found] == [None] * 4


def test_of_many_forwardings_of_one_port_one_is_made(joined):
    made = joined.floating_ip()
    port = joined.port()
    body = joined.forwarding(port, 80)

    results = joined.calls(
        AT_ONCE, lambda d, _: forwardings.create(d, ADMIN, made["id"], [body])[0]
    )

    (won,) = succeeded(results)
    assert all(isinstance(one, errors.BadRequest) for one in results if one is not won), results
    assert forwardings.list_(joined.d, ADMIN, made["id"], EVERYTHING) == [won]
    assert verbs.get(joined.d, ADMIN, made["id"])["router_id"] == joined.router["id"]


def test_all_that_may_be_said_of_a_forwarding_is_kept(joined):
    long = "x" * 1024
    wish = joined.forwarding(joined.port(), 80, description=long)
    made = joined.floating_ip()["id"]
    (kept,) = forwardings.create(joined.d, ADMIN, made, [wish])
    shown = forwardings.get(joined.d, ADMIN, made, kept["id"])
    assert shown["description"] == long


def test_a_floating_ip_leads_whole_or_forwards_whatever_comes_first(joined):
    for _ in range(4):
        made = joined.floating_ip()
        whole, part = joined.port(), joined.port()

        results = races.results(
            lambda made=made, whole=whole: verbs.update(
                joined.both[0], ADMIN, made["id"], {"port_id": whole["id"]}
            ),
            lambda made=made, part=part: forwardings.create(
                joined.both[1], ADMIN, made["id"], [joined.forwarding(part, 80)]
            ),
        )

        assert len(succeeded(results)) == 1, results
        kept = verbs.get(joined.d, ADMIN, made["id"])
        assert (kept["port_id"] is None) == bool(kept["port_forwardings"])


def test_forwardings_come_and_go_together_with_the_router(joined):
    made = joined.floating_ip()
    port = joined.port()
    bodies = [joined.forwarding(port, number) for number in range(1, 9)]
    kept = forwardings.create(joined.d, ADMIN, made["id"], bodies)

    results = joined.calls(
        8, lambda d, one: forwardings.delete(d, ADMIN, made["id"], kept[one]["id"])
    )

    assert results == [None] * 8
    left = verbs.get(joined.d, ADMIN, made["id"])
    assert (left["router_id"], left["port_forwardings"]) == (None, [])
    assert left["revision_number"] == 9
    verbs.report_statuses(joined.d, ADMIN, joined.router["id"], {made["id"]: "ACTIVE"})
    assert verbs.get(joined.d, ADMIN, made["id"])["status"] == "DOWN"


def test_they_are_down_when_their_agent_says_no_more_of_them(joined):
    """Which router one was of is known, however it came to lead nowhere."""
    whole, part = joined.floating_ip(port_id=joined.port()["id"]), joined.floating_ip()
    port = joined.port()
    forwardings.create(joined.d, ADMIN, part["id"], [joined.forwarding(port, 80)])
    router = joined.router["id"]
    ids = [whole["id"], part["id"]]
    verbs.report_statuses(joined.d, ADMIN, router, dict.fromkeys(ids, "ACTIVE"))

    def statuses() -> list[str]:
        return [verbs.get(joined.d, ADMIN, one)["status"] for one in ids]

    assert statuses() == ["ACTIVE", "ACTIVE"]
    ports.delete(joined.d, ADMIN, verbs.get(joined.d, ADMIN, whole["id"])["port_id"])
    ports.delete(joined.d, ADMIN, port["id"])
    verbs.report_statuses(joined.d, ADMIN, router, {})
    assert statuses() == ["DOWN", "DOWN"]


def test_agents_pull_forwardings_and_are_told_of_them(joined):
    state = {"agent_type": "L3 agent", "binary": "a", "host": "h", "topic": "t"}
    agents.report(joined.d, ADMIN, {**state, "configurations": {}})
    first, second = joined.floating_ip(), joined.floating_ip()
    port = joined.port()
    reader = JournalReader(joined.d.database, "test", from_now=True, batch=500)
    reader.read()

    def told() -> list[tuple[str, Any]]:
        batch = reader.read()
        assert batch is not None
        messages = told_l2.messages(joined.d, ADMIN, batch.entries, Informed())
        reader.done(batch)
        return [
            (message.arguments["event_type"], one["versioned_object.data"])
            for message in messages
            if message.topic == "neutron-vo-PortForwarding-1.3"
            for one in message.arguments["resource_list"]
        ]

    wide = joined.forwarding(port, 0, external_port=None, internal_port=None) | {
        "external_port_range": "80:82",
        "internal_port_range": "90:92",
    }
    made = forwardings.create(joined.d, ADMIN, first["id"], [wide])[0]
    forwardings.create(joined.d, ADMIN, second["id"], [joined.forwarding(port, 5)])
    (event, wire), (_, other) = told()
    assert event == "created"
    assert wire == {
        **{name: value for name, value in made.items() if value is not None},
        "floating_ip_address": first["floating_ip_address"],
        "router_id": joined.router["id"],
    }
    assert (other["external_port"], other["external_port_range"]) == (5, "5:5")
    asked = {"resource_type": "PortForwarding", "version": "1.3"}
    found = resources.bulk_pull(
        joined.d, CALL, **asked, filter_kwargs={"floatingip_id": [first["id"]]}
    )
    assert [one["versioned_object.data"] for one in found] == [wire]
    ports.delete(joined.d, ADMIN, port["id"])
    gone = told()
    assert sorted(gone, key=lambda one: one[1]["id"] != made["id"]) == [
        ("deleted", wire),  # agents ask whose it was
        ("deleted", other),
    ]
    assert resources.bulk_pull(joined.d, CALL, **asked) == []


def test_no_address_goes_from_under_one(joined):
    """Each round either it leads there and the port keeps the address, or the port loses it."""
    whole, part = joined.floating_ip(), joined.floating_ip()
    for turn in range(6):
        two = [{"subnet_id": joined.subnet["id"]}] * 2
        port = joined.port(fixed_ips=two)
        addresses = [one["ip_address"] for one in port["fixed_ips"]]
        one, other = joined.both[turn % 2], joined.both[1 - turn % 2]
        keep = {"fixed_ips": [{"ip_address": addresses[1]}]}
        forwarding = joined.forwarding(port, 80, internal_ip_address=addresses[0])
        lead = {"port_id": port["id"], "fixed_ip_address": addresses[0]}

        lost, led = races.results(
            lambda d=one, port=port, keep=keep: ports.update(d, ADMIN, port["id"], keep),
            (lambda d=other, lead=lead: verbs.update(d, ADMIN, whole["id"], lead))
            if turn % 3
            else lambda d=other, f=forwarding: forwardings.create(d, ADMIN, part["id"], [f]),
        )

        kept = {each["ip_address"] for each in joined.site.show(port)["fixed_ips"]}
        shown = verbs.get(joined.d, ADMIN, whole["id"])
        if shown["port_id"]:
            assert shown["fixed_ip_address"] in kept, (lost, led)
            verbs.update(joined.d, ADMIN, whole["id"], {"port_id": None})
        for each in forwardings.list_(joined.d, ADMIN, part["id"], EVERYTHING):
            assert each["internal_ip_address"] in kept, (lost, led)
            forwardings.delete(joined.d, ADMIN, part["id"], each["id"])
