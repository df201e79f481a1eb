"""Processes that serve do not carry what nobody uses, and can have it when somebody does."""

import subprocess
import sys

LEAN = """
import sys
from deuteron.app import lean
lean.import_neutron_lib()
from deuteron.app import wsgi
found = {"pecan", "os_ken.lib.packet", "osprofiler.drivers"} & set(sys.modules)
assert not found, found
"""
WHOLE = """
import osprofiler.drivers, pecan
from os_ken.lib.packet import ethernet, packet
from neutron_lib.api import validators
from neutron_lib.db import api
assert callable(pecan.expose)
assert osprofiler.drivers.base.Driver.__subclasses__()
made = packet.Packet()
made.add_protocol(ethernet.ethernet(ethertype=0x0800))
made.serialize()
assert packet.Packet(bytes(made.data)).get_protocol(ethernet.ethernet).ethertype == 0x0800
assert validators.validate_values("a", ["b"])
"""


def run(program: str) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=60)


def test_a_process_does_not_import_what_it_does_not_use() -> None:
    run(LEAN)


def test_what_was_left_out_can_be_imported_later() -> None:
    run(LEAN + WHOLE)
