"""What metering agents are answered and told, on each database, from the journal on."""

from typing import Any

import pytest
from sqlalchemy import delete, insert

from deuteron.core import agents
from deuteron.core.followers import NotDelivered
from deuteron.db.journal import JournalReader
from deuteron.db.router_tables import router_l3_agents
from deuteron.errors import InvalidInput
from deuteron.query import Query
from deuteron.rpc.endpoint import Call
from deuteron.rpc.message import Message
from deuteron.rpc.metering import get_sync_data_metering
from deuteron.rpc.told_metering import follower, messages
from deuteron.services.l3 import routers
from deuteron.services.metering import labels, news, rules
from tests.deployments import ADMIN, Site, a_deployment
from tests.statements import counted

CALL = Call(ctx=ADMIN, sender="Message of a test", reply_queue=None, outgoing=None)  # type: ignore[arg-type]

LABELS = "_metering_labels"


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


def report(site: Site, host: str, kind: str) -> None:
    state = {"agent_type": kind, "binary": "a", "host": host, "topic": "t", "configurations": {}}
    agents.report(site.d, ADMIN, state)


@pytest.fixture
def hosts(site: Site) -> None:
    """Two hosts with both agents, one without one for metering."""
    for host in ("h1", "h2", "h3"):
        report(site, host, "L3 agent")
    for host in ("h1", "h2"):
        report(site, host, "Metering agent")


def a_router(site: Site, *places: str, project: str = "p", admin_state_up: bool = True) -> str:
    """A router on hosts."""
    body = {"project_id": project, "name": f"of {project}", "admin_state_up": admin_state_up}
    (router,) = routers.create(site.d, ADMIN, [{**body, "external_gateway_info": None}])
    for host in places:
        place(site, router["id"], host)
    return str(router["id"])


def agent_id(site: Site, host: str) -> str:
    query = Query(filters={"host": (host,), "agent_type": ("L3 agent",)})
    (agent,) = agents.list_(site.d, ADMIN, query)
    return str(agent["id"])


def place(site: Site, router_id: str, host: str) -> None:
    """The L3 agent of a host gets a router."""
    row = {
        "router_id": router_id,
        "agent_id": agent_id(site, host),
        "binding_index": int(host.removeprefix("h")),
    }
    with site.d.database.transaction(ADMIN) as tx:
        tx.execute(insert(router_l3_agents), row)
        tx.journal("router", router_id, "scheduled", "p", {"host": host})


def displace(site: Site, router_id: str, host: str) -> None:
    """The L3 agent of a host loses a router."""
    gone = delete(router_l3_agents).where(
        router_l3_agents.c.router_id == router_id,
        router_l3_agents.c.agent_id == agent_id(site, host),
    )
    with site.d.database.transaction(ADMIN) as tx:
        tx.execute(gone)
        tx.journal("router", router_id, "unscheduled", "p", {"host": host})


def a_label(site: Site, **values: Any) -> dict[str, Any]:
    body = {"project_id": "p", "name": "l", "description": "", "shared": False, **values}
    return labels.create(site.d, ADMIN, [body])[0]


def a_rule(site: Site, label: dict[str, Any], prefix: str) -> dict[str, Any]:
    body = {
        "metering_label_id": label["id"],
        "direction": "ingress",
        "excluded": False,
        "remote_ip_prefix": prefix,
    }
    rule = rules.create(site.d, ADMIN, [body])[0]
    return {name: value for name, value in rule.items() if name != "project_id"}


class Told:
    """What agents are told of what happens from now on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
        self._reader.read()

    def __call__(self) -> list[Message]:
        found: list[Message] = []
        while (batch := self._reader.read()) is not None:
            told = news.read(self._site.d, batch.entries)
            found += [] if told is None else messages(told)
            self._reader.done(batch)
        return found

    def methods(self) -> list[tuple[str | None, str]]:
        return [(message.host, message.method) for message in self()]


def told_label(label: dict[str, Any], *of_it: dict[str, Any]) -> dict[str, Any]:
    """A label as agents know it."""
    shown = {name: label[name] for name in ("id", "name", "shared")}
    return {**shown, "rules": sorted(of_it, key=lambda rule: str(rule["id"]))}


def test_agents_are_given_the_routers_of_their_host(site: Site, hosts: None) -> None:
    mine, others = a_router(site, "h1", "h2"), a_router(site, "h1", project="other")
    a_router(site, "h1", admin_state_up=False)
    assert get_sync_data_metering(site.d, CALL, host="h1") == []
    label, shared = a_label(site), a_label(site, shared=True, project_id="third", name="s")
    rule = a_rule(site, label, "10.0.0.0/24")
    answer = {one["id"]: one for one in get_sync_data_metering(site.d, CALL, host="h1")}
    assert answer.keys() == {mine, others}
    shown = sorted([told_label(label, rule), told_label(shared)], key=lambda one: str(one["id"]))
    assert answer[mine] == {
        "id": mine,
        "name": "of p",
        "project_id": "p",
        "admin_state_up": True,
        "status": "ACTIVE",
        "gw_port_id": None,
        "distributed": False,
        LABELS: shown,
    }
    assert answer[others][LABELS] == [told_label(shared)]
    assert [one["id"] for one in get_sync_data_metering(site.d, CALL, host="h2")] == [mine]
    assert get_sync_data_metering(site.d, CALL, host="h3") == []
    assert get_sync_data_metering(site.d, CALL, host="nowhere") == []
    assert {one["id"] for one in get_sync_data_metering(site.d, CALL)} == {mine, others}
    with pytest.raises(InvalidInput):
        get_sync_data_metering(site.d, CALL, host=7)


def test_an_answer_costs_the_same_for_few_and_many(site: Site, hosts: None) -> None:
    costs = []
    for _ in range(2):
        for number in range(4):
            a_router(site, "h1", project=f"p{number}")
            a_rule(site, a_label(site, project_id=f"p{number}"), "10.0.0.0/8")
        with counted(site.d.database) as statements:
            assert get_sync_data_metering(site.d, CALL, host="h1")
        costs.append(len(statements))
    assert costs == [3, 3]


def test_agents_are_told_of_labels_and_their_rules(site: Site, hosts: None) -> None:
    mine, others = a_router(site, "h1", "h3"), a_router(site, "h2", project="other")
    a_router(site, "h1", admin_state_up=False)
    old = a_label(site, name="old")
    told = Told(site)
    label = a_label(site)
    add, change, refresh = told()
    assert [add.method, change.method, refresh.method] == [
        "add_metering_label",
        "update_metering_label_rules",
        "routers_updated",
    ]
    assert {one.host for one in (add, change, refresh)} == {"h1"}
    assert (add.topic, add.version, refresh.arguments) == ("metering_agent", "1.0", {"routers": []})
    (router,) = add.arguments["routers"]
    assert router["id"] == mine
    assert {one["id"] for one in router[LABELS]} == {old["id"], label["id"]}

    rule = a_rule(site, label, "10.0.0.0/24")
    add, change, _ = told()
    assert all(one["rules"] == [] for one in add.arguments["routers"][0][LABELS])
    (router,) = change.arguments["routers"]
    assert told_label(label, rule) in router[LABELS]
    rules.delete(site.d, ADMIN, rule["id"])
    assert told_label(label) in told()[1].arguments["routers"][0][LABELS]

    shared = a_label(site, shared=True)
    changes = [one for one in told() if one.method == "update_metering_label_rules"]
    assert {one.host: one.arguments["routers"][0]["id"] for one in changes} == {
        "h1": mine,
        "h2": others,
    }
    rule = a_rule(site, label, "10.0.0.0/24")
    told()
    labels.delete(site.d, ADMIN, label["id"])
    (gone,) = told()
    assert (gone.host, gone.method) == ("h1", "remove_metering_label")
    (router,) = gone.arguments["routers"]
    assert (router["id"], router[LABELS]) == (mine, [told_label(label, rule)])
    labels.delete(site.d, ADMIN, shared["id"])
    both = [("h1", "remove_metering_label"), ("h2", "remove_metering_label")]
    assert sorted(told.methods(), key=str) == both


def test_what_happened_at_once_is_told_once(site: Site, hosts: None) -> None:
    a_router(site, "h1")
    told = Told(site)
    label, other = a_label(site), a_label(site)
    for number in range(3):
        a_rule(site, label, f"10.{number}.0.0/16")
    labels.delete(site.d, ADMIN, other["id"])
    with counted(site.d.database) as statements:
        found = told()
    assert [one.method for one in found] == [
        "remove_metering_label",
        "add_metering_label",
        "update_metering_label_rules",
        "routers_updated",
    ]
    assert len(found[2].arguments["routers"][0][LABELS][0]["rules"]) == 3
    reading = [one for one in statements if "metering" in one or "agents" in one]
    assert len(reading) <= 5


def test_agents_are_told_where_routers_are(site: Site, hosts: None) -> None:
    told = Told(site)
    router = a_router(site, "h1")
    assert told() == []  # nobody counts anything
    a_label(site)
    told()
    place(site, router, "h2")
    both = [("h1", "routers_updated"), ("h2", "routers_updated")]
    assert told.methods() == both
    displace(site, router, "h1")
    left, refresh = told()
    assert (left.host, left.method, left.arguments) == (
        "h1",
        "router_deleted",
        {"router_id": router},
    )
    assert (refresh.host, refresh.method) == ("h2", "routers_updated")
    displace(site, router, "h2")
    place(site, router, "h2")
    assert told.methods() == [("h2", "routers_updated")]
    routers.update(site.d, ADMIN, router, {"admin_state_up": False})
    assert told.methods() == [("h2", "routers_updated")]
    displace(site, router, "h2")
    routers.delete(site.d, ADMIN, router)
    assert told.methods() == [(None, "router_deleted")]


def test_where_no_agent_listens_nothing_is_read(site: Site) -> None:
    told = Told(site)
    label = a_label(site)
    with counted(site.d.database) as statements:
        assert told() == []
    assert [one for one in statements if "metering" in one.lower()] == []
    assert labels.get(site.d, ADMIN, label["id"]) == label


class Broker:
    """Takes messages for those who listen."""

    def __init__(self, *listening: str) -> None:
        self.listening = set(listening)
        self.heard: list[tuple[str, str]] = []

    def deliver(self, _topic: str, method: str, *, host: str, **_message: Any) -> bool:
        if host in self.listening:
            self.heard.append((host, method))
        return host in self.listening

    fanout: Any = None
    cast: Any = None


def test_one_that_does_not_listen_yet_is_waited_for(site: Site, hosts: None) -> None:
    a_router(site, "h1", "h2")
    reader = JournalReader(site.d.database, "test", from_now=True, batch=500)
    reader.read()
    a_label(site)
    batch = reader.read()
    assert batch is not None
    broker, now = Broker("h2"), [0.0]
    handle = follower(site.d, broker, seconds=lambda: now[0]).handle
    with pytest.raises(NotDelivered, match="h1"):
        handle(batch.entries)
    broker.listening.add("h1")
    handle(batch.entries)
    assert [method for host, method in broker.heard if host == "h1"] == [
        "add_metering_label",
        "update_metering_label_rules",
        "routers_updated",
    ]
    broker.listening.clear()
    site.clock.turn(site.d.settings.agent_down_time + 1)
    handle(batch.entries)  # the dead are told nothing
