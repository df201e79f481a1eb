"""Check strings, cut down for a kind of caller, say what oslo.policy would say."""

from typing import Any

import pytest

from deuteron.api.policies import DEFAULTS, RENAMED
from deuteron.api.policy_checks import EXT_PARENT, Caller, Open, Rules
from deuteron.api.policy_files import parsed
from deuteron.context import RequestContext

CHECKS = parsed(DEFAULTS)
P = "project-p"
CTX = RequestContext(
    request_id="r", project_id=P, user_id="u", project_domain_id="d", user_domain_id="e"
)
NOBODY = RequestContext(request_id="r")


class Family:
    """Parents that are all of one project; networks that are shared or not."""

    def __init__(self, project: str = P, shared: Any = None) -> None:
        self._project = project
        self._shared = shared
        self.asked: list[tuple[str, str]] = []

    def owner(self, kind: str, parent_id: str) -> str | None:
        self.asked.append((kind, parent_id))
        return self._project

    def of_network(self, network_id: str, field: str) -> Any:
        self.asked.append((field, network_id))
        return self._shared


def outcome(text: str, *roles: str, own: bool = False, **more: Any) -> Any:
    rules = Rules(
        {**CHECKS, **parsed({"it": text})},
        Caller(roles=frozenset(roles), **more),
        default="default",
        own=own,
    )
    return rules.outcome("it")


def holds(
    text: str,
    *roles: str,
    target: dict[str, Any] | None = None,
    family: Family | None = None,
    ctx: RequestContext = CTX,
) -> bool:
    found = outcome(text, *roles)
    return found.test(target or {}, ctx, family or Family()) if isinstance(found, Open) else found


@pytest.mark.parametrize(
    ("text", "roles", "expected"),
    [
        ("", (), True),
        ("@", (), True),
        ("!", ("admin",), False),
        ("role:reader", ("reader",), True),
        ("role:Reader", ("reader",), True),
        ("role:reader", ("member",), False),
        ("not role:reader", ("member",), True),
        ("role:a and role:b", ("a",), False),
        ("role:a and role:b", ("a", "b"), True),
        ("role:a or role:b", ("b",), True),
        ("role:a and (role:b or not role:c)", ("a",), True),
        ("rule:admin_only", ("admin",), True),
        ("rule:admin_only", ("manager",), False),
        ("rule:there_is_none", ("admin",), True),  # the default rule: admin_or_owner
        ("roles:a", ("a",), True),
        ("service_roles:service", ("service",), False),
        ("is_admin:True", (), False),
        ("nonsense:x", ("admin",), False),
        ("role:admin or project_id:%(project_id)s", ("admin",), True),
        ("role:member and project_id:%(project_id)s", ("reader",), False),
    ],
)
def test_what_roles_alone_decide_is_decided_at_once(
    text: str, roles: tuple[str, ...], expected: bool
) -> None:
    assert outcome(text, *roles) is expected


def test_the_callers_nature_is_known_too() -> None:
    assert outcome("is_admin:True", is_admin=True) is True
    assert outcome("service_roles:service", service_roles=frozenset(["service"])) is True
    assert outcome("system_scope:all", system_scope="all") is True
    assert outcome("system_scope:all") is False


@pytest.mark.parametrize("kind", ["project_id", "tenant_id"])
@pytest.mark.parametrize("field", ["project_id", "tenant_id"])
def test_whose_a_target_is(kind: str, field: str) -> None:
    text = f"role:member and {kind}:%({field})s"
    assert holds(text, "member", target={"project_id": P})
    assert not holds(text, "member", target={"project_id": "another"})
    assert not holds(text, "member", target={})
    assert not holds(text, "member", target={"project_id": ""}, ctx=NOBODY)
    assert outcome(text, "member", own=True) is True


@pytest.mark.parametrize(
    ("text", "target", "kind"),
    [
        ("project_id:%(network:project_id)s", {"network_id": "n"}, "network"),
        ("tenant_id:%(network:tenant_id)s", {"network_id": "n"}, "network"),
        ("tenant_id:%(network_tenant_id)s", {"network_id": "n"}, "network"),
        ("project_id:%(security_group:project_id)s", {"security_group_id": "n"}, "security_group"),
        ("rule:network_owner", {"network_id": "n"}, "network"),
        ("rule:sg_owner", {"security_group_id": "n"}, "security_group"),
        ("rule:ext_parent_owner", {EXT_PARENT: ("policy", "n")}, "policy"),
    ],
)
def test_whose_a_targets_parent_is(text: str, target: dict[str, Any], kind: str) -> None:
    family = Family()
    assert holds(text, target=target, family=family)
    assert family.asked == [(kind, "n")]
    assert not holds(text, target=target, family=Family("another"))
    assert not holds(text, target={}, family=family)
    assert not holds(text, target=target, family=Family(""), ctx=NOBODY)


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("field:networks:shared=True", {"shared": True}, True),
        ("field:networks:shared=true", {"shared": True}, True),
        ("field:networks:shared=True", {"shared": False}, False),
        ("field:networks:shared=True", {"shared": None}, False),
        ("field:networks:shared=True", {}, False),
        ("field:networks:router:external=True", {"router:external": True}, True),
        ("field:port:device_owner=~^network:", {"device_owner": "network:dhcp"}, True),
        ("field:port:device_owner=~^network:", {"device_owner": "compute:nova"}, False),
        ("field:port:device_owner=~^network:", {"device_owner": None}, False),
        ("not field:port:device_owner=~^network:", {}, True),
        ("field:rbac_policy:target_project=*", {"target_project": "*"}, True),
        ("field:rbac_policy:target_project=*", {"target_project": "x"}, False),
        ("user_id:%(user_id)s", {"user_id": "u"}, True),
        ("user_id:%(user_id)s", {"user_id": "v"}, False),
        ("user_id:%(user_id)s", {}, False),
        ("user_id:u", {}, True),
        ("project_id:project-p", {}, True),
        ("project_id:other", {}, False),
        ("project_domain_id:d", {}, True),
        ("user_domain_id:d", {}, False),
        ("'nova':%(name)s", {"name": "nova"}, True),
        ("True:%(admin_state_up)s", {"admin_state_up": True}, True),
        ("True:%(admin_state_up)s", {"admin_state_up": False}, False),
        ("role:%(name)s", {"name": "Member"}, True),
        ("role:%(name)s", {"name": "other"}, False),
        ("role:%(name)s", {}, False),
    ],
)
def test_what_a_target_says(text: str, target: dict[str, Any], expected: bool) -> None:
    assert holds(text, "member", target=target) is expected


def test_whether_a_things_network_is_shared() -> None:
    port = {"network_id": "n"}
    assert holds("rule:shared", target=port, family=Family(shared=True))
    assert not holds("rule:shared", target=port, family=Family(shared=False))
    assert not holds("rule:shared", target=port, family=Family(shared=None))
    assert not holds("rule:shared", target={}, family=Family(shared=True))
    assert holds("rule:external_network", target=port, family=Family(shared=True))


def test_what_is_dear_is_asked_last() -> None:
    text = "rule:shared or rule:network_owner or project_id:%(project_id)s"
    family = Family()
    assert holds(text, target={"project_id": P, "network_id": "n"}, family=family)
    assert family.asked == []


def test_a_check_tells_what_it_reads() -> None:
    found = outcome(DEFAULTS["delete_port"], "member")
    assert isinstance(found, Open)
    assert found.reads == {"project_id", "network_id", "device_owner"}


def test_all_defaults_can_be_understood() -> None:
    for name, check in CHECKS.items():
        assert str(check) != "!" or DEFAULTS[name] == "!", name
    assert set(RENAMED.values()) <= set(DEFAULTS)
    assert not set(RENAMED) & set(DEFAULTS)


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_an_administrator_is_refused_what_is_for_services_alone(name: str) -> None:
    rules = Rules(
        CHECKS,
        Caller(roles=frozenset(("admin", "manager", "member", "reader"))),
        default="default",
        own=False,
    )
    for_others = {
        "activate", "create_port_binding", "delete_port_binding", "service_api",
        "create_port:binding:profile", "update_port:binding:profile",
        "context_is_advsvc", "context_with_global_access", "context_can_set_project_id",
    }  # fmt: skip
    verbs = ("get_", "create_", "update_", "delete_", "add_", "remove_", "activate", "context_")
    if name.startswith(verbs):
        found = rules.outcome(name)
        assert (found is False) == (name in for_others)
        if name not in for_others:
            target: dict[str, Any] = {}
            assert found is True or found.test(target, CTX, Family("another")), name
