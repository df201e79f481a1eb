"""What an extension of a port is: attributes of its own, kept beside the core's.

    create   row of the core -> on_create of each extension, in order -> security groups -> INSERT
    update   row with the core's changes -> on_update of each, in order -> security groups -> UPDATE
    read     rows -> load of each extension that has one, for all ports at once

The extensions of a deployment are one visible tuple, built in `deuteron.app`; the core knows none
of them by name. Their order is part of the contract: a later one sees what an earlier one has put
into the row (address pairs look at port security).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deuteron.db.transaction import Connectable, Transaction

OnCreate = Callable[[Transaction, Mapping[str, Any], dict[str, Any], Mapping[str, Any]], None]
OnUpdate = Callable[[Transaction, Mapping[str, Any], dict[str, Any], Mapping[str, Any]], None]
Load = Callable[[Connectable, Sequence[dict[str, Any]]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortExtension:
    """One extension of the port, a record of functions.

    Args:
        aliases: its names in ``/v2.0/extensions``.
        columns: columns of the table ``ports`` that are its own, named as its attributes.
        on_create: ``(tx, body, row, network)``, inside the transaction, before the port is
            inserted. ``body`` is the validated request (an attribute that was not given and has no
            default is absent), ``row`` the port so far: it has id, project_id, network_id,
            mac_address and device_owner, and gets the extension's columns here. ``network`` is the
            API dict of the port's network.
        on_update: ``(tx, changes, row, original)``, inside the transaction. ``row`` is the port
            with the core's changes applied and gets the extension's changed columns here;
            ``original`` is the API dict of the port before the request.
        load: ``(conn, ports)`` adds attributes that are not columns to the API dicts of N ports,
            in a constant number of statements.

    An extension refuses a request by raising an error of `deuteron.errors`.
    """

    aliases: tuple[str, ...]
    columns: tuple[str, ...]
    on_create: OnCreate
    on_update: OnUpdate
    load: Load | None = None
