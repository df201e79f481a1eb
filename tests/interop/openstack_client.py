"""The `openstack` client, kept open: one process for many commands, as a person at its prompt.

A command costs 30 ms this way, and more than a second as a process of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.instances.process import die_with_parent

_END = "--end-of-command--"


class OpenStack:
    """Types commands and reads what is printed, output and errors together.

    Args:
        clouds: the clouds.yaml.
        cloud: which of its clouds is used.
    """

    def __init__(self, clouds: Path, cloud: str = "deuteron") -> None:
        self._process = subprocess.Popen(
            [Path(sys.executable).with_name("openstack")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **{name: value for name, value in os.environ.items() if name[:3] != "OS_"},
                "OS_CLIENT_CONFIG_FILE": str(clouds),
                "OS_CLOUD": cloud,
                "PYTHONUNBUFFERED": "1",
                "COLUMNS": "200",
                "no_proxy": "127.0.0.1",
            },
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no lock is held when it is called
        )

    def close(self) -> None:
        """End the client."""
        self._process.communicate("quit\n", timeout=30)

    def typed(self, command: str) -> str:
        """What the client prints for a command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n!echo {_END}\n")
        self._process.stdin.flush()
        lines = []
        for line in self._process.stdout:
            if line.rstrip() == _END:
                return "".join(lines).strip()
            lines.append(line)
        raise AssertionError(f"the client ended at {command!r}:\n{''.join(lines)}")

    def shown(self, command: str) -> Any:
        """What a create, list or show answers, as data; fails the test if it is refused."""
        text = self.typed(f"{command} -f json")
        try:
            return json.loads(text)
        except ValueError:
            raise AssertionError(f"openstack {command}:\n{text}") from None

    def done(self, command: str) -> None:
        """A command that answers nothing; fails the test if it is refused."""
        text = self.typed(command)
        assert text == "", f"openstack {command}:\n{text}"

    def refused(self, command: str) -> str:
        """What the client says when a command is refused; fails the test if it is not."""
        text = self.typed(command)
        assert text, f"openstack {command} was not refused"
        return text
