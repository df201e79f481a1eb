"""Extra DHCP options of a port: name, value and IP version, one of each name and version.

An update is merged into what is there: a value of null removes the option, an empty value is
ignored except for the options that may be blank. Source: API reference, "Extra DHCP options";
merging as observed of Neutron.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.core.extension import ResourceExtension
from deuteron.db.transaction import Transaction
from deuteron.errors import NeutronDbObjectDuplicateEntry

ALIAS = "extra_dhcp_opt"
ATTRIBUTE = "extra_dhcp_opts"

# An empty value of these is a value: no default route, no routes.
_MAY_BE_BLANK = frozenset({"router", "classless-static-route"})

Option = dict[str, Any]


def merged(present: Sequence[Option], wanted: Sequence[Mapping[str, Any]]) -> list[Option]:
    """The options of a port after a request.

    Args:
        present: its options, each with ``opt_name``, ``opt_value`` and ``ip_version``.
        wanted: those of the request; ``ip_version`` may be missing and is 4 then.

    Raises:
        NeutronDbObjectDuplicateEntry: the request adds one option twice.
    """
    options = {(option["opt_name"], option["ip_version"]): option for option in present}
    added = set()
    for option in wanted:
        name, value = option["opt_name"], option["opt_value"]
        version = option.get("ip_version", 4)
        key = (name, version)
        if value is None:
            options.pop(key, None)
            continue
        if not value and name not in _MAY_BE_BLANK:
            continue
        if key in added:
            raise NeutronDbObjectDuplicateEntry(
                thing=f"extra DHCP option {name} of IP version {version}"
            )
        if key not in options:
            added.add(key)
        options[key] = {"opt_name": name, "opt_value": value, "ip_version": version}
    return list(options.values())


def _on_create(
    _tx: Transaction, body: Mapping[str, Any], row: dict[str, Any], _network: Mapping[str, Any]
) -> None:
    row[ATTRIBUTE] = merged([], body.get(ATTRIBUTE) or [])


def _on_update(
    _tx: Transaction,
    changes: Mapping[str, Any],
    row: dict[str, Any],
    original: Mapping[str, Any],
) -> None:
    if ATTRIBUTE in changes:  # null and an empty list change nothing
        row[ATTRIBUTE] = merged(original[ATTRIBUTE], changes[ATTRIBUTE] or [])


EXTRA_DHCP_OPTS = ResourceExtension(
    aliases=(ALIAS,), columns=(ATTRIBUTE,), on_create=_on_create, on_update=_on_update
)
