"""Postcommit hooks: run after the commit, remembered until they have run.

    in the transaction   due()   one row per resource, only if a driver overrides the hook
    after the commit     run()   the hooks; then the rows are settled
    after a crash or a failure   the rows that are left are repeated

A failure of a create hook is raised, and the core removes the resource again. Failures of update
and delete hooks are logged and repeated until they succeed: the change itself stands.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import driver_contexts
from deuteron.core.deployment import Deployment
from deuteron.db import postcommits as rows
from deuteron.db.transaction import Transaction
from deuteron.errors import DatabaseUnavailable, MechanismDriverError, TryAgain
from deuteron.ml2.contexts import BoundLevel
from deuteron.ml2.dispatch import Hook
from deuteron.segment import Segment

LOG = logging.getLogger(__name__)

Resource = dict[str, Any]

# Who runs the hooks right after the commit has this long before anybody else does.
_GRACE = timedelta(minutes=5)
_FIRST_REPEAT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One resource whose hooks are due, with what can no longer be read after the commit.

    Args:
        current: API dict after the change (before it, of a deleted one).
        original: API dict before an update.
        segments: of a deleted network.
        levels: binding levels of a deleted port.
        original_levels: binding levels before an update that changed them.
    """

    current: Resource
    original: Resource | None = None
    segments: tuple[Segment, ...] | None = None
    levels: tuple[BoundLevel, ...] | None = None
    original_levels: tuple[BoundLevel, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Hooks that are due, and the ids of the rows that remember them."""

    hook: Hook
    items: tuple[Item, ...]
    ids: tuple[str, ...]


def due(d: Deployment, tx: Transaction, hook: Hook, items: Sequence[Item]) -> Due | None:
    """Remember in the transaction that a hook has to run after it.

    Returns:
        what `run` takes; None if no driver overrides the hook, and then nothing is written.
    """
    if not items or not d.mechanisms.overrides(hook):
        return None
    ids = tuple(str(uuid.uuid4()) for _ in items)
    due_at = _after(d, _GRACE)
    drivers = list(d.mechanisms.drivers_with(hook))
    rows.append(
        tx,
        [
            {
                "id": entry_id,
                "hook": hook.value,
                "resource_id": item.current["id"],
                "payload": as_payload(item, tx.context),
                "drivers": drivers,
                "due_at": due_at,
            }
            for entry_id, item in zip(ids, items, strict=True)
        ],
    )
    return Due(hook=hook, items=tuple(items), ids=ids)


def _after(d: Deployment, delay: timedelta) -> str:
    moment = datetime.strptime(d.clock(), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) + delay
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def run(d: Deployment, ctx: RequestContext, owed: Due | None) -> None:
    """Run hooks that are due and settle their rows.

    Args:
        owed: as `due` returned it; None does nothing.

    Raises:
        MechanismDriverError: a create hook failed; the caller removes the resources.
    """
    if owed is None:
        return
    contexts = [context_of(d, ctx, owed.hook, item) for item in owed.items]
    try:
        d.mechanisms.postcommit(owed.hook, contexts)
    except MechanismDriverError as error:
        if owed.hook.continues_on_failure:
            _settle(d, ctx, owed, error)
            return
        raise  # the rows are forgotten when the resource is gone
    _settle(d, ctx, owed, None)


def _settle(
    d: Deployment, ctx: RequestContext, owed: Due, error: MechanismDriverError | None
) -> None:
    """Forget the hooks that succeeded, postpone those that failed.

    The change is committed, so trouble with the database must not reach the caller, who would
    repeat it: what stays in the queue is only run once more.
    """
    try:
        _settle_now(d, ctx, owed, error)
    except (TryAgain, DatabaseUnavailable) as trouble:
        LOG.warning("%s stays in the queue and will be repeated: %s", owed.hook.value, trouble)


def _settle_now(
    d: Deployment, ctx: RequestContext, owed: Due, error: MechanismDriverError | None
) -> None:
    if error is None:
        with d.database.read() as conn:  # one statement stands alone
            rows.settle(conn, owed.ids)
        return
    failed: dict[int, list[str]] = {}
    for failure in error.failures:
        failed.setdefault(failure.position, []).append(failure.driver)
    with d.database.transaction(ctx) as tx:
        for position, drivers in failed.items():
            rows.postpone(
                tx,
                owed.ids[position],
                drivers=drivers,
                error=str(error),
                due_at=_after(d, _FIRST_REPEAT),
                attempts=1,
            )
        done = [one for position, one in enumerate(owed.ids) if position not in failed]
        if done:
            rows.settle(tx, done)


def context_of(d: Deployment, ctx: RequestContext, hook: Hook, item: Item) -> Any:
    """The context of the kind that a postcommit hook takes."""
    if "_network_" in hook:
        return driver_contexts.for_network(
            d, ctx, item.current, original=item.original, segments=item.segments
        )
    if "_subnet_" in hook:
        return driver_contexts.for_subnet(d, ctx, item.current, original=item.original)
    return driver_contexts.for_port(
        d,
        ctx,
        item.current,
        original=item.original,
        levels=item.levels,
        original_levels=item.original_levels,
    )


def as_payload(item: Item, ctx: RequestContext) -> dict[str, Any]:
    """The item and its caller as a JSON document."""
    return {
        "current": item.current,
        "original": item.original,
        "segments": None if item.segments is None else [_segment(one) for one in item.segments],
        "levels": _levels(item.levels),
        "original_levels": _levels(item.original_levels),
        "request": {
            "request_id": ctx.request_id,
            "project_id": ctx.project_id,
            "user_id": ctx.user_id,
            "roles": sorted(ctx.roles),
            "is_admin": ctx.is_admin,
        },
    }


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        **segment.as_dict(),
        "segment_index": segment.segment_index,
        "is_dynamic": segment.is_dynamic,
    }


def _levels(levels: Sequence[BoundLevel] | None) -> list[dict[str, str]] | None:
    if levels is None:
        return None
    return [{"driver": level.driver, "segment_id": level.segment_id} for level in levels]


def from_payload(payload: dict[str, Any]) -> tuple[Item, RequestContext]:
    """The item and its caller again; the inverse of `as_payload`."""
    request = payload["request"]

    def levels(kept: list[dict[str, str]] | None) -> tuple[BoundLevel, ...] | None:
        return None if kept is None else tuple(BoundLevel(**level) for level in kept)

    segments = payload["segments"]
    item = Item(
        current=payload["current"],
        original=payload["original"],
        segments=None if segments is None else tuple(Segment(**one) for one in segments),
        levels=levels(payload["levels"]),
        original_levels=levels(payload["original_levels"]),
    )
    return item, RequestContext(
        request_id=request["request_id"],
        project_id=request["project_id"],
        user_id=request["user_id"],
        roles=frozenset(request["roles"]),
        is_admin=request["is_admin"],
    )
