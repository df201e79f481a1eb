"""docs/life-of-a-port.md names functions; they must be there."""

import ast
import re
from pathlib import Path

import pytest

import deuteron

ROOT = Path(deuteron.__file__).parent
DOCUMENT = ROOT.parent.parent / "docs" / "life-of-a-port.md"
HOPS = re.findall(r"`([a-z0-9_/]+\.py):([A-Za-z_.]+)`", DOCUMENT.read_text())


def _defined(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    kinds = ast.FunctionDef | ast.ClassDef
    return {statement.name: statement for statement in body if isinstance(statement, kinds)}


def test_the_way_is_described() -> None:
    assert len(HOPS) >= 15


@pytest.mark.parametrize(("file", "name"), HOPS)
def test_each_hop_exists(file: str, name: str) -> None:
    body = ast.parse((ROOT / file).read_text()).body
    for part in name.split("."):
        found = _defined(body)
        assert part in found, f"{file} has no {name}"
        body = getattr(found[part], "body", [])
