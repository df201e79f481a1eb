"""docs/api.md lists the paths and extensions that are there, and no others."""

import re
from pathlib import Path

import falcon.inspect

from deuteron.core.tags import TAGGABLE
from tests.api.client import Api
from tests.api.sites import Site

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The first table below a heading, without its own heading."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def documented_paths() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, methods in rows("Paths"):
        for collection in TAGGABLE if "{collection}" in path else ("",):
            name = path.replace("{collection}", collection).replace("_", "-")
            found[name] = set(methods.split())
    return found


def test_the_page_lists_the_paths(site: Site) -> None:
    answered = {
        route.path.replace("_", "-"): {
            method.method for method in route.methods if not method.internal
        }
        for route in falcon.inspect.inspect_routes(site.application)
    }
    assert documented_paths() == answered


def test_the_page_lists_the_extensions(api: Api) -> None:
    enabled = api.call("GET", "/extensions").body["extensions"]
    aliases = [alias for alias, _ in rows("Extensions")]
    assert aliases == sorted(extension["alias"] for extension in enabled)


def test_the_page_names_files_that_exist() -> None:
    for name in re.findall(r"\]\(([a-z-]+\.md)\)", PAGE):
        assert (Path(__file__).parents[2] / "docs" / name).exists()
