"""Security groups and rules on each database: what is kept, what is refused, what it costs."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from deuteron import errors
from deuteron.context import RequestContext
from deuteron.core import security_group_rules as rules
from deuteron.core import security_groups as groups
from deuteron.core.deployment import Deployment
from deuteron.db.engine import Database
from deuteron.db.tables import (
    default_security_groups,
    journal,
    networks,
    port_security_groups,
    ports,
    security_group_rules,
    security_groups,
)
from deuteron.query import EVERYTHING, Query
from tests.deployments import a_deployment
from tests.statements import counted

ADMIN = RequestContext(request_id="req-1", project_id="p", is_admin=True)
MEMBER = RequestContext(request_id="req-2", project_id="p")


@pytest.fixture
def d(database: Database, tmp_path: Path) -> Deployment:
    return a_deployment(database, tmp_path, mechanisms=())


@pytest.fixture
def other_database(database_url: str) -> Iterator[Database]:
    """The same database, as another process sees it."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


def a_group(d: Deployment, **changes: Any) -> dict[str, Any]:
    body = {"project_id": "p", "name": "g", "description": ""} | changes
    return groups.create(d, ADMIN, [body])[0]


def a_rule(group: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "project_id": "p",
        "security_group_id": group["id"],
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_group_id": None,
        "remote_address_group_id": None,
        "remote_ip_prefix": None,
        "description": "",
    } | changes


def some_rules(group: dict[str, Any], count: int) -> list[dict[str, Any]]:
    return [
        a_rule(group, protocol="tcp", port_range_min=port, port_range_max=port)
        for port in range(1, count + 1)
    ]


def a_port_in(database: Database, group: dict[str, Any]) -> None:
    """A port that is a member of the group."""
    standard = {"created_at": "t", "updated_at": "t", "revision_number": 0}
    with database.transaction(ADMIN) as tx:
        tx.execute(
            insert(networks).values(
                id="net",
                project_id="p",
                name="",
                admin_state_up=True,
                status="ACTIVE",
                external=False,
                mtu=1500,
                port_security_enabled=True,
                **standard,
            )
        )
        tx.execute(
            insert(ports).values(
                id="port",
                project_id="p",
                network_id="net",
                name="",
                mac_address="fa:16:3e:00:00:01",
                admin_state_up=True,
                status="DOWN",
                device_id="",
                device_owner="",
                port_security_enabled=True,
                allowed_address_pairs=[],
                extra_dhcp_opts=[],
                **standard,
            )
        )
        tx.execute(
            insert(port_security_groups).values(port_id="port", security_group_id=group["id"])
        )


def count(database: Database, table: Any) -> int:
    with database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def journal_of(database: Database) -> list[tuple[str, str]]:
    with database.read() as conn:
        rows = conn.execute(select(journal.c.resource, journal.c.event).order_by(journal.c.seq))
        return [(row[0], row[1]) for row in rows]


def default_of(d: Deployment, project_id: str) -> dict[str, Any]:
    [group] = groups.list_(
        d, ADMIN, Query(filters={"project_id": (project_id,), "name": ("default",)})
    )
    return group


def what_it_says(rule: dict[str, Any]) -> tuple[Any, ...]:
    return rule["direction"], rule["ethertype"], rule["remote_group_id"], rule["protocol"]


# Groups


def test_a_new_group_lets_everything_out(d):
    group = a_group(d, name="web", description="servers")
    assert {what_it_says(rule) for rule in group["security_group_rules"]} == {
        ("egress", "IPv4", None, None),
        ("egress", "IPv6", None, None),
    }
    assert (group["name"], group["description"], group["stateful"]) == ("web", "servers", True)
    assert group["revision_number"] == 1
    assert group["tags"] == []


def test_what_is_answered_is_what_is_kept(d):
    group = a_group(d)
    kept = groups.get(d, ADMIN, group["id"])
    by_id = {rule["id"]: rule for rule in kept["security_group_rules"]}
    assert by_id == {rule["id"]: rule for rule in group["security_group_rules"]}
    assert {**kept, "security_group_rules": []} == {**group, "security_group_rules": []}
    listed = groups.list_(d, ADMIN, Query(filters={"name": ("g",)}))
    assert [one["id"] for one in listed] == [group["id"]]
    rule = kept["security_group_rules"][0]
    assert rules.get(d, ADMIN, rule["id"]) == rule
    assert rule in rules.list_(d, ADMIN, EVERYTHING)


def test_a_group_is_changed_once(d):
    group = a_group(d)
    changed = groups.update(d, ADMIN, group["id"], {"name": "h"})
    assert (changed["name"], changed["revision_number"]) == ("h", 2)
    assert groups.get(d, ADMIN, group["id"])["name"] == "h"
    assert groups.update(d, ADMIN, group["id"], {"name": "h"})["revision_number"] == 2


def test_a_wrong_revision_changes_and_deletes_nothing(d):
    group = a_group(d)
    for refused in (
        lambda: groups.update(d, ADMIN, group["id"], {"name": "h"}, if_revision=7),
        lambda: groups.delete(d, ADMIN, group["id"], if_revision=7),
    ):
        with pytest.raises(errors.RevisionNumberConstraintFailed):
            refused()
    assert groups.get(d, ADMIN, group["id"])["name"] == "g"
    groups.update(d, ADMIN, group["id"], {"name": "h"}, if_revision=1)
    groups.delete(d, ADMIN, group["id"], if_revision=2)


def test_a_group_of_ports_stays_what_it_is(d, database):
    group = a_group(d)
    assert groups.update(d, ADMIN, group["id"], {"stateful": False})["stateful"] is False
    a_port_in(database, group)
    with pytest.raises(errors.SecurityGroupInUse):
        groups.update(d, ADMIN, group["id"], {"stateful": True})
    with pytest.raises(errors.SecurityGroupInUse):
        groups.delete(d, ADMIN, group["id"])
    groups.update(d, ADMIN, group["id"], {"stateful": False, "name": "h"})


def test_a_group_goes_with_its_rules_and_the_rules_that_name_it(d, database):
    group, other = a_group(d), a_group(d)
    rules.create(d, ADMIN, [a_rule(other, remote_group_id=group["id"])])
    before = groups.get(d, ADMIN, other["id"])["revision_number"]
    groups.delete(d, ADMIN, group["id"])
    with pytest.raises(errors.SecurityGroupNotFound):
        groups.get(d, ADMIN, group["id"])
    left = groups.get(d, ADMIN, other["id"])
    assert len(left["security_group_rules"]) == 2
    assert left["revision_number"] == before + 1
    assert count(database, security_group_rules) == 2 + 4
    assert journal_of(database)[-2:] == [
        ("security_group_rule", "delete"),
        ("security_group", "delete"),
    ]


@pytest.mark.parametrize(
    "refused",
    [
        lambda d: groups.get(d, ADMIN, "nope"),
        lambda d: groups.update(d, ADMIN, "nope", {"name": "h"}),
        lambda d: groups.delete(d, ADMIN, "nope"),
        lambda d: rules.create(d, ADMIN, [a_rule({"id": "nope"})]),
    ],
)
def test_a_group_that_is_not_there(d, refused):
    with pytest.raises(errors.SecurityGroupNotFound):
        refused(d)


def test_every_change_is_in_the_journal(d, database):
    group = a_group(d)
    groups.update(d, ADMIN, group["id"], {"name": "h"})
    [rule] = rules.create(d, ADMIN, [a_rule(group)])
    rules.update(d, ADMIN, rule["id"], {"description": "why"})
    rules.delete(d, ADMIN, rule["id"])
    assert journal_of(database) == [
        ("security_group", "create"),  # the default group of the project
        ("security_group", "create"),
        ("security_group", "update"),
        ("security_group_rule", "create"),
        ("security_group_rule", "update"),
        ("security_group_rule", "delete"),
    ]


# Lists


def test_a_marker_that_is_not_there_begins_anew(d):
    made = sorted(a_group(d)["id"] for _ in range(3))
    query = Query(filters={"name": ("g",)}, sort=(("name", True),), limit=2, marker="nope")
    assert [group["id"] for group in groups.list_(d, ADMIN, query)] == made[:2]
    beyond = Query(filters={"name": ("g",)}, limit=2, marker=made[2])
    assert groups.list_(d, ADMIN, beyond) == []


def test_only_the_columns_asked_for_are_read(d):
    group = a_group(d)
    query = Query(filters={"name": ("g",)}, fields=("id", "name"))
    with counted(d.database) as statements:
        assert groups.list_(d, ADMIN, query) == [{"id": group["id"], "name": "g"}]
    assert len(statements) == 2, statements  # is there a default group; the list


def test_rules_are_found_by_their_attributes(d):
    group = a_group(d)
    made = rules.create(d, ADMIN, [a_rule(group, protocol="tcp"), a_rule(group, protocol="udp")])
    found = rules.list_(d, ADMIN, Query(filters={"protocol": ("tcp", "udp")}))
    assert {rule["id"] for rule in found} == {rule["id"] for rule in made}
    assert rules.list_(d, ADMIN, Query(filters={"protocol": ("sctp",)})) == []
    nothing_said = {"protocol": (None,), "security_group_id": (group["id"],)}
    assert len(rules.list_(d, ADMIN, Query(filters=nothing_said))) == 2


@pytest.mark.parametrize("size", [3, 1003])
def test_listing_groups_takes_the_same_statements_for_any_number(d, size):
    body = {"project_id": "p", "name": "g", "description": ""}
    groups.create(d, ADMIN, [body] * size)
    with counted(d.database) as statements:
        found = groups.list_(d, ADMIN, Query(filters={"name": ("g",)}))
    assert len(statements) == 4, statements  # default group; groups, rules, tags
    assert len(found) == size
    assert all(len(group["security_group_rules"]) == 2 for group in found)


# Default groups


def test_a_default_group_lets_its_members_in(d):
    group = default_of(d, "p")
    assert {what_it_says(rule) for rule in group["security_group_rules"]} == {
        ("egress", "IPv4", None, None),
        ("egress", "IPv6", None, None),
        ("ingress", "IPv4", group["id"], None),
        ("ingress", "IPv6", group["id"], None),
    }
    assert group["description"] == "Default security group"
    assert group["revision_number"] == 1


@pytest.mark.parametrize(
    "first_need",
    [
        lambda d: groups.list_(d, ADMIN, EVERYTHING),
        lambda d: groups.list_(d, ADMIN, Query(filters={"project_id": ("p",)})),
        lambda d: rules.list_(d, ADMIN, EVERYTHING),
        a_group,
    ],
)
def test_a_default_group_is_made_on_first_need_and_once(d, database, first_need):
    first_need(d)
    first_need(d)
    assert count(database, default_security_groups) == 1
    assert default_of(d, "p")["project_id"] == "p"


def test_a_default_group_that_is_there_costs_one_statement(d):
    with d.database.transaction(ADMIN) as tx:
        made = groups.ensure_default(d, tx, ["p", "q"])
    with d.database.transaction(ADMIN) as tx, counted(d.database) as statements:
        assert groups.ensure_default(d, tx, ["p", "q"]) == made
    assert len(statements) == 1, statements


def test_a_default_group_keeps_its_name(d):
    group = default_of(d, "p")
    with pytest.raises(errors.SecurityGroupCannotUpdateDefault):
        groups.update(d, ADMIN, group["id"], {"name": "mine"})
    groups.update(d, ADMIN, group["id"], {"description": "mine"})


def test_only_an_administrator_deletes_a_default_group_and_it_comes_again(d):
    group = default_of(d, "p")
    with pytest.raises(errors.SecurityGroupCannotRemoveDefault):
        groups.delete(d, MEMBER, group["id"])
    groups.delete(d, ADMIN, group["id"])
    assert default_of(d, "p")["id"] != group["id"]


def test_many_requests_at_once_make_one_default_group(d, database, other_database):
    processes = [d, replace(d, database=other_database)]

    def job(number: int) -> None:
        first_network(processes[number % 2], [f"project-{(number + n) % 3}" for n in range(3)])

    failures = at_once(16, job)
    assert failures == []
    assert count(database, default_security_groups) == 3
    assert count(database, security_groups) == 3
    assert count(database, security_group_rules) == 12


def first_network(d: Deployment, projects: list[str]) -> None:
    """What creating a network does, tried again as the API does it."""
    for _ in range(20):
        try:
            with d.database.transaction(ADMIN) as tx:
                assert set(groups.ensure_default(d, tx, projects)) == set(projects)
            return
        except errors.TryAgain:
            continue
    raise AssertionError("never made")


def at_once(size: int, job: Callable[[int], None]) -> list[BaseException]:
    """Run a job in many threads that begin together; what they raised."""
    failures: list[BaseException] = []
    ready = threading.Barrier(size)

    def run(number: int) -> None:
        ready.wait()
        try:
            job(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_a_request_that_was_slower_uses_the_other_ones_group(d, other_database):
    """The slower one has not seen the default group, and waits for the faster one's commit."""
    faster, slower = d, replace(d, database=other_database)
    answers: list[dict[str, str]] = []

    def second() -> None:
        with slower.database.transaction(ADMIN) as tx:
            answers.append(groups.ensure_default(slower, tx, ["p", "q"]))

    with faster.database.transaction(ADMIN) as tx:
        made = groups.ensure_default(faster, tx, ["p"])
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        assert answers == []
    thread.join()
    assert answers[0]["p"] == made["p"]
    assert count(d.database, security_groups) == 2
    assert count(d.database, security_group_rules) == 8


# Rules


def test_rules_are_added_to_their_group(d):
    group = a_group(d)
    made = rules.create(d, ADMIN, [a_rule(group, protocol="icmp", ethertype="IPv6"), a_rule(group)])
    assert [rule["protocol"] for rule in made] == ["ipv6-icmp", None]
    assert [rules.get(d, ADMIN, rule["id"]) for rule in made] == made
    kept = groups.get(d, ADMIN, group["id"])
    assert kept["revision_number"] == 2
    assert len(kept["security_group_rules"]) == 4


def test_a_rule_that_is_there_is_named(d):
    group = a_group(d)
    [first] = rules.create(d, ADMIN, [a_rule(group, protocol="tcp")])
    for again in ({"protocol": "6"}, {"protocol": "tcp", "remote_ip_prefix": "0.0.0.0/0"}):
        with pytest.raises(errors.SecurityGroupRuleExists, match=first["id"]):
            rules.create(d, ADMIN, [a_rule(group, protocol="udp"), a_rule(group, **again)])
    assert groups.get(d, ADMIN, group["id"])["revision_number"] == 2
    assert rules.list_(d, ADMIN, Query(filters={"protocol": ("udp",)})) == []


def test_the_rules_of_a_request_are_different_and_of_one_group_and_project(d):
    group, other = a_group(d), a_group(d)
    for second, error in (
        (a_rule(group), errors.DuplicateSecurityGroupRuleInPost),
        (a_rule(other), errors.SecurityGroupNotSingleGroupRules),
        (a_rule(group, protocol="tcp", project_id="q"), errors.SecurityGroupRulesNotSingleProject),
    ):
        with pytest.raises(error):
            rules.create(d, ADMIN, [a_rule(group), second])


def test_a_remote_group_must_be_there(d):
    group = a_group(d)
    rules.create(d, ADMIN, [a_rule(group, remote_group_id=group["id"])])
    with pytest.raises(errors.SecurityGroupNotFound, match="nope"):
        rules.create(d, ADMIN, [a_rule(group, remote_group_id="nope")])


def test_a_project_uses_its_own_groups(d):
    mine, theirs = a_group(d), a_group(d, project_id="q")
    with pytest.raises(errors.SecurityGroupNotFound, match=theirs["id"]):
        rules.create(d, MEMBER, [a_rule(theirs)])
    with pytest.raises(errors.SecurityGroupNotFound, match=theirs["id"]):
        rules.create(d, MEMBER, [a_rule(mine, remote_group_id=theirs["id"])])
    rules.create(d, ADMIN, [a_rule(mine, remote_group_id=theirs["id"])])


def test_a_rule_is_described_and_deleted(d):
    group = a_group(d)
    [rule] = rules.create(d, ADMIN, [a_rule(group)])
    described = rules.update(d, ADMIN, rule["id"], {"description": "why"})
    assert (described["description"], described["revision_number"]) == ("why", 1)
    assert rules.get(d, ADMIN, rule["id"]) == described
    assert groups.get(d, ADMIN, group["id"])["revision_number"] == 3
    with pytest.raises(errors.RevisionNumberConstraintFailed):
        rules.delete(d, ADMIN, rule["id"], if_revision=0)
    rules.delete(d, ADMIN, rule["id"], if_revision=1)
    assert groups.get(d, ADMIN, group["id"])["revision_number"] == 4
    for refused in (
        lambda: rules.get(d, ADMIN, rule["id"]),
        lambda: rules.delete(d, ADMIN, rule["id"]),
        lambda: rules.update(d, ADMIN, rule["id"], {"description": ""}),
    ):
        with pytest.raises(errors.SecurityGroupRuleNotFound):
            refused()


def test_the_same_rule_is_added_once_by_many_requests(d, database):
    group = a_group(d)

    def add(number: int) -> None:
        for _ in range(20):
            try:
                rules.create(d, ADMIN, [a_rule(group, protocol=("tcp", "6")[number % 2])])
            except errors.TryAgain:
                continue
            return

    failures = at_once(8, add)
    assert [type(error) for error in failures] == [errors.SecurityGroupRuleExists] * 7
    assert len(groups.get(d, ADMIN, group["id"])["security_group_rules"]) == 3


@pytest.mark.parametrize("size", [1, 200])
def test_adding_rules_takes_the_same_statements_for_any_number(d, size):
    group = a_group(d)
    with counted(d.database) as statements:
        rules.create(d, ADMIN, some_rules(group, size))
    assert len(statements) == 6, statements  # groups, revision, rivals, rows, quota, journal


# The groups of ports


def a_port(**changes: Any) -> dict[str, Any]:
    return {"project_id": "p", "port_security_enabled": True, "security_groups": []} | changes


def of_new_ports(d: Deployment, ctx: RequestContext, *pairs: Any) -> list[list[str]]:
    with d.database.transaction(ctx) as tx:
        bodies = [body for body, _ in pairs]
        return groups.for_new_ports(d, tx, bodies, [port for _, port in pairs])


def test_a_port_that_names_no_groups_is_in_the_default_one(d):
    mine, theirs = default_of(d, "p")["id"], default_of(d, "q")["id"]
    group = a_group(d)["id"]
    with counted(d.database) as statements:
        found = of_new_ports(
            d,
            ADMIN,
            ({}, a_port()),
            ({}, a_port(project_id="q")),
            ({}, a_port(port_security_enabled=False)),
            ({"security_groups": []}, a_port()),
            ({"security_groups": []}, a_port(port_security_enabled=False)),
            ({"security_groups": [group, mine]}, a_port()),
        )
    assert found == [[mine], [theirs], [], [], [], sorted([group, mine])]
    assert len(statements) == 2, statements


def test_groups_of_a_port_are_refused(d):
    mine, theirs = a_group(d)["id"], a_group(d, project_id="q")["id"]
    stateless = a_group(d, stateful=False)["id"]
    for ctx, ids, port, error in (
        (ADMIN, [mine], a_port(port_security_enabled=False), _NEED_PORT_SECURITY),
        (ADMIN, [mine, "nope"], a_port(), errors.SecurityGroupNotFound),
        (MEMBER, [mine, theirs], a_port(), errors.SecurityGroupNotFound),
        (ADMIN, [mine, stateless], a_port(), errors.SecurityGroupConflict),
    ):
        with pytest.raises(error):
            of_new_ports(d, ctx, ({"security_groups": ids}, port))
        with pytest.raises(error):
            after_update(d, ctx, {"security_groups": ids}, port, port)
    assert of_new_ports(d, ADMIN, ({"security_groups": [theirs]}, a_port())) == [[theirs]]


_NEED_PORT_SECURITY = errors.PortSecurityAndIPRequiredForSecurityGroups


def after_update(
    d: Deployment, ctx: RequestContext, changes: Any, port: Any, original: Any
) -> list[str] | None:
    with d.database.transaction(ctx) as tx:
        return groups.for_update(tx, changes, port, original)


def test_the_groups_of_a_port_change(d):
    one, other = a_group(d)["id"], a_group(d)["id"]
    port = a_port(security_groups=[one, other])
    assert after_update(d, ADMIN, {}, port, port) is None
    assert after_update(d, ADMIN, {"security_groups": [other, one]}, port, port) is None
    assert after_update(d, ADMIN, {"security_groups": [other]}, port, port) == [other]
    assert after_update(d, ADMIN, {"security_groups": []}, port, port) == []


def test_port_security_goes_after_the_groups(d):
    group = a_group(d)["id"]
    before = a_port(security_groups=[group])
    after = {**before, "port_security_enabled": False}
    with pytest.raises(errors.PortSecurityPortHasSecurityGroup):
        after_update(d, ADMIN, {}, after, before)
    assert after_update(d, ADMIN, {"security_groups": []}, after, before) == []


def test_a_site_without_security_groups_has_no_default_ones(database, tmp_path):
    without = "[securitygroup]\nenable_security_group = false"
    d = a_deployment(database, tmp_path, mechanisms=(), configuration=without)
    assert of_new_ports(d, ADMIN, ({}, a_port())) == [[]]
    assert count(database, security_groups) == 0
