"""The walk by the `openstack` client leaves out no command that is here, no option of routing."""

import ast
import itertools
import re
from argparse import SUPPRESS
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

FILES = sorted((Path(__file__).parents[1] / "interop").glob("test_openstack_*.py"))
WALK = "".join(path.read_text() for path in FILES)
# Commands of services that are not here.
NOT_HERE = (
    "local ip",
    "network log",
    "network loggable",
    "router add gateway",
    "router remove gateway",
)
ENTRIES = {
    point.name.replace("_", " "): point
    for group in ("openstack.network.v2", "openstack.common")
    for point in entry_points(group=group)
    if group != "openstack.common" or point.name.startswith("quota_")
}
COMMANDS = sorted(ENTRIES)
ROUTING = (
    "floating ip",
    "network auto allocated topology",
    "network l3 conntrack helper",
    "network meter",
    "router",
)
# What the client does with answers, or sends unseen.
OF_THE_CLIENT = {
    *("--help", "--format", "--column", "--quote", "--noindent", "--max-width", "--fit-width"),
    *("--print-empty", "--prefix", "--sort-column", "--sort-ascending", "--sort-descending"),
    "--extra-property",
}
# Options of extensions that are not here.
OPTIONS_NOT_HERE = re.compile(r"--(advertise-host|(auto-)?evpn-vni|.*default-route-(bfd|ecmp))")


def test_each_command_is_run() -> None:
    here = [command for command in COMMANDS if not command.startswith(NOT_HERE)]
    assert len(here) > 100
    assert [command for command in here if not re.search(rf'"{command}[ "]', WALK)] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the client, of itself
@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c.startswith(ROUTING) and not c.startswith(NOT_HERE)]
)
def test_each_option_of_routing_is_typed(command: str) -> None:
    known = {option for options in options_of(command) for option in options}
    seen: set[str] = set()
    for text in TYPED:
        if text == command or text.startswith(f"{command} "):
            seen.update(option for option in re.findall(r"--[\w-]+", text) if option in known)
    assert [options for options in options_of(command) if not seen.intersection(options)] == []


def options_of(command: str) -> list[tuple[str, ...]]:
    """The options of a command by their names, of those that go to the server."""
    parser = ENTRIES[command].load()(_Nothing(), None, cmd_name=command).get_parser(command)
    found = [
        tuple(name for name in action.option_strings if name.startswith("--"))
        for action in parser._actions
        if action.help != SUPPRESS
    ]
    return [
        names
        for names in found
        if names and not OF_THE_CLIENT.intersection(names) and not OPTIONS_NOT_HERE.match(names[0])
    ]


class _Nothing:
    """The client without a cloud, for commands that are only to name their options."""

    def __getattr__(self, _name: str) -> "_Nothing":
        return self

    def __call__(self, *_arguments: Any, **_more: Any) -> "_Nothing":
        return self

    def __bool__(self) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return iter(())


# --- what the walk types --------------------------------------------------------------------------


def typed(node: ast.AST, known: Mapping[str, list[str]]) -> Iterator[str]:
    """All texts below a node of a test's source, among them the commands.

    Args:
        node: where to look.
        known: name -> texts that it may be; others are left out of what holds them.
    """
    if isinstance(node, ast.For):
        known = {**known, **dict.fromkeys(names_in(node.target), texts_in(node.iter))}
    if isinstance(node, ast.JoinedStr):
        parts = [
            texts_in(part) or known.get(next(iter(names_in(part)), ""), [""])
            for part in node.values
        ]
        yield from map("".join, itertools.product(*parts))
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from typed(child, known)


def names_in(node: ast.AST) -> list[str]:
    return [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]


def texts_in(node: ast.AST) -> list[str]:
    values = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return [value for value in values if isinstance(value, str)]


def constants_of(tree: ast.AST) -> dict[str, list[str]]:
    """Name -> the texts that it is given somewhere in a source."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for name in names_in(node.targets[0]):
                found.setdefault(name, []).extend(texts_in(node.value))
    return found


TREES = [ast.parse(path.read_text()) for path in FILES]
TYPED = [text for tree in TREES for text in typed(tree, constants_of(tree))]
