"""A site's own rules are read whole, and what cannot be meant is told at start."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deuteron.api import policy_files
from deuteron.api.policies import DEFAULTS
from deuteron.api.policy_files import SiteRules
from deuteron.errors import ConfigError

Read = Callable[..., SiteRules]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a policy.yaml of this text beside a configuration file."""

    def _read(text: str, name: str = "policy.yaml", policy_file: str | None = None) -> SiteRules:
        (tmp_path / name).write_text(text)
        return policy_files.read([str(tmp_path / "neutron.conf")], policy_file, ["policy.d"])

    return _read


def test_without_files_there_are_only_the_defaults(tmp_path: Path) -> None:
    site = policy_files.read([str(tmp_path / "neutron.conf")], None, ["policy.d"])
    assert (site.texts, site.files, site.warnings) == ({}, (), ())
    assert site.checks.keys() == DEFAULTS.keys()


def test_a_file_is_found_beside_the_configuration(read: Read, tmp_path: Path) -> None:
    for name, text in (
        ("policy.yaml", '"create_network": "role:architect"\n'),
        ("policy.json", '{"create_network": "role:architect"}'),
    ):
        site = read(text, name)
        assert site.texts == {"create_network": "role:architect"}
        assert site.files == (str(tmp_path / name),)
        assert str(site.checks["create_network"]) == "role:architect"
        (tmp_path / name).unlink()


def test_a_file_may_have_any_name(read: Read, tmp_path: Path) -> None:
    for name in ("mine.yaml", str(tmp_path / "mine.yaml")):
        assert read("create_network: '@'", "mine.yaml", name).texts == {"create_network": "@"}


def test_later_files_win(read: Read, tmp_path: Path) -> None:
    folder = tmp_path / "policy.d"
    folder.mkdir()
    (folder / "20.yaml").write_text("create_network: role:c")
    (folder / "10.yaml").write_text("create_network: role:b\nget_network: role:b")
    (folder / ".hidden").write_text("create_network: role:d")
    site = read("create_network: role:a\nupdate_network: role:a")
    assert site.texts == {
        "create_network": "role:c",
        "get_network": "role:b",
        "update_network": "role:a",
    }


def test_old_names_of_rules_stand_for_the_present_ones(read: Read) -> None:
    site = read("update_ports_tags: role:tagger")
    assert str(site.checks["update_port:tags"]) == "role:tagger"
    both = read("update_ports_tags: role:old\nupdate_port:tags: role:new")
    assert str(both.checks["update_port:tags"]) == "role:new"


def test_the_old_form_of_checks_is_understood(read: Read) -> None:
    site = read('{"create_network": [["role:a", "role:b"], ["role:c"]], "get_network": []}')
    assert str(site.checks["create_network"]) == "((role:a and role:b) or role:c)"
    assert str(site.checks["get_network"]) == "@"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("create_network: [", "policy.yaml: neither YAML nor JSON: "),
        ("- a\n- b", 'policy.yaml: there are no rules; write "NAME": "CHECK" on each line'),
        ("just words", 'policy.yaml: there are no rules; write "NAME": "CHECK" on each line'),
        ("create_network: 5", "policy.yaml: create_network: the check is no text"),
        ("create_network: {a: b}", "policy.yaml: create_network: the check is no text"),
        ("create_network: role:a or", "create_network: 'role:a or' cannot be understood"),
        ("create_network: admin", "create_network: 'admin' cannot be understood"),
        ("create_network: (role:a", "create_network: '(role:a' cannot be understood"),
        ("create_network: role:a and b", "create_network: 'role:a and b' cannot be understood"),
        ("create_network: rule:ownr", "create_network: there is no rule ownr; did you mean owner?"),
        ("create_network: not rule:xyzzy", "create_network: there is no rule xyzzy"),
        ("a: rule:a", "a: it refers to itself: a -> a"),
        ("a: not rule:b\nb: role:x or rule:a", "a: it refers to itself: a -> b -> a"),
        ("admin_only: rule:owner_too\nowner_too: rule:admin_only", "refers to itself: "),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_in_a_line(read: Read, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert words in caught.value.message.splitlines()[0]


def test_all_faults_are_told_at_once(read: Read) -> None:
    with pytest.raises(ConfigError) as caught:
        read("a: role:x or\nb: rule:b\nc: rule:nowhere\nd: role:x")
    assert [line.split(": ")[1] for line in caught.value.message.splitlines()] == ["a", "b", "c"]


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^\[oslo_policy\] policy_file = mine.yaml: there is no"):
        policy_files.read([str(tmp_path / "neutron.conf")], "mine.yaml", [])


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        policy_files.read([str(tmp_path / "neutron.conf")], None, [])


def test_a_rule_that_nothing_asks_for_is_a_warning(read: Read, tmp_path: Path) -> None:
    site = read("creat_network: role:a\nmine: role:b\nget_network: rule:mine")
    path = tmp_path / "policy.yaml"
    assert site.warnings == (
        f"{path}: nothing asks for the rule creat_network: did you mean create_network?",
    )


def test_the_example_of_the_documentation_is_right(read: Read) -> None:
    page = (Path(__file__).parents[3] / "docs" / "authentication.md").read_text()
    lines = [line[4:] for line in page.splitlines() if line.startswith(('    "', "    # "))]
    site = read("\n".join(lines))
    assert len(site.texts) == 5
    assert site.warnings == ()
