"""What follows when port forwardings come and go, whoever makes them do so.

A change of one counts as a change of its floating IP. Agents take them out of the journal, as
objects of their own: a router need not be told anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from deuteron.db import revisions
from deuteron.db.transaction import Transaction
from deuteron.services.l3.floating import forwarding_rows as rows
from deuteron.services.l3.floating import rows as floating_ip_rows

Forwarding = dict[str, Any]

NOUN = "port_forwarding"


def note(
    tx: Transaction, event: str, changed: Sequence[Forwarding], floating_ips: Mapping[str, Any]
) -> None:
    """Tell the journal of port forwardings, as agents know them.

    Args:
        tx: the transaction.
        event: ``create``, ``update`` or ``delete``.
        changed: those that did.
        floating_ips: id -> ``project_id``, ``router_id`` and ``floating_ip_address`` of their
            floating IPs.
    """
    for one in changed:
        floating_ip = floating_ips[one["floatingip_id"]]
        tx.journal(NOUN, one["id"], event, floating_ip["project_id"], whole(one, floating_ip))


def whole(forwarding: Forwarding, floating_ip: Mapping[str, Any]) -> Forwarding:
    """A port forwarding as agents know it, with what is of its floating IP.

    Args:
        forwarding: all columns.
        floating_ip: with ``router_id`` and ``floating_ip_address``.
    """
    return {
        **rows.shown(forwarding),
        **{name: floating_ip[name] for name in ("router_id", "floating_ip_address")},
    }


def remove(tx: Transaction, gone: Sequence[Forwarding], floating_ips: Mapping[str, Any]) -> None:
    """Delete port forwardings.

    Args:
        tx: the transaction.
        gone: at least one.
        floating_ips: as for `note`.
    """
    ids = sorted({one["floatingip_id"] for one in gone})
    revisions.bump(tx, floating_ip_rows.COLLECTION, ids, tx.now)
    rows.delete_many(tx, [one["id"] for one in gone], ids)
    note(tx, "delete", gone, {one: floating_ips[one] for one in ids})
