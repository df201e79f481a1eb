"""Which ports of a floating IP can lead to which ports inside, without a database."""

from typing import Any

import pytest

from deuteron.errors import BadRequest
from deuteron.services.port_forwarding import rules


def forwarding(external: str, internal: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"{external}>{internal}",
        "floatingip_id": "f",
        "protocol": "tcp",
        "internal_port_id": "p",
        "internal_ip_address": "10.0.0.1",
        **rules.ports_of({"external_port_range": external, "internal_port_range": internal}),
        **values,
    }


def refused(check: Any, *arguments: Any) -> bool:
    try:
        check(*arguments)
    except BadRequest:
        return True
    return False


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"external_port": 80}, {"external_port_start": 80, "external_port_end": 80}),
        ({"internal_port": "8"}, {"internal_port_start": 8, "internal_port_end": 8}),
        ({"external_port_range": "5:9"}, {"external_port_start": 5, "external_port_end": 9}),
        ({"external_port_range": "5"}, {"external_port_start": 5, "external_port_end": 5}),
        (
            {"external_port": 1, "external_port_range": "2:3"},
            {"external_port_start": 1, "external_port_end": 1},
        ),
        ({"external_port": None, "external_port_range": None}, {}),
    ],
)
def test_the_ports_that_a_request_names(body: dict[str, Any], found: dict[str, int]) -> None:
    assert rules.ports_of(body) == found


@pytest.mark.parametrize(
    ("external", "internal", "fits"),
    [
        ("80", "8080", True),
        ("80:89", "8080:8089", True),
        ("80:89", "8080", True),
        ("80:89", "8080:8085", False),
        ("80", "8080:8081", False),
    ],
)
def test_ranges_are_of_one_length_unless_one_port_is_for_all(
    external: str, internal: str, fits: bool
) -> None:
    assert refused(rules.require_ports, forwarding(external, internal)) is not fits


def test_both_sides_have_ports() -> None:
    assert refused(rules.require_ports, rules.ports_of({"external_port": 1}))
    assert refused(rules.require_ports, rules.ports_of({"internal_port": 1}))


def test_what_is_taken() -> None:
    one = forwarding("80:89", "180:189")

    def is_taken(external: str, internal: str, **values: Any) -> bool:
        return refused(rules.require_free, forwarding(external, internal, **values), [one])

    assert is_taken("89:90", "1:2")
    assert is_taken("1:2", "189:190")
    assert not is_taken("90:99", "190:199")
    assert not is_taken("80:89", "180:189", protocol="udp")
    assert not is_taken("80:89", "180:189", id=one["id"])
    assert is_taken("80", "1", internal_ip_address="10.0.0.2")
    assert not is_taken("1", "180", internal_ip_address="10.0.0.2")
    assert not is_taken("1", "180", internal_port_id="q")
    assert not is_taken("80", "1", floatingip_id="g")
    assert is_taken("1", "180", floatingip_id="g")
