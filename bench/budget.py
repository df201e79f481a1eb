"""The operations and their ceilings: budgets.toml as records."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One operation; what its ceilings are is said in budgets.toml."""

    name: str
    cpu_ms: float | None = None
    statements: int | None = None
    seconds: float | None = None
    megabytes: float | None = None
    like: str | None = None


def read() -> list[Budget]:
    """All operations, in the order of the table."""
    text = Path(__file__).with_name("budgets.toml").read_text(encoding="utf-8")
    return [Budget(**one) for one in tomllib.loads(text)["operation"]]
