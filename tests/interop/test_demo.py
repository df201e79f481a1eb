import os
import subprocess
import sys
from pathlib import Path

import pytest

LINES, COLUMNS = 45, 100


def processes_with(word: str) -> list[str]:
    """The command lines that have this word."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in command:
            found.append(command)
    return found


def test_the_demo_tells_its_story_on_one_screen_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=120,
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= COLUMNS
    told = " ".join(done.stdout.split())
    assert "vm-1 on rack-1 192.0.2.2 vif_type ovs openvswitch, level 0: vlan 120" in told
    assert "vm-2 on rack-2 192.0.2.3 vif_type bridge linuxbridge, level 0: vxlan 5001" in told
    assert "vm-3 on rack-3 192.0.2.4 vif_type binding_failed" in told
    assert "openvswitch, vlan 120 on physnet1 physical_network_unmapped" in told
    assert "openvswitch, vxlan 5001 tunnel_type_missing" in told
    assert "linuxbridge, all segments no_agent" in told
    assert list(tmp_path.iterdir()) == []
    assert processes_with(str(tmp_path)) == []


@pytest.mark.slow
def test_the_demo_fails_where_the_server_does_not_do_as_told(tmp_path: Path) -> None:
    """With one driver less, no port of the second host can be bound."""
    lie = (
        "import demo.story as story, sys\n"
        "story.OPTIONS['ml2']['mechanism_drivers'] = 'openvswitch'\n"
        "from demo.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", lie],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=120,
    )

    assert done.returncode == 1
    assert "the vif_type of vm-2 should be 'bridge', and is 'binding_failed'" in done.stderr
    assert list(tmp_path.iterdir()) == []
