"""The measurements as a table for people and as JSON for comparisons."""

import os
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.budget import Budget
from bench.load import Cost
from deuteron import __version__

# Two measurements of the same thing on a busy machine differ by as much.
NOISE = 1.3


@dataclass(kw_only=True)
class Results:
    """What was measured on one kind of database.

    Args:
        statements: operation -> SQL statements of one request.
        costs: operation -> CPU and wall time.
        seconds: operation -> seconds by the clock, one figure for each repeat.
        megabytes: operation -> resident memory.
        proportional: operation -> memory with shared pages divided among the processes.
    """

    statements: dict[str, int] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    megabytes: dict[str, float] = field(default_factory=dict)
    proportional: dict[str, float] = field(default_factory=dict)

    def value(self, name: str) -> float | None:
        """The figure of an operation in its unit: ms of CPU, seconds or megabytes."""
        if name in self.costs:
            return self.costs[name].cpu
        if name in self.seconds:
            return statistics.median(self.seconds[name])
        return self.megabytes.get(name)


def table(budgets: list[Budget], measured: Mapping[str, Results]) -> str:
    """Lines of text; a figure above its ceiling has an exclamation mark.

    Args:
        budgets: the operations in their order.
        measured: kind of database -> what was measured.
    """
    heads = "".join(f"   {kind:^23}" for kind in measured)
    units = f"   {'SQL':>5} {'CPU ms':>9} {'wall':>7}" * len(measured)
    lines = [f"{'':<42}{'':>9}{heads}".rstrip(), f"{'operation':<42}{'at most':>9}{units}"]
    for budget in budgets:
        cells = "".join(_cells(budget, results) for results in measured.values())
        if cells.strip():
            lines.append(f"{budget.name:<42}{_ceiling(budget):>9}{cells}".rstrip())
    return "\n".join(lines)


def _ceiling(budget: Budget) -> str:
    for value, unit in (
        (budget.cpu_ms, "ms"),
        (budget.seconds, "s"),
        (budget.megabytes, "MB"),
    ):
        if value is not None:
            return f"{value:g} {unit}"
    return "alike" if budget.like else ""


def _cells(budget: Budget, results: Results) -> str:
    sql = results.statements.get(budget.name)
    shown = "" if sql is None else f"{sql}{_mark(sql, budget.statements)}"
    value = results.value(budget.name)
    if value is None:
        return f"   {shown:>5} {'':>9} {'':>7}"
    limit = next((x for x in (budget.cpu_ms, budget.seconds, budget.megabytes) if x), None)
    if budget.like:
        other = results.value(budget.like)
        limit = None if other is None else other * NOISE
    cost = results.costs.get(budget.name)
    if cost is not None:
        return f"   {shown:>5} {f'{value:.2f}{_mark(value, limit)}':>9} {f'{cost.wall:.2f}':>7}"
    unit = "s" if budget.name in results.seconds else "MB"
    figure = f"{value:.2f}" if unit == "s" else f"{value:.0f}"
    return f"   {'':>5} {'':>9} {f'{figure} {unit}{_mark(value, limit)}':>7}"


def _mark(value: float, limit: float | None) -> str:
    return "!" if limit is not None and value > limit else ""


def document(
    budgets: list[Budget], measured: Mapping[str, Results], slowness: Sequence[float]
) -> dict[str, Any]:
    """Everything, for JSON.

    Args:
        budgets: the operations in their order.
        measured: kind of database -> what was measured.
        slowness: of the machine at plain Python, before and after; 1 is usual.
    """
    return {
        "deuteron": __version__,
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "processors": os.cpu_count(),
        "load_average": os.getloadavg(),
        "slowness": list(slowness),
        "databases": {
            kind: [_row(budget, results) for budget in budgets]
            for kind, results in measured.items()
        },
    }


def _row(budget: Budget, results: Results) -> dict[str, Any]:
    name = budget.name
    cost = results.costs.get(name)
    row = {
        "operation": name,
        "statements": results.statements.get(name),
        "statements_at_most": budget.statements,
        "cpu_ms": cost.cpu if cost else None,
        "cpu_ms_at_most": budget.cpu_ms,
        "cpu_ms_of_repeats": cost.cpu_ms if cost else None,
        "wall_ms": cost.wall if cost else None,
        "wall_ms_of_repeats": cost.wall_ms if cost else None,
        "seconds": results.value(name) if name in results.seconds else None,
        "seconds_of_repeats": results.seconds.get(name),
        "seconds_at_most": budget.seconds,
        "megabytes": results.megabytes.get(name),
        "megabytes_proportional": results.proportional.get(name),
        "megabytes_at_most": budget.megabytes,
        "like": budget.like,
    }
    return {key: value for key, value in row.items() if value is not None}
