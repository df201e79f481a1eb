"""That `make bench` measures what it says. What a request costs is in tests/api/test_budgets.py."""

import json
import sys
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import agents, budget, load, report
from bench.budget import Budget
from bench.load import Cost
from bench.report import Results


def cost(*cpu_ms: float) -> Cost:
    return Cost(cpu_ms=list(cpu_ms), wall_ms=[1.0])


def line_of(text: str, name: str) -> list[str]:
    return next(line for line in text.splitlines() if line.startswith(name)).split()


def test_the_table_marks_what_is_above_its_ceiling() -> None:
    budgets = [
        Budget(name="good", cpu_ms=2.0, statements=12),
        Budget(name="slow", cpu_ms=2.0),
        Budget(name="chatty", statements=12),
        Budget(name="grown", like="good"),
        Budget(name="start", seconds=2.0),
        Budget(name="memory", megabytes=250),
    ]
    results = Results(
        statements={"good": 12, "chatty": 13},
        costs={"good": cost(1, 1, 9), "slow": cost(2.1), "chatty": cost(1), "grown": cost(1.4)},
        seconds={"start": [1.0, 2.5, 2.5]},
        megabytes={"memory": 260},
    )

    text = report.table(budgets, {"SQLite": results})

    assert line_of(text, "good") == ["good", "2", "ms", "12", "1.00", "1.00"]
    assert line_of(text, "slow") == ["slow", "2", "ms", "2.10!", "1.00"]
    assert line_of(text, "chatty") == ["chatty", "13!", "1.00", "1.00"]
    assert line_of(text, "grown") == ["grown", "alike", "1.40!", "1.00"]
    assert line_of(text, "start") == ["start", "2", "s", "2.50", "s!"]
    assert line_of(text, "memory") == ["memory", "250", "MB", "260", "MB!"]


def test_an_operation_is_compared_with_one_that_there_is() -> None:
    names = [one.name for one in budget.read()]
    assert len(set(names)) == len(names)
    assert {one.like for one in budget.read() if one.like} <= set(names)


@pytest.mark.slow
def test_everything_with_a_ceiling_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # That all of it is measured needs no thousands.
    monkeypatch.setattr(load, "MANY", 300)
    monkeypatch.setattr(load, "LISTED", 20)
    monkeypatch.setattr(agents, "ROUTERS", 5)
    path = tmp_path / "bench.json"
    words = f"--database SQLite --count 4 --repeat 1 --starts 1 --json {path}"
    monkeypatch.setattr(sys, "argv", ["bench", *words.split()])

    assert bench.main() == 0

    document = json.loads(path.read_text())
    assert min(document["slowness"]) >= 1
    rows = document["databases"]["SQLite"]
    figures = {"statements", "cpu_ms", "seconds", "megabytes"}
    assert [row["operation"] for row in rows] == [one.name for one in budget.read()]
    assert [row["operation"] for row in rows if not figures & row.keys()] == []
    for row in rows:
        for name in figures:
            assert name in row or f"{name}_at_most" not in row, row
            assert row.get(name, 1) > 0, row
    table = capsys.readouterr().out
    assert all(row["operation"] in table for row in rows)
    assert "\nmachine " in table
