"""Where routers wish to be (``router_availability_zone``): hints at availability zones.

A router that has no hints has those of ``default_availability_zones``. The zones where it is are
those of its agents; `router_rows` reads them with it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core import availability_zones
from deuteron.core.extension import ResourceExtension
from deuteron.db.agents import L3_AGENT
from deuteron.db.transaction import Transaction

Row = dict[str, Any]

ALIAS = "router_availability_zone"
_HINTS = "availability_zone_hints"


def of_routers(*, default: Sequence[str]) -> ResourceExtension:
    """What routers have of it.

    Args:
        default: hints of routers that are given none.
    """

    def on_create(
        _tx: Transaction, body: Mapping[str, Any], row: Row, _parent: Mapping[str, Any]
    ) -> None:
        row[_HINTS] = list(body.get(_HINTS) or default)

    return ResourceExtension(aliases=(ALIAS,), on_create=on_create, on_create_all=_require_zones)


def _require_zones(tx: Transaction, made: Sequence[tuple[Mapping[str, Any], Row]]) -> None:
    """Refuse hints at zones without L3 agents: one statement, none where there are no hints."""
    wanted = {zone for _, router in made for zone in router[_HINTS]}
    availability_zones.require(tx, wanted, L3_AGENT)
