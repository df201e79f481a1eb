"""Attributes that extension drivers of other distributions bring, wherever a verb needs them.

Without such a driver each of these functions is one look at a table made at start.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.db.transaction import Transaction
from deuteron.ml2.extension_drivers import Noun
from deuteron.ml2.plugin_context import plugin_context

Resource = dict[str, Any]


def keep(
    d: Deployment, tx: Transaction, noun: Noun, made: Iterable[tuple[Resource, Resource]]
) -> None:
    """Let the drivers keep their attributes of new resources.

    Args:
        d: the deployment.
        tx: the transaction in which they are made.
        noun: what they are.
        made: (validated request, API dict) pairs; the dicts get the drivers' attributes.

    Raises:
        NetworkError: a driver refused.
    """
    for body, resource in made:
        d.extension_drivers.created(noun, plugin_context(tx), body, resource)


def change(
    d: Deployment, tx: Transaction, noun: Noun, changes: Mapping[str, Any], changed: Resource
) -> None:
    """Let the drivers keep what changes of their attributes; see `keep`."""
    d.extension_drivers.updated(noun, plugin_context(tx), dict(changes), changed)


def add(d: Deployment, tx: Transaction, noun: Noun, shown: Iterable[Resource]) -> None:
    """Add the drivers' attributes to API dicts, within an open transaction."""
    if d.extension_drivers.shows(noun):
        d.extension_drivers.extend(noun, tx.session, shown)


def show(d: Deployment, ctx: RequestContext, noun: Noun, shown: Sequence[Resource]) -> None:
    """Add the drivers' attributes to API dicts that were read outside of a transaction.

    Drivers read by an ORM session, so a transaction is opened for them if there is one.
    """
    if shown and d.extension_drivers.shows(noun):
        with d.database.transaction(ctx) as tx:
            d.extension_drivers.extend(noun, tx.session, shown)
