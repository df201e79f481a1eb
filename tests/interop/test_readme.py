"""What README.md says is tried."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deuteron import config
from tests.interop.openstack_client import OpenStack

TEXT = Path("README.md").read_text(encoding="utf-8")

# The SDK warns of what it will drop itself.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


def body_of(request: str) -> Any:
    """The JSON that a curl command of the text sends."""
    found = re.search(rf"{request} -d '(.*?)'\n", TEXT, re.DOTALL)
    assert found is not None, request
    return json.loads(found[1])


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(links) > 5
    assert [link for link in links if not Path(link).exists()] == []


def test_its_configuration_is_good(tmp_path: Path) -> None:
    files = []
    for number, block in enumerate(re.findall(r"```ini\n(.*?)```", TEXT, re.DOTALL)):
        files.append(str(tmp_path / f"{number}.conf"))
        Path(files[-1]).write_text(block)
    assert len(files) == 2

    reading = config.read(files)

    assert reading.faults == ()
    assert reading.settings.ml2.project_network_types == ("vlan", "gre", "vxlan")
    assert reading.settings.database.connection.startswith("mysql://neutron")


@pytest.fixture
def commands(openstack: OpenStack) -> Iterator[list[str]]:
    """The commands of the first screen; what they make is gone after the test."""
    yield [line.strip()[10:] for line in TEXT.splitlines() if line.startswith("    openstack ")]
    openstack.typed("port delete one")
    openstack.typed("network delete blue")


@pytest.mark.slow
def test_its_commands_do_what_it_says(openstack: OpenStack, commands: list[str], sdk: Any) -> None:
    assert len(commands) == 3
    for command in commands:
        shown = openstack.shown(command)
    assert shown["binding_vif_type"] == "binding_failed"

    answer = sdk.put("/agents", json=body_of(r"curl -X PUT \S+/v2.0/agents"))
    assert answer.status_code == 201
    assert openstack.shown("port show one")["binding_vif_type"] == "bridge"

    question = body_of(r"curl \S+/v2.0/binding-explanations")
    question["binding_explanation"]["network_id"] = shown["network_id"]
    explanation = sdk.post("/binding-explanations", json=question).json()["binding_explanation"]
    assert explanation["vif_type"] == "binding_failed"
