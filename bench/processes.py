"""What processes have used: CPU time and memory, as the kernel counts them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_NANOSECONDS = 1e9
# Milliseconds of CPU in a second.
_IDLE = 30


def family(pid: int) -> list[int]:
    """A process and all that descend from it.

    Args:
        pid: of the oldest.
    """
    found = [pid]
    for parent in found:
        for task in _PROC.glob(f"{parent}/task/*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def cpu_seconds(pids: list[int]) -> float:
    """CPU time of processes so far, user and system, with that of threads that have ended.

    The kernel's nanoseconds, not the ticks of /proc/PID/stat, which are as long as ten requests.

    Args:
        pids: processes; those that have ended count nothing.
    """
    total = 0
    for pid in pids:
        try:
            total += time.clock_gettime_ns(_clock_of(pid))
        except OSError:
            continue
    return total / _NANOSECONDS


def _clock_of(pid: int) -> int:
    """The clock of a process's CPU time, as clock_getcpuclockid(3) of Linux makes it."""
    return (~pid << 3) | 2


@dataclass(slots=True)
class Spent:
    """What processes and the clock have spent in a block, in milliseconds."""

    cpu_ms: float = 0
    wall_ms: float = 0


@contextmanager
def used(pids: list[int]) -> Iterator[Spent]:
    """Measures processes while a block runs.

    Args:
        pids: processes.
    """
    spent = Spent()
    cpu, begin = cpu_seconds(pids), time.perf_counter()
    yield spent
    spent.wall_ms = (time.perf_counter() - begin) * 1000
    spent.cpu_ms = (cpu_seconds(pids) - cpu) * 1000


def settle(pids: list[int], *, seconds: float = 60) -> None:
    """Waits until processes do no more than they do when nobody asks anything.

    Args:
        pids: processes.
        seconds: to wait at most.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with used(pids) as spent:
            time.sleep(1)
        if spent.cpu_ms < _IDLE:
            return


def resident_megabytes(pids: list[int]) -> float:
    """Resident memory; pages that processes share are counted once for each.

    Args:
        pids: processes.
    """
    return _from_smaps(pids, "Rss:")


def proportional_megabytes(pids: list[int]) -> float:
    """Resident memory; pages that processes share are divided among them.

    Args:
        pids: processes.
    """
    return _from_smaps(pids, "Pss:")


def _from_smaps(pids: list[int], name: str) -> float:
    kilobytes = 0
    for pid in pids:
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith(name):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024
