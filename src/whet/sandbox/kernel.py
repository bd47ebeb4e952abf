"""Confinement by the kernel, through ctypes: namespaces, Landlock, seccomp.

It uses the standard library only, because the sandbox's own processes import this file.
"""

import ctypes
import os
import struct
from collections.abc import Iterable

_LIBC = ctypes.CDLL(None, use_errno=True)
_LANDLOCK = (444, 445, 446)  # create, add rule, restrict; the same on every architecture
CONFINES_SIGNALS = 6  # since this version
_NET = 4  # since this version
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # ABI version: number of file rights that it knows
_FILE_RIGHTS = 0b1 | 0b10 | 0b100 | (1 << 14) | (1 << 15)  # rights that apply to a plain file
_TRUNCATE = 1 << 14
_EXECUTE, _WRITE_FILE = 1 << 0, 1 << 1
_MAKE = (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8) | (1 << 12)  # remove, make folder, file, link

_NEWNS = 0x00020000
_PRIVATE = 0x00040000 | 0x4000  # MS_PRIVATE | MS_REC
_TMPFS = 0x2 | 0x4  # MS_NOSUID | MS_NODEV
_PDEATHSIG, _SECCOMP, _SUBREAPER, _NO_NEW_PRIVS = 1, 22, 36, 38


def abi() -> int:
    """Landlock's version; below 1 if it is absent."""
    return int(_LIBC.syscall(_LANDLOCK[0], None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION)))


def confine(reads: Iterable[str], writes: Iterable[str], runs: Iterable[str] = ()) -> None:
    """Allow access to `reads`, writing in `writes` and executing in `runs` only; irrevocable."""
    version = abi()
    known = (1 << max(n for v, n in _RIGHTS.items() if v <= version)) - 1
    attributes = struct.pack("=Q", known)
    if version >= _NET:
        attributes += struct.pack("=Q", 0b11)  # no TCP
    if version >= CONFINES_SIGNALS:
        attributes += struct.pack("=Q", 0b11)  # no abstract sockets, no signals to other processes
    size = ctypes.c_size_t(len(attributes))
    ruleset = _call("landlock", _LANDLOCK[0], attributes, size, ctypes.c_uint32(0))
    reading = _READ_FILE | _READ_DIR
    for path in reads:
        _allow(ruleset, path, reading)
    for path in writes:
        _allow(ruleset, path, known & (reading | _WRITE_FILE | _TRUNCATE | _MAKE))
    for path in runs:
        _allow(ruleset, path, reading | _EXECUTE)
    _call("landlock", _LANDLOCK[2], ruleset, ctypes.c_uint32(0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    if not os.path.exists(path):
        return
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rights = rights if os.path.isdir(path) else rights & _FILE_RIGHTS
    rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, place), 12)
    _call("landlock", _LANDLOCK[1], ruleset, _BENEATH, rule, ctypes.c_uint32(0))
    os.close(place)


def no_new_privileges() -> None:
    """Forbid gaining privileges by executing a program."""
    _prctl(_NO_NEW_PRIVS, 1)


def filtered(program: bytes) -> None:
    """Install a seccomp filter; irrevocable."""
    held = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("=H6xQ", len(program) // 8, ctypes.addressof(held))
    told = ctypes.create_string_buffer(head, len(head))
    _prctl(_SECCOMP, 2, ctypes.addressof(told))


def die_with_parent() -> None:
    """Send SIGKILL to this process when its parent ends."""
    _prctl(_PDEATHSIG, 9)


def adopt_orphans() -> None:
    """Make orphaned descendants children of this process."""
    _prctl(_SUBREAPER, 1)


def own_mounts() -> bool:
    """Hide further mounts of this process from other processes; False if the kernel forbids it."""
    if _LIBC.unshare(_NEWNS) != 0:
        return False
    return _LIBC.mount(b"none", b"/", None, ctypes.c_ulong(_PRIVATE), None) == 0


def small_disk(place: str, size: int, entries: int) -> bool:
    """Mount an in-memory disk over `place`, of so many bytes, files and folders.

    False if the kernel forbids it.
    """
    options = f"size={size},mode=0755,nr_inodes={entries}".encode()
    flags = ctypes.c_ulong(_TMPFS)
    return _LIBC.mount(b"tmpfs", place.encode(), b"tmpfs", flags, options) == 0


def _prctl(*arguments: int) -> None:
    words = [ctypes.c_ulong(n) for n in (*arguments, 0, 0, 0)]
    if _LIBC.prctl(ctypes.c_int(arguments[0]), *words[1:5]) != 0:
        raise _failure(f"prctl {arguments[0]}")


def _call(name: str, number: int, *arguments: object) -> int:
    answer = int(_LIBC.syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        raise _failure(name)
    return answer


def _failure(name: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{name}: {os.strerror(number)}")
