"""What processes have used: CPU time and memory, as the kernel counts them."""

from pathlib import Path

_PROC = Path("/proc")
_NANOSECONDS = 1e9


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
    """CPU time of the threads of processes so far, user and system.

    The scheduler's nanoseconds, not the ticks of /proc/PID/stat, which are as long as ten
    requests. Time of threads that ended is not in it: those of a server stay.

    Args:
        pids: processes.
    """
    total = 0
    for pid in pids:
        for task in _PROC.glob(f"{pid}/task/*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except OSError:
                continue
    return total / _NANOSECONDS


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
