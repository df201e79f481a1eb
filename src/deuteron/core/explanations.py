"""Binding explanations: what each driver said about each segment when a port was bound.

An attempt is one walk through the drivers. The last ones of each port are kept with it; the
explanation of a port nobody tried to bind has none. Reason codes are those of
`deuteron.ml2.reasons`, documented in docs/binding-reasons.md, and codes of third-party drivers.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from deuteron.context import RequestContext
from deuteron.core.deployment import Deployment
from deuteron.db import explanations as rows
from deuteron.db import ports as port_rows
from deuteron.errors import PortNotFound
from deuteron.ml2.hierarchy import Outcome, Step
from deuteron.ml2.reasons import Reason, nearest

Explanation = dict[str, Any]
Attempt = dict[str, Any]

KEPT = 5

_BOUND = "bound"
_FAILED = "failed"
_SEGMENT_KEYS = ("id", "network_type", "physical_network", "segmentation_id")


def get(d: Deployment, ctx: RequestContext, port_id: str) -> Explanation:
    """The explanation of a port: its present binding and the last attempts, the latest first.

    Raises:
        PortNotFound: there is no such port.
    """
    with d.database.read() as conn:
        port = port_rows.get(conn, port_id, ctx.scope)
        if port is None:
            raise PortNotFound(port_id=port_id)
        attempts = rows.attempts(conn, port_id) or []
    return {
        "port_id": port_id,
        "network_id": port["network_id"],
        "host": port.get("binding:host_id") or "",
        "vnic_type": port.get("binding:vnic_type"),
        "vif_type": port.get("binding:vif_type"),
        "attempts": attempts[::-1],
    }


def attempt_of(
    *, at: str, host: str, vnic_type: str, vif_type: str | None, steps: Sequence[Step]
) -> Attempt:
    """The record of one attempt.

    Args:
        at: ISO text in UTC.
        host: on which the port was to be bound.
        vnic_type: of the binding.
        vif_type: how the port was bound; None if it was not.
        steps: what was asked, in order.
    """
    failed = [step for step in steps if step.outcome not in {Outcome.BOUND, Outcome.CONTINUED}]
    reason = "" if vif_type is not None else nearest([step.reason for step in failed])
    telling = next((step for step in failed if step.reason == reason), None)
    return {
        "at": at,
        "host": host,
        "vnic_type": vnic_type,
        "outcome": _FAILED if vif_type is None else _BOUND,
        "vif_type": vif_type,
        "reason": reason,
        "sentence": telling.sentence if vif_type is None and telling is not None else "",
        "hint": telling.hint if vif_type is None and telling is not None else "",
        "steps": [_as_dict(step) for step in steps],
    }


def refused(attempt: Attempt, *, driver: str, words: str) -> Attempt:
    """An attempt that would have bound the port, had not a driver's precommit hook refused it.

    Args:
        attempt: of a bound port.
        driver: the one that refused.
        words: its error.
    """
    step = Step(
        level=0,
        driver=driver,
        segment=None,
        outcome=Outcome.FAILED,
        reason=Reason.DRIVER_ERROR.value,
        sentence=f"The driver refused the binding when it was to be written: {words}",
        hint="The log of the server has the place in the driver's code.",
    )
    return {
        **attempt,
        "outcome": _FAILED,
        "vif_type": None,
        "reason": step.reason,
        "sentence": step.sentence,
        "hint": step.hint,
        "steps": [*attempt["steps"], _as_dict(step)],
    }


def _as_dict(step: Step) -> dict[str, Any]:
    segment = step.segment
    return {
        "level": step.level,
        "driver": step.driver,
        "segment": None if segment is None else {key: segment.get(key) for key in _SEGMENT_KEYS},
        "outcome": step.outcome.value,
        "reason": step.reason,
        "sentence": step.sentence,
        "hint": step.hint,
    }


def latest(kept: Iterable[Attempt], new: Iterable[Attempt]) -> list[Attempt]:
    """The attempts that are kept: the newest `KEPT` ones, the latest last."""
    return [*kept, *new][-KEPT:]


def reasons_of(attempt: Attempt) -> list[str]:
    """The reasons of a failed attempt, each once, for the metrics; '' of one that succeeded.

    A driver's own codes count as ``declined``: a metric must not grow by what drivers invent.
    """
    if attempt["outcome"] == _BOUND:
        return [""]
    known = set(Reason)
    reasons = {step["reason"] for step in attempt["steps"] if step["reason"]}
    return sorted({one if one in known else Reason.DECLINED.value for one in reasons} or {""})
