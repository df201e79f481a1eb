"""``deuteron policy list`` prints the rules that are in force."""

from pathlib import Path

import pytest

from deuteron.api import policy_files
from deuteron.api.policies import DEFAULTS
from deuteron.cli.main import main


@pytest.fixture
def configuration(tmp_path: Path) -> str:
    path = tmp_path / "neutron.conf"
    path.write_text("[DEFAULT]\nbind_port = 1\n")
    (tmp_path / "policy.yaml").write_text(
        '"create_network": "role:architect"\n"mine": "role:x"\n"get_network": "rule:mine"\n'
    )
    return str(path)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["policy", "list", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_all_rules_are_printed_as_a_file_that_means_the_same(
    capsys: pytest.CaptureFixture[str], configuration: str, tmp_path: Path
) -> None:
    lines = printed(capsys, "--config-file", configuration)
    assert lines[0] == f"# from {tmp_path}/policy.yaml"
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "policy.yaml").write_text("\n".join(lines))
    again = policy_files.read([str(tmp_path / "all" / "neutron.conf")], None, [])
    assert again.texts == {
        **DEFAULTS,
        "create_network": "role:architect",
        "get_network": "rule:mine",
        "mine": "role:x",
    }


def test_what_the_site_changed_has_its_default_above(
    capsys: pytest.CaptureFixture[str], configuration: str, tmp_path: Path
) -> None:
    lines = printed(capsys, "--config-file", configuration, "--changed", "create_*", "mine")
    assert lines[1:] == [
        f'# default: "create_network": "{DEFAULTS["create_network"]}"',
        '"create_network": "role:architect"',
        '"mine": "role:x"',
    ]


def test_a_faulty_file_is_told(
    capsys: pytest.CaptureFixture[str], configuration: str, tmp_path: Path
) -> None:
    (tmp_path / "policy.yaml").write_text("get_port: rule:get_port")
    assert main(["policy", "list", "--config-file", configuration]) == 2
    told = capsys.readouterr().err
    path = tmp_path / "policy.yaml"
    assert told == f"deuteron: {path}: get_port: it refers to itself: get_port -> get_port\n"
