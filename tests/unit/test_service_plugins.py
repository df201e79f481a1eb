"""The service plugins that there are are those that can be configured."""

from dataclasses import replace
from pathlib import Path

import pytest

from deuteron import config
from deuteron.app.plugins import SERVICE_PLUGINS, enabled
from deuteron.config import Settings
from deuteron.config import plugins as names


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return config.read([], command_line={("DEFAULT", "state_path"): str(tmp_path)}).settings


def test_all_can_be_chosen(settings: Settings) -> None:
    assert list(SERVICE_PLUGINS) == list(names.SERVICE_PLUGINS)
    chosen = replace(settings, service_plugins=tuple(SERVICE_PLUGINS))
    # with routers comes what needs nothing else
    made = [*SERVICE_PLUGINS, "auto_allocate"]
    assert [plugin.name for plugin in enabled(chosen)] == made


def test_a_site_that_names_none_has_all_but_private_vlans(settings: Settings) -> None:
    made = {plugin.name for plugin in enabled(settings)}
    assert made == SERVICE_PLUGINS.keys() - {"pvlan"} | {"auto_allocate"}


@pytest.mark.parametrize("chosen", [(), ("qos",), ("trunk",)])
def test_those_that_are_named_are_enabled(settings: Settings, chosen: tuple[str, ...]) -> None:
    made = enabled(replace(settings, service_plugins=chosen))
    assert tuple(plugin.name for plugin in made) == chosen


@pytest.mark.parametrize("written", ["qos", names.SERVICE_PLUGINS["qos"]])
def test_one_that_is_there_is_not_missing(written: str) -> None:
    found = names.service_plugins([written, "local_ip"])
    assert found.chosen == ("qos", "flavors")  # the latter whatever is named
    assert (list(found.missing), found.unknown) == (["local_ip"], ())
    assert names.service_plugins([]).chosen is None


def test_no_plugin_that_is_there_is_said_to_be_missing(settings: Settings) -> None:
    there = [plugin.name for plugin in enabled(settings)]
    assert "auto_allocate" in there
    found = names.service_plugins(there)
    assert (found.missing, found.unknown) == ({}, ())


def test_nouns_extensions_and_what_is_shared_have_one_owner(settings: Settings) -> None:
    plugins = enabled(settings)
    for things in (
        [path for plugin in plugins for noun in plugin.resources for path in noun.paths],
        [extension.alias for plugin in plugins for extension in plugin.extensions],
        [name for plugin in plugins for name in plugin.shareable],
    ):
        assert len(set(things)) == len(things) > 0
