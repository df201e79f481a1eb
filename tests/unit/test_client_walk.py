"""The walk by the `openstack` client leaves out no command of what is here."""

import re
from importlib.metadata import entry_points
from pathlib import Path

WALK = "".join(
    path.read_text() for path in (Path(__file__).parents[1] / "interop").glob("test_openstack_*.py")
)
# Commands of services that are not here.
NOT_HERE = (
    "local ip",
    "network log",
    "network loggable",
    "router add gateway",
    "router remove gateway",
)
COMMANDS = sorted(
    point.name.replace("_", " ")
    for group in ("openstack.network.v2", "openstack.common")
    for point in entry_points(group=group)
    if group != "openstack.common" or point.name.startswith("quota_")
)


def test_each_command_is_run() -> None:
    here = [command for command in COMMANDS if not command.startswith(NOT_HERE)]
    assert len(here) > 100
    assert [command for command in here if not re.search(rf'"{command}[ "]', WALK)] == []
