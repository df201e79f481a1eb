"""Which ports of a floating IP can lead to which ports inside. No I/O.

A single port is a range of one. As many ports outside lead to as many inside, or any number of them
to one. Source: API reference, "Floating IPs port forwarding"; refusals as observed of Neutron.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from deuteron.errors import BadRequest

Forwarding = Mapping[str, Any]

EXTERNAL = "external"
INTERNAL = "internal"
SIDES = (EXTERNAL, INTERNAL)


def refusal(msg: str) -> BadRequest:
    """The error of a port forwarding that cannot be as it is wished.

    Args:
        msg: why not.
    """
    return BadRequest(resource="port_forwarding", msg=msg)


def ports_of(body: Mapping[str, Any]) -> dict[str, int]:
    """The columns of the ports that a request names; what it names by port goes before ranges.

    Args:
        body: validated; ``external_port``, ``external_port_range`` and likewise ``internal``.

    Returns:
        ``external_port_start`` and so on, of the sides that are named.
    """
    found: dict[str, int] = {}
    for side in SIDES:
        port, span = body.get(f"{side}_port"), body.get(f"{side}_port_range")
        if port is not None:
            start = end = int(port)
        elif span is not None:
            first, _, last = str(span).partition(":")
            start, end = int(first), int(last or first)
        else:
            continue
        found[f"{side}_port_start"], found[f"{side}_port_end"] = start, end
    return found


def require_ports(forwarding: Forwarding) -> None:
    """Refuse ranges that do not fit each other, and a side without ports.

    Raises:
        BadRequest: see above.
    """
    lengths = {}
    for side in SIDES:
        if f"{side}_port_start" not in forwarding:
            raise refusal(f"name an {side}_port or an {side}_port_range")
        lengths[side] = forwarding[f"{side}_port_end"] - forwarding[f"{side}_port_start"]
    if lengths[INTERNAL] and lengths[INTERNAL] != lengths[EXTERNAL]:
        raise refusal("there must be as many internal ports as external ones, or a single one")


def require_free(forwarding: Forwarding, others: Iterable[Forwarding]) -> None:
    """Refuse ports that lead elsewhere already, and ports to which others lead already.

    Args:
        forwarding: as it is to be.
        others: those of its floating IP, and those that lead to its port.

    Raises:
        BadRequest: one of them has one of its ports.
    """
    for other in others:
        if other["id"] == forwarding["id"] or other["protocol"] != forwarding["protocol"]:
            continue
        if _same(forwarding, other, "floatingip_id") and _overlap(forwarding, other, EXTERNAL):
            raise refusal(_taken(other, EXTERNAL))
        if _same(forwarding, other, "internal_port_id", "internal_ip_address") and _overlap(
            forwarding, other, INTERNAL
        ):
            raise refusal(_taken(other, INTERNAL))


def _same(one: Forwarding, other: Forwarding, *names: str) -> bool:
    return all(one[name] == other[name] for name in names)


def _overlap(one: Forwarding, other: Forwarding, side: str) -> bool:
    start, end = f"{side}_port_start", f"{side}_port_end"
    return bool(one[start] <= other[end] and other[start] <= one[end])


def _taken(other: Forwarding, side: str) -> str:
    span = f"{other[f'{side}_port_start']}:{other[f'{side}_port_end']}"
    return f"port forwarding {other['id']} has the {side} ports {span}"
