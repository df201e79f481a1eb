"""What something costs in CPU time of this process, as on a machine of usual speed."""

import time
import timeit
from collections.abc import Callable
from typing import Any

_SERIES = 5
_ADDITIONS = 100_000
# Seconds of CPU that so many additions take where the ceilings of the tests were set.
_USUAL = 0.0026


def spent(work: Callable[[], Any], times: int = 1) -> float:
    """Seconds of CPU for one call.

    The least of a few series, as others disturb but never help; divided by how much slower than
    usual this machine is meanwhile. Garbage, which is that of a thousand tests, is not collected.

    Args:
        work: called once before it counts.
        times: calls of a series; more where one is short.
    """
    work()
    before = slowness()
    taken = timeit.repeat(work, timer=time.process_time, repeat=_SERIES, number=times)
    return min(taken) / times / max(before, slowness())


def slowness() -> float:
    """How many times as long as usual this machine takes; 1 for a quicker one."""
    taken = timeit.repeat(_add, timer=time.process_time, repeat=3, number=1)
    return max(1.0, min(taken) / _USUAL)


def _add() -> None:
    total = 0
    for number in range(_ADDITIONS):
        total += number
