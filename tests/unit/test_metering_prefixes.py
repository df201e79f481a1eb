"""Prefixes of metering label rules: what may be said, and what overlaps. As observed of Neutron."""

from typing import Any

import pytest

from deuteron.errors import Invalid
from deuteron.services.metering.prefixes import canonical, overlapping


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("10.0.0.0/24", "10.0.0.0/24"),
        ("10.0.0.7/16", "10.0.0.7/16"),
        ("10.1.0.1", "10.1.0.1/32"),
        ("10.0.5.0/255.255.255.0", "10.0.5.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8::1/64", "2001:db8::1/64"),
    ],
)
def test_prefixes_are_shown_in_one_form(given: str, shown: str) -> None:
    nothing = dict.fromkeys(("remote_ip_prefix", "source_ip_prefix", "destination_ip_prefix"))
    assert canonical({"remote_ip_prefix": given}) == {**nothing, "remote_ip_prefix": shown}
    both = {"source_ip_prefix": given, "destination_ip_prefix": given, "remote_ip_prefix": ""}
    assert canonical(both) == {
        "remote_ip_prefix": None,
        "source_ip_prefix": shown,
        "destination_ip_prefix": shown,
    }


@pytest.mark.parametrize(
    "wrong",
    ["nonsense", "10.0.0.300", "10.0.6", " 10.0.6.0/24", 17, True, ["10.0.0.0/24"], {"a": 1}],
)
def test_what_is_no_prefix_is_refused(wrong: Any) -> None:
    for name in ("remote_ip_prefix", "source_ip_prefix", "destination_ip_prefix"):
        with pytest.raises(Invalid, match=name):
            canonical({name: wrong})


@pytest.mark.parametrize("more", ["source_ip_prefix", "destination_ip_prefix"])
def test_a_remote_prefix_stands_alone(more: str) -> None:
    with pytest.raises(Invalid, match="together"):
        canonical({"remote_ip_prefix": "10.0.0.0/24", more: "10.0.0.0/24"})


@pytest.mark.parametrize(
    "body", [{}, {"remote_ip_prefix": None}, {"source_ip_prefix": "", "destination_ip_prefix": {}}]
)
def test_one_is_needed(body: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="must be given"):
        canonical(body)


def rule(prefix: str | None, *, direction: str = "ingress", excluded: bool = False) -> Any:
    return {"remote_ip_prefix": prefix, "direction": direction, "excluded": excluded}


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        (rule("10.0.0.0/25"), True),
        (rule("10.0.0.0/8"), True),
        (rule("10.0.0.200/32"), True),
        (rule("10.0.0.1/16"), True),
        (rule("10.0.1.0/24"), False),
        (rule("::/0"), False),
        (rule("::a00:0/120"), False),
        (rule(None), False),
        (rule("10.0.0.0/24", direction="egress"), False),
        (rule("10.0.0.0/24", excluded=True), False),
    ],
)
def test_remote_prefixes_overlap(other: Any, *, overlaps: bool) -> None:
    mine = rule("10.0.0.0/24")
    assert overlapping(mine, [rule("192.0.2.0/24"), other]) == (other if overlaps else None)
    assert overlapping(other, [mine]) == (mine if overlaps else None)
