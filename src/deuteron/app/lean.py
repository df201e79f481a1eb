"""Imports neutron-lib without the packages that it imports and never uses.

neutron-lib takes one function from ``pecan.util``, one table of numbers from
``os_ken.lib.packet.ether_types``, and a profiler that nobody switches on. To import a module is to
import the package around it: a web framework with two template engines, forty protocols, clients of
six databases of traces. That is 20 MB and a fifth of a second in each process that serves.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_UNUSED = ("pecan", "os_ken.lib.packet", "osprofiler.drivers")
_WANTED = ("neutron_lib", "neutron_lib.api.validators")


def import_neutron_lib() -> None:
    """Import what of neutron-lib brings the packages along; to be called before anything else.

    Whoever needs one of the packages later (a driver of somebody) imports it whole, as always.
    """
    with ExitStack() as hollow:
        for name in _UNUSED:
            hollow.enter_context(_hollow(name))
        for name in _WANTED:
            importlib.import_module(name)


@contextmanager
def _hollow(package: str) -> Iterator[None]:
    """Within the block, modules of the package can be imported without running the package's own.

    Args:
        package: full name; nothing is done if it was imported before or is not there.
    """
    spec = None if package in sys.modules else importlib.util.find_spec(package)
    if spec is None:
        yield
        return
    sys.modules[package] = importlib.util.module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[package]
