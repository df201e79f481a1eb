"""The template of security groups, and whether new groups are stateful, on each database."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from deuteron import errors
from deuteron.context import RequestContext
from deuteron.core import address_groups, default_statefulness, security_group_rules
from deuteron.core import default_security_group_rules as template
from deuteron.core import security_groups as groups
from deuteron.core.deployment import Deployment
from deuteron.db.engine import Database
from deuteron.db.tables import journal
from deuteron.query import EVERYTHING, Query
from tests.deployments import a_deployment
from tests.statements import counted

ADMIN = RequestContext(request_id="req-1", project_id="p", is_admin=True)
MEMBER = RequestContext(request_id="req-2", project_id="p")


@pytest.fixture
def d(database: Database, tmp_path: Path) -> Deployment:
    return a_deployment(database, tmp_path, mechanisms=())


def a_body(**changes: Any) -> dict[str, Any]:
    return {
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_group_id": None,
        "remote_address_group_id": None,
        "remote_ip_prefix": None,
        "description": "",
        "used_in_default_sg": False,
        "used_in_non_default_sg": True,
    } | changes


def add(d: Deployment, **changes: Any) -> dict[str, Any]:
    return template.create(d, ADMIN, [a_body(**changes)])[0]


def a_group(d: Deployment, **changes: Any) -> dict[str, Any]:
    return groups.create(d, ADMIN, [{"project_id": "p", "name": "g", "description": ""} | changes])[
        0
    ]


def default_of(d: Deployment, project_id: str) -> dict[str, Any]:
    [group] = groups.list_(
        d, ADMIN, Query(filters={"project_id": (project_id,), "name": ("default",)})
    )
    return group


def says(group: dict[str, Any]) -> list[tuple[Any, ...]]:
    names = ("direction", "ethertype", "protocol", "remote_group_id", "remote_ip_prefix")
    return sorted(
        (tuple(rule[name] for name in names) for rule in group["security_group_rules"]), key=str
    )


def test_a_site_begins_with_neutrons_four(d):
    rules = template.list_(d, ADMIN, EVERYTHING)
    found = {
        (
            rule["direction"],
            rule["ethertype"],
            rule["remote_group_id"],
            rule["used_in_default_sg"],
            rule["used_in_non_default_sg"],
        )
        for rule in rules
    }
    assert len(rules) == 4
    assert found == {
        ("egress", "IPv4", None, True, True),
        ("egress", "IPv6", None, True, True),
        ("ingress", "IPv4", "PARENT", True, False),
        ("ingress", "IPv6", "PARENT", True, False),
    }
    assert template.list_(d, ADMIN, Query(filters={"remote_group_id": ("PARENT",)})) == [
        rule
        for rule in sorted(rules, key=lambda rule: rule["id"])
        if rule["remote_group_id"] == "PARENT"
    ]


def test_what_is_answered_is_what_is_kept(d):
    made = add(d, protocol="tcp", port_range_min=22, port_range_max=22, description="ssh")
    assert template.get(d, ADMIN, made["id"]) == made
    assert template.list_(d, ADMIN, Query(filters={"protocol": ("tcp",)})) == [made]
    template.delete(d, ADMIN, made["id"])
    for gone in (template.get, template.delete):
        with pytest.raises(errors.DefaultSecurityGroupRuleNotFound):
            gone(d, ADMIN, made["id"])


def test_new_groups_have_the_rules_of_the_template(d):
    before = a_group(d)
    for rule in template.list_(d, ADMIN, EVERYTHING):
        template.delete(d, ADMIN, rule["id"])
    add(d, protocol="tcp", remote_ip_prefix="10.0.0.7/24")
    add(d, protocol="udp", used_in_default_sg=True, used_in_non_default_sg=False)
    add(d, protocol="icmp", remote_group_id="PARENT", used_in_default_sg=True)
    add(d, protocol="sctp", used_in_non_default_sg=False)
    other = a_group(d)
    assert says(other) == [
        ("ingress", "IPv4", "icmp", other["id"], None),
        ("ingress", "IPv4", "tcp", None, "10.0.0.7/24"),
    ]
    cidrs = {rule["normalized_cidr"] for rule in other["security_group_rules"]}
    assert cidrs == {None, "10.0.0.0/24"}
    default = default_of(d, "q")
    assert says(default) == [
        ("ingress", "IPv4", "icmp", default["id"], None),
        ("ingress", "IPv4", "udp", None, None),
    ]
    assert says(groups.get(d, ADMIN, before["id"])) == says(before)


def test_an_empty_template_makes_empty_groups(d):
    for rule in template.list_(d, ADMIN, EVERYTHING):
        template.delete(d, ADMIN, rule["id"])
    assert a_group(d)["security_group_rules"] == []
    assert default_of(d, "p")["security_group_rules"] == []


def test_what_the_template_says_already_is_refused_per_kind_of_groups(d):
    made = add(d, protocol="tcp")
    with pytest.raises(errors.DefaultSecurityGroupRuleExists) as refused:
        add(d, protocol="6")
    assert made["id"] in str(refused.value)
    other = add(d, protocol="tcp", used_in_default_sg=True, used_in_non_default_sg=False)
    with pytest.raises(errors.DefaultSecurityGroupRuleExists):
        add(d, protocol="tcp", used_in_default_sg=True)
    template.delete(d, ADMIN, made["id"])
    template.delete(d, ADMIN, other["id"])
    add(d, protocol="tcp", used_in_default_sg=True)


def test_a_rule_that_is_in_the_template_twice_is_in_a_group_once(d):
    """Two requests may have added it at the same time."""
    from deuteron.db import default_security_group_rules as rows

    made = add(d, protocol="tcp")
    with d.database.transaction(ADMIN) as tx:
        rows.insert_one(tx, {**made, "id": "twin"})
    assert len(a_group(d)["security_group_rules"]) == 3


def test_remote_sides_of_the_template_exist(d):
    for remote, error in (
        ({"remote_group_id": "nope"}, errors.SecurityGroupNotFound),
        ({"remote_address_group_id": "nope"}, errors.AddressGroupNotFound),
        (
            {"remote_group_id": "PARENT", "remote_ip_prefix": "10.0.0.0/8"},
            errors.SecurityGroupMultipleRemoteEntites,
        ),
    ):
        with pytest.raises(error):
            add(d, **remote)
    assert len(template.list_(d, ADMIN, EVERYTHING)) == 4


def test_the_template_follows_the_groups_that_it_names(d):
    remote = a_group(d, project_id="q")
    body = {"project_id": "p", "name": "a", "description": "", "addresses": []}
    [addresses] = address_groups.create(d, ADMIN, [body])
    rule = add(d, remote_group_id=remote["id"])
    kept = add(d, remote_address_group_id=addresses["id"])
    with pytest.raises(errors.AddressGroupInUse):
        address_groups.delete(d, ADMIN, addresses["id"])
    group = a_group(d)
    assert ("ingress", "IPv4", None, remote["id"], None) in says(group)
    groups.delete(d, ADMIN, remote["id"])
    with pytest.raises(errors.DefaultSecurityGroupRuleNotFound):
        template.get(d, ADMIN, rule["id"])
    with d.database.read() as conn:
        told = select(journal.c.event).where(journal.c.resource_id == rule["id"])
        assert list(conn.execute(told).scalars()) == ["create", "delete"]
    template.delete(d, ADMIN, kept["id"])
    assert len(a_group(d)["security_group_rules"]) == 2
    # that rule of the first group is left
    with pytest.raises(errors.AddressGroupInUse):
        address_groups.delete(d, ADMIN, addresses["id"])
    groups.delete(d, ADMIN, group["id"])
    address_groups.delete(d, ADMIN, addresses["id"])


def test_rules_of_default_groups_say_so(d):
    default, other = default_of(d, "p"), a_group(d)
    for group, of_default in ((default, True), (other, False)):
        kept = groups.get(d, MEMBER, group["id"])["security_group_rules"]
        assert {rule["belongs_to_default_sg"] for rule in kept} == {of_default}
        body = {
            **a_body(protocol="tcp", remote_ip_prefix="10.0.0.5/24"),
            "project_id": "p",
            "security_group_id": group["id"],
        }
        [made] = security_group_rules.create(d, MEMBER, [body])
        assert made["belongs_to_default_sg"] is of_default
        assert made["normalized_cidr"] == "10.0.0.0/24"
        assert security_group_rules.get(d, MEMBER, made["id"]) == made
        asked = Query(filters={"belongs_to_default_sg": (of_default,)})
        found = security_group_rules.list_(d, ADMIN, asked)
        assert {rule["security_group_id"] for rule in found} == {group["id"]}
        narrow = replace(asked, fields=("belongs_to_default_sg",))
        assert {"belongs_to_default_sg": of_default} in security_group_rules.list_(d, ADMIN, narrow)
    asked = Query(filters={"normalized_cidr": ("10.0.0.0/24",)})
    assert len(security_group_rules.list_(d, MEMBER, asked)) == 2
    both = Query(filters={"belongs_to_default_sg": (True, False)})
    everything = security_group_rules.list_(d, MEMBER, EVERYTHING)
    assert len(security_group_rules.list_(d, MEMBER, both)) == len(everything)


def test_a_group_costs_the_same_whatever_the_template(d):
    default_of(d, "p")
    with counted(d.database) as few:
        a_group(d)
    for number in range(100, 120):
        add(d, protocol=str(number))
    with counted(d.database) as many:
        a_group(d)
    # default group, settings, template, rows, the quota of the project, journal
    assert len(many) == len(few) <= 7, many


# Statefulness


def setting(d: Deployment, project_id: str | None, *, stateful: bool) -> dict[str, Any]:
    return default_statefulness.create(
        d, ADMIN, [{"project_id": project_id, "stateful": stateful}]
    )[0]


def test_new_groups_are_as_their_project_says(d):
    assert a_group(d)["stateful"] is True
    site = setting(d, None, stateful=False)
    assert a_group(d)["stateful"] is False
    mine = setting(d, "p", stateful=True)
    assert a_group(d)["stateful"] is True
    assert a_group(d, project_id="q")["stateful"] is False
    assert a_group(d, stateful=False)["stateful"] is False
    default_statefulness.update(d, ADMIN, mine["id"], {"stateful": False})
    group = a_group(d)
    assert groups.get(d, ADMIN, group["id"])["stateful"] is False
    default_statefulness.delete(d, ADMIN, mine["id"])
    default_statefulness.delete(d, ADMIN, site["id"])
    assert a_group(d)["stateful"] is True


def test_default_groups_are_stateful(d):
    setting(d, None, stateful=False)
    assert default_of(d, "p")["stateful"] is True


def test_a_project_has_one_setting(d, database):
    from deuteron.db import default_statefulness as rows

    for project_id in ("p", None):
        made = setting(d, project_id, stateful=False)
        with pytest.raises(errors.SecurityGroupDefaultStatefulnessAlreadyExists):
            setting(d, project_id, stateful=True)
        # who was as quick is tried again
        with pytest.raises(errors.TryAgain), database.transaction(ADMIN) as tx:
            rows.insert_one(tx, {**made, "id": "other"})
        assert default_statefulness.get(d, ADMIN, made["id"]) == made


def test_a_project_sees_its_own_setting(d):
    own = setting(d, "p", stateful=False)
    others = [setting(d, "q", stateful=False), setting(d, None, stateful=True)]
    assert default_statefulness.list_(d, MEMBER, EVERYTHING) == [own]
    assert len(default_statefulness.list_(d, ADMIN, EVERYTHING)) == 3
    hidden = Query(limit=2, marker=max(one["id"] for one in others))
    assert default_statefulness.list_(d, MEMBER, hidden) == [own]
    for one in others:
        for act in (
            lambda one=one: default_statefulness.get(d, MEMBER, one["id"]),
            lambda one=one: default_statefulness.update(d, MEMBER, one["id"], {"stateful": True}),
            lambda one=one: default_statefulness.delete(d, MEMBER, one["id"]),
        ):
            with pytest.raises(errors.SecurityGroupDefaultStatefulnessNotFound):
                act()
