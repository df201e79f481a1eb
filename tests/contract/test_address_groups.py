"""Address groups on each database: what is kept, who may use it, what it costs."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from deuteron import errors
from deuteron.context import RequestContext
from deuteron.core import address_groups as groups
from deuteron.core import rbac_policies, security_group_rules, security_groups
from deuteron.core.deployment import Deployment
from deuteron.db.engine import Database
from deuteron.db.tables import journal
from deuteron.query import EVERYTHING, Query
from tests.deployments import a_deployment
from tests.statements import counted

ADMIN = RequestContext(request_id="req-1", project_id="p", is_admin=True)
MEMBER = RequestContext(request_id="req-2", project_id="p")
STRANGER = RequestContext(request_id="req-3", project_id="q")


@pytest.fixture
def d(database: Database, tmp_path: Path) -> Deployment:
    return a_deployment(database, tmp_path, mechanisms=())


def a_group(d: Deployment, *addresses: str, **changes: Any) -> dict[str, Any]:
    body = {"project_id": "p", "name": "a", "description": "", "addresses": list(addresses)}
    return groups.create(d, ADMIN, [body | changes])[0]


def a_rule(d: Deployment, ctx: RequestContext, group: dict[str, Any], **changes: Any) -> Any:
    project = ctx.project_id
    body = {"project_id": project, "name": "g", "description": ""}
    owner = security_groups.create(d, ctx, [body])[0]
    rule = {
        "project_id": project,
        "security_group_id": owner["id"],
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_group_id": None,
        "remote_address_group_id": group["id"],
        "remote_ip_prefix": None,
    }
    return security_group_rules.create(d, ctx, [rule | changes])[0]


def changed(d: Deployment, group: dict[str, Any]) -> dict[str, Any]:
    return groups.get(d, ADMIN, group["id"])


def test_what_is_answered_is_what_is_kept(d):
    group = a_group(d, "10.0.0.5/24", "10.0.0.0/24", "2001:DB8::1/64", "1.2.3.4/32")
    assert group["addresses"] == ["1.2.3.4/32", "10.0.0.0/24", "2001:db8::/64"]
    assert group["revision_number"] == 1
    assert groups.get(d, ADMIN, group["id"]) == group
    assert groups.list_(d, ADMIN, EVERYTHING) == [group]
    assert a_group(d)["revision_number"] == 0


def test_addresses_come_and_go(d):
    group = a_group(d, "10.0.0.0/24")
    more = groups.add_addresses(d, ADMIN, group["id"], {"addresses": ["1.1.1.1", "3.3.3.3/24"]})
    assert more["addresses"] == ["1.1.1.1/32", "10.0.0.0/24", "3.3.3.0/24"]
    assert more["revision_number"] == group["revision_number"] + 1
    less = groups.remove_addresses(d, ADMIN, group["id"], {"addresses": ["10.0.0.9/24"]})
    assert less["addresses"] == ["1.1.1.1/32", "3.3.3.0/24"]
    assert changed(d, group) == less
    for unchanged in (groups.add_addresses, groups.remove_addresses):
        assert unchanged(d, ADMIN, group["id"], {"addresses": []}) == less


@pytest.mark.parametrize(
    ("verb", "document", "error"),
    [
        ("add", {"addresses": ["10.0.0.7/24", "1.1.1.1"]}, errors.AddressesAlreadyExist),
        ("remove", {"addresses": ["10.0.0.0/24", "1.1.1.1"]}, errors.AddressesNotFound),
        *(
            (verb, document, error)
            for verb in ("add", "remove")
            for document, error in (
                ({"addresses": ["x"]}, errors.AddrFormatError),
                ({"addresses": [""]}, errors.AddrFormatError),
                ({"addresses": ["1.1.1.1/33"]}, errors.AddrFormatError),
                ({"addresses": "1.1.1.1"}, errors.HTTPBadRequest),
                ({"addresses": None}, errors.HTTPBadRequest),
                ({"addresses": [5]}, errors.HTTPBadRequest),
                ({"address_group": {"addresses": []}}, errors.HTTPBadRequest),
                ([], errors.HTTPBadRequest),
                (None, errors.HTTPBadRequest),
            )
        ),
    ],
)
def test_wrong_addresses_change_nothing(d, verb, document, error):
    group = a_group(d, "10.0.0.0/24")
    act = groups.add_addresses if verb == "add" else groups.remove_addresses
    with pytest.raises(error):
        act(d, ADMIN, group["id"], document)
    assert changed(d, group) == group


def test_addresses_that_are_added_at_once_are_all_there(d, database_url):
    group = a_group(d)
    other = Database(database_url)
    processes = [d, replace(d, database=other)]

    def add(number: int) -> None:
        for _ in range(50):
            try:
                groups.add_addresses(
                    processes[number % 2], ADMIN, group["id"], {"addresses": [f"10.0.0.{number}"]}
                )
                return
            except errors.TryAgain:
                continue

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.dispose()
    assert changed(d, group)["addresses"] == [f"10.0.0.{number}/32" for number in range(8)]


def test_a_group_of_rules_cannot_go(d):
    group = a_group(d, "10.0.0.0/24")
    rule = a_rule(d, MEMBER, group)
    assert rule["remote_address_group_id"] == group["id"]
    assert security_group_rules.get(d, MEMBER, rule["id"]) == rule
    with pytest.raises(errors.AddressGroupInUse):
        groups.delete(d, ADMIN, group["id"])
    security_group_rules.delete(d, MEMBER, rule["id"])
    groups.delete(d, ADMIN, group["id"])
    with pytest.raises(errors.AddressGroupNotFound):
        groups.get(d, ADMIN, group["id"])


def test_the_database_keeps_a_group_that_a_rule_names(d, database):
    """The rule came after it was asked whether there is one."""
    from deuteron.db import address_groups as rows

    group = a_group(d, "10.0.0.0/24")
    a_rule(d, MEMBER, group)
    with pytest.raises(errors.TryAgain), database.transaction(ADMIN) as tx:
        rows.delete_one(tx, group["id"])
    assert changed(d, group) == group


def test_a_group_is_used_by_those_who_see_it(d):
    group = a_group(d, "10.0.0.0/24")
    with pytest.raises(errors.AddressGroupNotFound):
        groups.get(d, STRANGER, group["id"])
    assert groups.list_(d, STRANGER, EVERYTHING) == []
    for act in (
        lambda: groups.update(d, STRANGER, group["id"], {"name": "mine"}),
        lambda: groups.add_addresses(d, STRANGER, group["id"], {"addresses": ["1.1.1.1"]}),
        lambda: groups.remove_addresses(d, STRANGER, group["id"], {"addresses": ["10.0.0.0/24"]}),
        lambda: groups.delete(d, STRANGER, group["id"]),
        lambda: a_rule(d, STRANGER, group),
    ):
        with pytest.raises(errors.AddressGroupNotFound):
            act()
    policy = {
        "project_id": "p",
        "object_type": "address_group",
        "object_id": group["id"],
        "action": "access_as_shared",
        "target_tenant": "q",
    }
    made = rbac_policies.create(d, MEMBER, [policy])[0]
    assert groups.get(d, STRANGER, group["id"])["shared"] is True
    assert [one["id"] for one in groups.list_(d, STRANGER, EVERYTHING)] == [group["id"]]
    rule = a_rule(d, STRANGER, group)
    with pytest.raises(errors.RbacPolicyInUse):
        rbac_policies.delete(d, MEMBER, made["id"])
    security_group_rules.delete(d, STRANGER, rule["id"])
    rbac_policies.delete(d, MEMBER, made["id"])
    assert groups.list_(d, STRANGER, EVERYTHING) == []


def test_every_change_is_in_the_journal(d, database):
    group = a_group(d, "10.0.0.0/24")
    groups.update(d, ADMIN, group["id"], {"name": "b"})
    groups.update(d, ADMIN, group["id"], {"name": "b"})
    groups.add_addresses(d, ADMIN, group["id"], {"addresses": ["1.1.1.1"]})
    groups.remove_addresses(d, ADMIN, group["id"], {"addresses": ["1.1.1.1"]})
    with pytest.raises(errors.RevisionNumberConstraintFailed):
        groups.delete(d, ADMIN, group["id"], if_revision=1)
    groups.delete(d, ADMIN, group["id"], if_revision=4)
    with database.read() as conn:
        rows = conn.execute(select(journal.c.resource, journal.c.event).order_by(journal.c.seq))
        found = [tuple(row) for row in rows]
    events = ["create", "update", "update", "update", "delete"]
    assert found == [("address_group", event) for event in events]


@pytest.mark.parametrize("size", [1, 50])
def test_a_list_is_one_statement(d, size):
    body = {"project_id": "p", "name": "a", "description": "", "addresses": ["10.0.0.0/24"]}
    made = groups.create(d, ADMIN, [body] * size)
    for ctx in (ADMIN, MEMBER):
        with counted(d.database) as statements:
            assert len(groups.list_(d, ctx, EVERYTHING)) == size
        assert len(statements) == 1, statements
    first = sorted(group["id"] for group in made)[:2]
    page = Query(limit=2, fields=("id",))
    assert groups.list_(d, ADMIN, page) == [{"id": one} for one in first]
    hidden = replace(page, marker=a_group(d, project_id="q")["id"])
    assert groups.list_(d, MEMBER, hidden) == [{"id": one} for one in first]
    lost = replace(page, marker="nope")
    assert groups.list_(d, MEMBER, lost) == [{"id": one} for one in first]
