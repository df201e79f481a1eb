"""The default external network: the one that topologies for those who ask for none lead to.

At most one external network is it; a unique key keeps it so. A network that is not external is
none, whatever a request says (observed), and has no ``is_default``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db import networks as rows
from deuteron.db.transaction import Connectable, Transaction
from deuteron.errors import DefaultExternalNetworkExists

Row = dict[str, Any]

_IS_DEFAULT = "is_default"
_COLUMN = "default_external"
_EXTERNAL = "router:external"


def _on_create(
    _tx: Transaction, body: Mapping[str, Any], row: Row, _parent: Mapping[str, Any]
) -> None:
    row[_IS_DEFAULT] = bool(row[_EXTERNAL] and body.get(_IS_DEFAULT))
    row[_COLUMN] = row[_IS_DEFAULT] or None


def _on_create_all(tx: Transaction, made: Sequence[tuple[Mapping[str, Any], Row]]) -> None:
    defaults = [network["id"] for _, network in made if network[_IS_DEFAULT]]
    if defaults:
        present = rows.default_external(tx) or (defaults[0] if len(defaults) > 1 else None)
        _require_none(present)


def _require_none(network_id: str | None) -> None:
    if network_id is not None:
        raise DefaultExternalNetworkExists(net_id=network_id)


def _on_update(
    tx: Transaction, changes: Mapping[str, Any], row: Row, original: Mapping[str, Any]
) -> None:
    was = bool(original[_COLUMN])
    wanted = bool(row[_EXTERNAL]) and bool(changes.get(_IS_DEFAULT, was))
    if wanted and not was:
        _require_none(rows.default_external(tx))
    row[_COLUMN] = wanted or None
    _show(row)


def _load(_conn: Connectable, networks: Sequence[Row]) -> None:
    if _COLUMN in networks[0]:
        for network in networks:
            _show(network)


def _show(network: Row) -> None:
    if network[_EXTERNAL]:
        network[_IS_DEFAULT] = bool(network[_COLUMN])
    else:
        network.pop(_IS_DEFAULT, None)


DEFAULT_EXTERNAL_NETWORK = ResourceExtension(
    aliases=("external-net",),
    columns=(_COLUMN,),
    on_create=_on_create,
    on_create_all=_on_create_all,
    on_update=_on_update,
    load=_load,
    shown=(_IS_DEFAULT,),
)
