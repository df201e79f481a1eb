"""Routers as metering agents know them: with the labels that count on them, and their rules.

A router without labels is none of theirs, nor is one that is administratively down. The form is
Neutron's (observed).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deuteron.core.deployment import Deployment
from deuteron.services.metering import rows

Label = Mapping[str, Any]
Router = Mapping[str, Any]

LABELS = "_metering_labels"
"""The key of a router's labels."""


def of_host(d: Deployment, host: str | None) -> list[dict[str, Any]]:
    """The routers of the L3 agent of a host, by at most three statements.

    Args:
        d: the deployment.
        host: of the agent, None for all routers that there are.
    """
    with d.database.read() as conn:
        if host is None:
            routers = rows.enabled_routers(conn)
        else:
            routers = [router for router, _ in rows.enabled_on(conn, [host])]
        labels = rows.labels_of(conn, (one["project_id"] for one in routers)) if routers else []
    return [shown for router in routers if (shown := with_labels(router, labels))[LABELS]]


def with_labels(router: Router, labels: Iterable[Label]) -> dict[str, Any]:
    """A router with those of these labels that count on it.

    Args:
        router: of `rows`.
        labels: API dicts with their ``rules``.
    """
    return {**router, LABELS: [_told(label) for label in labels if counts_on(label, router)]}


def without_rules(router: Router) -> dict[str, Any]:
    """A router of `with_labels` whose labels have no rules."""
    return {**router, LABELS: [{**label, "rules": []} for label in router[LABELS]]}


def counts_on(label: Label, router: Router) -> bool:
    """Whether a label counts the traffic of a router."""
    return bool(label["shared"] or label["project_id"] == router["project_id"])


def _told(label: Label) -> dict[str, Any]:
    rules: Sequence[Any] = label["rules"]
    return {name: label[name] for name in ("id", "name", "shared")} | {"rules": rules}
