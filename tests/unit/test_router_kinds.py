"""Kinds of routers: what new ones are, what they may become, who owns their interfaces."""

from dataclasses import dataclass
from typing import Any

import pytest

from deuteron.errors import BadRequest
from deuteron.services.l3 import kinds
from deuteron.services.l3.ha import routers as ha
from deuteron.services.l3.ha.rows import Place
from deuteron.services.l3.kinds import Kind


@dataclass(frozen=True)
class Settings:
    router_distributed: bool = False
    l3_ha: bool = False
    enable_dvr: bool = True


@pytest.mark.parametrize(
    ("settings", "body", "expected"),
    [
        (Settings(), {}, (False, False)),
        (Settings(), {"ha": None, "distributed": None}, (False, False)),
        (Settings(l3_ha=True), {"ha": None}, (False, True)),
        (Settings(l3_ha=True), {"ha": False}, (False, False)),
        (Settings(router_distributed=True), {"ha": True}, (True, True)),
        (Settings(), {"distributed": True, "ha": object()}, (True, False)),
    ],
)
def test_a_new_router_is_what_is_said_or_configured(settings, body, expected):
    kind = kinds.of_new(settings, body)
    assert (kind.distributed, kind.ha) == expected


def test_owners_of_interfaces():
    def owner(*, distributed: bool, ha: bool) -> str:
        return kinds.interface_owner({"distributed": distributed, "ha": ha})

    assert owner(distributed=False, ha=False) == "network:router_interface"
    assert owner(distributed=False, ha=True) == "network:ha_router_replicated_interface"
    assert owner(distributed=True, ha=False) == "network:router_interface_distributed"
    assert owner(distributed=True, ha=True) == "network:router_interface_distributed"


def a_router(**values: Any) -> dict[str, Any]:
    return {"admin_state_up": True, "distributed": False, "ha": False, **values}


@pytest.mark.parametrize(
    ("router", "changes", "expected"),
    [
        ({}, {}, None),
        ({}, {"ha": None, "distributed": False}, None),
        ({}, {"ha": True}, "refused"),
        ({}, {"ha": True, "admin_state_up": False}, Kind(distributed=False, ha=True)),
        ({"admin_state_up": False}, {"ha": True}, Kind(distributed=False, ha=True)),
        ({"admin_state_up": False}, {"ha": True, "admin_state_up": True}, "refused"),
        ({}, {"distributed": True, "admin_state_up": False}, "refused"),
        ({"admin_state_up": False}, {"distributed": True}, Kind(distributed=True, ha=False)),
        (
            {"admin_state_up": False, "ha": True},
            {"distributed": True, "ha": False},
            Kind(distributed=True, ha=False),
        ),
    ],
)
def test_a_router_changes_its_kind_only_while_it_is_down(router, changes, expected):
    if expected == "refused":
        with pytest.raises(BadRequest):
            kinds.changed(a_router(**router), changes)
    else:
        assert kinds.changed(a_router(**router), changes) == expected


def a_place(agent: str, state: str | None, heard: str = "2") -> Place:
    return Place(
        router_id="r",
        agent_id=agent,
        host=agent,
        port_id=None,
        state=state,
        heartbeat_timestamp=heard,
        admin_state_up=True,
    )


def test_what_a_dead_agent_said_is_true_no_more():
    dead, alive = a_place("a", "active", "0"), a_place("b", "standby")
    assert ha.shown([dead, alive], "1") == {"a": "standby", "b": "standby"}
    assert ha.shown([dead, a_place("b", "standby", "0")], "1") == {"a": "unknown", "b": "standby"}
    assert ha.shown([a_place("a", "active"), alive], "1") == {"a": "active", "b": "standby"}
