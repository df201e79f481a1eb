"""Drivers come by entry points, in the order configured, or the start ends with their names."""

import importlib
import sys
from importlib import metadata

import pytest

from deuteron.errors import StartError
from deuteron.ml2 import loading

CODE = """
class One:
    def __init__(self):
        self.initialized = False
    def initialize(self):
        self.initialized = True

class Two(One):
    pass

class Hidden(One):
    pass

class Unmakable:
    def __init__(self):
        raise ValueError("no licence")

class Unstartable(One):
    def initialize(self):
        raise SystemExit(1)
"""


@pytest.fixture
def namespaces(tmp_path, monkeypatch):
    """The entry point groups of a distribution that is installed; new ones for each test."""
    package = f"vendor_{tmp_path.name}".replace("-", "_")
    ours, theirs = f"ours.{package}", f"theirs.{package}"
    (tmp_path / f"{package}.py").write_text(CODE)
    info = tmp_path / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{ours}]\none = {package}:One\n\n"
        f"[{theirs}]\none = {package}:Hidden\ntwo = {package}:Two\n"
        f"unmakable = {package}:Unmakable\nunimportable = {package}_absent:Nothing\n"
        f"unstartable = {package}:Unstartable\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield [ours, theirs]
    sys.modules.pop(package, None)


def names(drivers):
    return [(name, type(driver).__name__) for name, driver in drivers]


def test_drivers_come_in_the_order_configured_and_ours_first(namespaces):
    assert names(loading.load(namespaces, ["two", "one"], "test driver")) == [
        ("two", "Two"),
        ("one", "One"),
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("absent", "is not installed"),
        ("unmakable", "no licence"),
        ("unimportable", "ModuleNotFoundError"),
    ],
)
def test_a_driver_that_does_not_load_ends_the_start(namespaces, name, words):
    with pytest.raises(StartError) as refused:
        loading.load(namespaces, ["one", name], "test driver")
    assert f"test driver '{name}'" in str(refused.value)
    assert words in str(refused.value)


def test_a_driver_named_twice_ends_the_start(namespaces):
    with pytest.raises(StartError, match="twice"):
        loading.load(namespaces, ["one", "one"], "test driver")


def test_drivers_are_initialised_and_a_failure_ends_the_start(namespaces):
    drivers = loading.load(namespaces, ["one", "unstartable"], "test driver")
    with pytest.raises(StartError, match="test driver 'unstartable'"):
        loading.initialize(drivers, "test driver")
    assert drivers[0][1].initialized


def test_our_own_drivers_are_found():
    installed = {
        entry.name: entry.value
        for entry in metadata.entry_points(group="deuteron.ml2.type_drivers")
    }
    if not installed:
        pytest.skip("the distribution is not installed")
    loaded = loading.load(loading.TYPE_DRIVERS, ["local", "vlan", "geneve"], "type driver")
    assert [driver.get_type() for _, driver in loaded] == ["local", "vlan", "geneve"]
