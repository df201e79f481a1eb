"""Repeats postcommit hooks that a crash cut off or that failed, until every driver knows.

    claim what is overdue -> the present state of the resource -> hooks of the drivers concerned
        all succeeded             forget it
        update, delete: failed    postpone, twice as long each time, for ever
        create: failed for good   remove the resource, as the request itself would have done

A hook that is repeated is shown the resource as it is now, not as it was: what happened since must
not be undone at the driver's end by old news. Hooks of a resource that has gone are dropped, its
delete hooks excepted. A hook may run twice if a crash comes right after it, so drivers must bear
being told again.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deuteron.context import RequestContext
from deuteron.core import networks, ports, postcommits, subnets
from deuteron.core.deployment import Deployment
from deuteron.db import postcommits as rows
from deuteron.db.moments import later
from deuteron.errors import MechanismDriverError, NetworkError, NotFound
from deuteron.ml2.dispatch import Hook

LOG = logging.getLogger(__name__)

# Seconds until another process may repeat what this one has claimed and not finished.
_CLAIMED_FOR = 300
_FIRST_DELAY = 10
_LONGEST_DELAY = 600
# A create hook that has failed so many times, for most of an hour, will not succeed.
_CREATE_ATTEMPTS = 10
_AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noun:
    get: Callable[[Deployment, RequestContext, str], dict[str, Any]]
    delete: Callable[[Deployment, RequestContext, str], None]


_NOUNS: Mapping[str, _Noun] = {
    "network": _Noun(get=networks.get, delete=networks.delete),
    "subnet": _Noun(get=subnets.get, delete=subnets.delete),
    "port": _Noun(get=ports.get, delete=ports.delete),
}


def repair(d: Deployment) -> int:
    """Repeat hooks that are overdue, at most a few of them; call it every few seconds.

    Any number of processes may do so: each entry is repeated by one of them.

    Args:
        d: the deployment.

    Returns:
        How many entries are settled now; if there are any, there may be more.

    Raises:
        DatabaseUnavailable: the database does not answer.
        TryAgain: it was too busy.
    """
    now = d.clock()
    with d.database.read() as conn:
        claimed = rows.claim(conn, now=now, until=later(now, _CLAIMED_FOR), at_most=_AT_ONCE)
    settled = 0
    for row in claimed:
        failed = _repeat(d, row)
        with d.database.read() as conn:
            if failed is None:
                rows.settle(conn, [row["id"]])
                settled += 1
                continue
            delay = min(_FIRST_DELAY * 2 ** min(row["attempts"], 16), _LONGEST_DELAY)
            LOG.warning(
                "%s of %s has failed %s times in %s, again in %s seconds: %s",
                row["hook"],
                row["resource_id"],
                row["attempts"],
                ", ".join(failed.drivers),
                delay,
                failed.why,
            )
            rows.postpone(
                conn,
                row["id"],
                drivers=failed.drivers,
                error=failed.why,
                due_at=later(d.clock(), delay),
                attempts=row["attempts"],
            )
    return settled


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failed:
    drivers: list[str]
    why: str


def _repeat(d: Deployment, row: Mapping[str, Any]) -> _Failed | None:
    """Run the hooks of one entry; None if nothing is left to do for it."""
    try:
        hook = Hook(row["hook"])
        item, caller = postcommits.from_payload(row["payload"])
    except (KeyError, TypeError, ValueError) as error:
        return _Failed(drivers=row["drivers"], why=f"written by another version: {error!r}")
    noun = _NOUNS[hook.split("_")[1]]
    ctx = replace(caller, is_admin=True)
    try:
        if not hook.deletes:
            # Levels and segments are read when they are asked for.
            item = replace(item, current=noun.get(d, ctx, row["resource_id"]), levels=None)
        context = postcommits.context_of(d, ctx, hook, item)
        d.mechanisms.postcommit(hook, [context], only=row["drivers"])
    except NotFound:
        return None
    except MechanismDriverError as error:
        if not hook.continues_on_failure and row["attempts"] >= _CREATE_ATTEMPTS:
            return _remove(d, ctx, noun, row, error)
        drivers = row["drivers"]
        if hook.continues_on_failure:
            # The others have succeeded. A create ends at the first failure instead.
            drivers = [failure.driver for failure in error.failures]
        return _Failed(drivers=drivers, why=_why(error))
    return None


def _why(error: MechanismDriverError) -> str:
    """What the drivers themselves said, for the log and the queue; the API says less."""
    return "; ".join(f"{failure.driver}: {failure.error!r}" for failure in error.failures)


def _remove(
    d: Deployment,
    ctx: RequestContext,
    noun: _Noun,
    row: Mapping[str, Any],
    error: MechanismDriverError,
) -> _Failed | None:
    """Remove what a driver cannot make; None if it has gone."""
    LOG.error(
        "%s of %s has failed %s times, the resource is removed: %s",
        row["hook"],
        row["resource_id"],
        row["attempts"],
        _why(error),
    )
    try:
        noun.delete(d, ctx, row["resource_id"])
    except NotFound:
        return None
    except NetworkError as refusal:
        return _Failed(
            drivers=row["drivers"], why=f"{_why(error)}; it cannot be removed: {refusal}"
        )
    return None
