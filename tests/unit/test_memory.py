"""Memory goes back to the system when it is no longer used."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import threading
from deuteron.app import memory

memory.share_one_heap()
give_back = memory.GiveBack()

def large():
    # of a size that comes from a heap, with one that stays at its end
    return [bytes(2000) for _ in range(20_000)], bytes(2000)

kept = []
def work():
    rows, last = large()
    kept.append(last)

def in_thread(run):
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

begin = memory._resident()
in_thread(work)
grown = memory._resident()
in_thread(give_back)
print((grown - begin) >> 20, (memory._resident() - begin) >> 20)
with open("/proc/self/maps") as maps:
    # heaps of threads are mapped at multiples of 64 MiB
    print(sum(int(line.split("-")[0], 16) % (64 << 20) == 0 for line in maps))
"""


@pytest.mark.skipif(
    not (hasattr(ctypes.CDLL(None), "malloc_trim") and Path("/proc/self/statm").exists()),
    reason="the C library has nothing to say here",
)
def test_what_a_thread_has_taken_goes_back() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True)
    grown, left, heaps = (int(word) for word in said.stdout.split())
    assert grown > 30
    assert left < 10
    assert heaps == 0
