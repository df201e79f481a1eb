"""What an extension of a core resource is: attributes of its own, kept beside the core's.

    create   rows of the core -> on_create of each extension, in order, row by row
             -> on_create_all of each, for all rows at once -> INSERT -> stored
             -> of subnets, after the commit: created
    update   row with the core's changes -> on_update of each, in order -> UPDATE
             addresses of a port -> readdressed of each
    delete   of a network: clear of each, before the transaction
             on_delete of each, in order -> DELETE
    read     rows -> load of each extension that has one, for all of them at once
    and after each of them, when everything else is there: derive

Networks, subnets and ports are extended in the same way. The extensions of a deployment are
visible tuples, built in `deuteron.app`; the core knows none of them by name, and a service plugin
can bring its own. Their order is part of the contract: a later one sees what an earlier one has
put into the row (address pairs look at port security).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deuteron.context import RequestContext
from deuteron.db.transaction import Connectable, Transaction

Row = dict[str, Any]
OnCreate = Callable[[Transaction, Mapping[str, Any], Row, Mapping[str, Any]], None]
OnCreateAll = Callable[[Transaction, Sequence[tuple[Mapping[str, Any], Row]]], None]
OnUpdate = Callable[[Transaction, Mapping[str, Any], Row, Mapping[str, Any]], None]
Readdressed = Callable[[Transaction, Row, Mapping[str, Any]], None]
Clear = Callable[[Any, RequestContext, str], None]
Created = Callable[[Any, RequestContext, Sequence[Row]], None]
OnDelete = Callable[[Transaction, Mapping[str, Any]], None]
Stored = Callable[[Transaction, Mapping[str, Any], Row], None]
Load = Callable[[Connectable, Sequence[Row]], None]
Derive = Callable[[Sequence[Row]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceExtension:
    """One extension of a network, subnet or port, a record of functions.

    Args:
        aliases: its names in ``/v2.0/extensions``.
        columns: columns of the resource's table that are its own, named as its attributes. They
            are read and written with the row.
        on_create: ``(tx, body, row, parent)``, inside the transaction, before the row is
            inserted. ``body`` is the validated request (an attribute that was not given and has no
            default is absent), ``row`` the API dict so far, which gets the extension's attributes
            here: that of a port has id, project_id, network_id, mac_address and device_owner.
            ``parent`` is the API dict of the network (of a port or subnet), else empty.
        on_create_all: ``(tx, made)``, inside the transaction, after `on_create` of all rows of a
            request and before any is inserted; (body, row) pairs. For what costs statements, so
            that many rows cost what one does.
        stored: ``(tx, body, row)``, inside the transaction, after the row was inserted, for those
            with a table of their own that refers to it.
        created: ``(deployment, ctx, rows)``, of new subnets, after their transaction: for what
            follows by verbs, each with a transaction of its own. The request succeeds all the same.
        on_update: ``(tx, changes, row, original)``, inside the transaction. ``row`` is the API
            dict with the core's changes applied and gets the extension's changes here;
            ``original`` is the API dict before the request.
        readdressed: ``(tx, row, original)``, inside the transaction, when an update has given a
            port other addresses than those of ``original``.
        clear: ``(deployment, context, id)``, before the transaction that deletes a network: takes
            away what goes with it and has verbs of its own.
        on_delete: ``(tx, row)``, inside the transaction, before the row is deleted, to refuse that
            or to clean up what no foreign key takes along.
        load: ``(conn, rows)`` adds attributes that are not columns to N API dicts, in a constant
            number of statements.
        derive: ``(rows)`` adds attributes that follow from others alone, to API dicts that were
            made, changed or read; those that were read in part may lack what it looks at.

        shown: attributes that `load` and `derive` add; a list that asks for others only does
            without them. None named: they are always needed.

    An extension refuses a request by raising an error of `deuteron.errors`.
    """

    aliases: tuple[str, ...]
    columns: tuple[str, ...] = ()
    on_create: OnCreate | None = None
    on_create_all: OnCreateAll | None = None
    stored: Stored | None = None
    created: Created | None = None
    on_update: OnUpdate | None = None
    readdressed: Readdressed | None = None
    clear: Clear | None = None
    on_delete: OnDelete | None = None
    load: Load | None = None
    derive: Derive | None = None
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The extensions of one noun, in the order in which they see a request.

    Args:
        extensions: all of them.
    """

    extensions: tuple[ResourceExtension, ...] = ()

    def on_create(
        self, tx: Transaction, body: Mapping[str, Any], row: Row, parent: Mapping[str, Any]
    ) -> None:
        """Let each add its attributes to a row that will be inserted."""
        for extension in self.extensions:
            if extension.on_create is not None:
                extension.on_create(tx, body, row, parent)

    def on_create_all(self, tx: Transaction, made: Sequence[tuple[Mapping[str, Any], Row]]) -> None:
        """Let each check and complete all rows of a request, before any is inserted."""
        for extension in self.extensions:
            if extension.on_create_all is not None:
                extension.on_create_all(tx, made)

    def stored(self, tx: Transaction, made: Iterable[tuple[Mapping[str, Any], Row]]) -> None:
        """Let each keep what refers to rows that were inserted; (body, row) pairs."""
        keepers = [one.stored for one in self.extensions if one.stored is not None]
        if keepers:
            for body, row in made:
                for keep in keepers:
                    keep(tx, body, row)

    def created(self, d: Any, ctx: RequestContext, rows: Sequence[Row]) -> None:
        """Let each do what follows when new rows are committed."""
        for extension in self.extensions:
            if extension.created is not None:
                extension.created(d, ctx, rows)

    def on_update(
        self,
        tx: Transaction,
        changes: Mapping[str, Any],
        row: Row,
        original: Mapping[str, Any],
    ) -> None:
        """Let each apply its changes to a row that will be written."""
        for extension in self.extensions:
            if extension.on_update is not None:
                extension.on_update(tx, changes, row, original)

    def readdressed(self, tx: Transaction, row: Row, original: Mapping[str, Any]) -> None:
        """Let each refuse the new addresses of a port, or follow them."""
        for extension in self.extensions:
            if extension.readdressed is not None:
                extension.readdressed(tx, row, original)

    def clear(self, d: Any, ctx: RequestContext, row_id: str) -> None:
        """Let each take away what goes with a network, before that goes."""
        for extension in self.extensions:
            if extension.clear is not None:
                extension.clear(d, ctx, row_id)

    def on_delete(self, tx: Transaction, row: Mapping[str, Any]) -> None:
        """Let each refuse the end of a row, or clean up before it."""
        for extension in self.extensions:
            if extension.on_delete is not None:
                extension.on_delete(tx, row)

    def load(
        self, conn: Connectable, rows: Sequence[Row], fields: Collection[str] | None = None
    ) -> None:
        """Let each add what it keeps elsewhere, and what follows, to rows that were read.

        Args:
            conn: where to read.
            rows: API dicts.
            fields: names of the attributes that are asked for, None for all.
        """
        if not rows:
            return
        asked = [one for one in self.extensions if _is_asked(one, fields)]
        for extension in asked:
            if extension.load is not None:
                extension.load(conn, rows)
        for extension in asked:
            if extension.derive is not None:
                extension.derive(rows)

    def derive(self, rows: Sequence[Row]) -> None:
        """Let each add what follows from the other attributes of rows, at least one."""
        for extension in self.extensions:
            if extension.derive is not None:
                extension.derive(rows)


def _is_asked(extension: ResourceExtension, fields: Collection[str] | None) -> bool:
    return fields is None or not extension.shown or not set(extension.shown).isdisjoint(fields)
