"""Keeps the memory of a process near what it needs, where the C library can be told to.

glibc gives threads heaps of their own, up to eight per processor, and each keeps what its largest
answer once took: a list of 10,000 ports is some 50 MB while it is made, and any thread may make
one. Python runs one thread at a time, so they can share a heap without waiting for each other; and
what is free in it goes back to the system when a process has grown.

Without glibc (musl, macOS) nothing is done.
"""

import ctypes
import gc
import os
from pathlib import Path
from typing import Any

_M_ARENA_MAX = -8  # malloc.h
_STATM = Path("/proc/self/statm")
_MEBIBYTE = 2**20
# Bytes that a process must have grown by before it is worth while to look what is free.
_GROWTH = 8 * _MEBIBYTE
# How often to look after that: what is in use the first time may be free the next.
_LOOKS = 3
_PAGE = os.sysconf("SC_PAGE_SIZE")


def share_one_heap() -> None:
    """Let the threads of this process, and of those forked from it, share one heap.

    To be called before there are threads: the heaps that they have stay.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, 1)


class GiveBack:
    """Gives free memory back to the system, if the process has grown since the last time.

    To be called now and then, by any one thread: it costs some 20 microseconds if there is nothing
    to do, and 10 to 40 milliseconds after large answers.
    """

    def __init__(self) -> None:
        self._library = _glibc()
        self._kept = _resident()
        self._looks = 0

    def __call__(self) -> None:
        """Look, and give back."""
        if self._library is None:
            return
        if _resident() > self._kept + _GROWTH:
            self._looks = _LOOKS
        if self._looks > 0:
            self._looks -= 1
            # Not for garbage: the interpreter lays some thousand small objects by for the next
            # request, and one of them is enough to keep a mebibyte around it.
            gc.collect()
            self._library.malloc_trim(0)
            self._kept = _resident()


def _glibc() -> Any:
    """The C library, None if it is another one."""
    library = ctypes.CDLL(None)
    known = hasattr(library, "malloc_trim") and hasattr(library, "mallopt")
    return library if known and _STATM.exists() else None


def _resident() -> int:
    """Bytes of memory that this process has; 0 where nobody says."""
    return int(_STATM.read_text().split()[1]) * _PAGE if _STATM.exists() else 0
