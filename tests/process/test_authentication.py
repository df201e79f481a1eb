"""A server that knows its callers, as a process: faults end the start with their lines."""

import base64
import urllib.request
from pathlib import Path

import bcrypt
import pytest

from tests.instances.process import free_port
from tests.process.conftest import STARTING, Start

KEYSTONE = """
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:{port}/v3
username = neutron
password = secret
http_request_max_retries = 0
"""


def configured(folder: Path, text: str) -> str:
    path = folder / "site.conf"
    path.write_text(text)
    return f"--config-file={path}"


def test_passwords_are_asked_for(start: Start, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(f"alice:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    site = f"[DEFAULT]\nauth_strategy = http_basic\nhttp_basic_auth_user_file = {users}\n"
    server = start(configured(tmp_path, site), "--host=0.0.0.0")
    server.wait_for_answer()

    assert "with passwords" in server.out
    assert server.get("/v2.0/networks")[0] == 401
    assert server.get("/healthcheck")[0] == 200
    said = base64.b64encode(b"alice:secret").decode()
    request = urllib.request.Request(
        f"{server.url}/v2.0/networks", headers={"Authorization": f"Basic {said}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
    assert not (tmp_path / "state" / "clouds.yaml").exists()


def test_the_start_waits_for_no_keystone(start: Start, tmp_path: Path) -> None:
    site = "[DEFAULT]\nauth_strategy = keystone\n" + KEYSTONE.format(port=free_port())
    server = start(configured(tmp_path, site))
    server.wait_for_answer()

    assert "with tokens of Keystone" in server.out
    assert server.get("/v2.0/networks")[0] == 401
    assert server.get("/")[0] == 200


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("auth_strategy = keystone", "[keystone_authtoken] auth_type is not set, but "),
        (
            "auth_strategy = http_basic\nhttp_basic_auth_user_file = /nowhere",
            "[DEFAULT] http_basic_auth_user_file = /nowhere: cannot be read: No such file",
        ),
        ("[oslo_policy]\npolicy_file = nowhere.yaml", "[oslo_policy] policy_file = nowhere.yaml: "),
        ("[oslo_policy]\npolicy_file = bad.yaml", "bad.yaml: get_port: there is no rule onwer; "),
    ],
)
def test_a_fault_ends_the_start_with_a_line(
    start: Start, tmp_path: Path, text: str, line: str
) -> None:
    (tmp_path / "bad.yaml").write_text("get_port: rule:onwer")
    server = start(configured(tmp_path, f"[DEFAULT]\n{text}\n"))

    assert server.process.wait(timeout=STARTING) != 0
    told = [words for words in server.err.splitlines() if words.startswith("deuteron: ")]
    assert len(told) == 1
    assert line in told[0]
    assert "Traceback" not in server.err
