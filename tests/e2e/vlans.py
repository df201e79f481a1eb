"""Sub-interfaces for VLANs on kernels that cannot make them (8021q).

    bridge -- eth1.101 ==veth== vlan101 --- push the tag --> eth1 --
                                vlan101 <-- pop the tag ---- eth1 <-

Two programs of BPF beside the links do it. They are loaded without a compiler, and found by ``tc``
in the file system of such programs.
"""

import ctypes
import os
import platform
import struct
from pathlib import Path

_SYSCALL = {"x86_64": 321, "aarch64": 280}
_LOAD, _PIN = 5, 6  # commands of bpf(2)
_OF_TC = 3  # what programs are for
_VLAN_PUSH, _VLAN_POP, _REDIRECT = 18, 19, 23  # what the kernel does for them
_VLAN_PRESENT, _VLAN_TCI = 20, 24  # where they see these of a packet
_TAG = int.from_bytes(b"\x81\x00", "little")  # 802.1Q's protocol, in the order of the network
_CONTINUE = -1  # with whatever is next for the packet
_LIBC = ctypes.CDLL(None, use_errno=True)


def push(number: int, card: int, path: Path) -> None:
    """Loads what sends each packet with a tag by a card.

    Args:
        number: of the VLAN.
        card: its index.
        path: where the program is found afterwards, in a file system for it.
    """
    program = [
        _set(2, _TAG),
        _set(3, number),
        _call(_VLAN_PUSH),
        *_redirected(card),
    ]
    _load(program, path)


def pop(number: int, link: int, path: Path) -> None:
    """Loads what takes the packets of a VLAN, and sends them without their tag by a link.

    Args:
        number: of the VLAN.
        link: its index.
        path: where the program is found afterwards, in a file system for it.
    """
    taken = [_instruction(0xBF, 1, 6), _call(_VLAN_POP), *_redirected(link)]
    program = [
        _instruction(0xBF, 6, 1),  # the packet
        _instruction(0x61, 2, 6, _VLAN_PRESENT),
        _instruction(0x15, 2, offset=3 + len(taken)),  # if there is no tag
        _instruction(0x61, 2, 6, _VLAN_TCI),
        _instruction(0x57, 2, value=0xFFF),
        _instruction(0x55, 2, offset=len(taken), value=number),  # if it is another one
        *taken,
        _set(0, _CONTINUE),
        _instruction(0x95),
    ]
    _load(program, path)


def _instruction(
    code: int, target: int = 0, source: int = 0, offset: int = 0, *, value: int = 0
) -> bytes:
    return struct.pack("<BBhi", code, source << 4 | target, offset, value)


def _set(register: int, value: int) -> bytes:
    return _instruction(0xB7, register, value=value)


def _call(number: int) -> bytes:
    return _instruction(0x85, value=number)


def _redirected(link: int) -> list[bytes]:
    return [_set(1, link), _set(2, 0), _call(_REDIRECT), _instruction(0x95)]


def _load(program: list[bytes], path: Path) -> None:
    code = ctypes.create_string_buffer(b"".join(program))
    license_ = ctypes.create_string_buffer(b"GPL")
    where = ctypes.create_string_buffer(os.fsencode(path))
    loaded = _bpf(
        _LOAD,
        "IIQQIIQII",
        *(_OF_TC, len(program), ctypes.addressof(code), ctypes.addressof(license_)),
        *(0, 0, 0, 0, 0),
    )
    try:
        _bpf(_PIN, "QII", ctypes.addressof(where), loaded, 0)
    finally:
        os.close(loaded)


def _bpf(command: int, form: str, *words: int) -> int:
    attributes = struct.pack(form, *words)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result: int = _LIBC.syscall(_SYSCALL[platform.machine()], command, buffer, len(attributes))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"bpf: {os.strerror(ctypes.get_errno())}")
    return result
