"""The seccomp filter: system calls that a guest may not make.

It uses the standard library only, because the sandbox's own processes import this file.
"""

import errno
import platform
import struct

from .syscalls import ARCHITECTURE, DENIED, FORKS, JUDGED, LATEST, SIGNALS, numbers

_LOAD, _EQUAL, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS

_NAMESPACES = 0x7E020000  # CLONE_NEW*
_THREAD = 0x00010000  # CLONE_THREAD
_TIOCSTI = 0x5412  # inserts input into the terminal
_OWNERS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals caused by files


def base() -> bytes:
    """Rules for every guest. It may fork, and signal processes that its kernel shows."""
    judged = numbers(JUDGED)
    return b"".join(
        (
            *(_always(number, _REFUSE) for number in numbers(DENIED).values()),
            _always(
                judged["clone3"], _UNKNOWN
            ),  # its flags are behind a pointer; libc falls back to clone
            _when(judged["clone"], 0, (_ANY_BIT, _NAMESPACES)),
            _unless(judged["prlimit64"], 0, (_EQUAL, 0)),
            _when(judged["ioctl"], 1, (_EQUAL, _TIOCSTI)),
        )
    )


def silent() -> bytes:
    """Rules that forbid all signals."""
    fcntl = numbers(JUDGED)["fcntl"]
    files = (_when(fcntl, 1, (_EQUAL, command)) for command in _OWNERS)
    return b"".join((*(_always(n, _REFUSE) for n in numbers(SIGNALS).values()), *files))


def single() -> bytes:
    """Rules that forbid further processes; threads are allowed."""
    clone = _unless(numbers(JUDGED)["clone"], 0, (_ANY_BIT, _THREAD))
    return b"".join((*(_always(n, _REFUSE) for n in numbers(FORKS).values()), clone))


def program(*rules: bytes) -> bytes:
    """The complete filter.

    A call of another architecture is killed. A system call that is newer than the table fails as
    unknown.
    """
    head = (
        _step(_LOAD, _ARCH),
        _step(_EQUAL, ARCHITECTURE[platform.machine()], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_ABOVE, LATEST, 0, 1),  # includes the x32 calls of x86_64
        _step(_RETURN, _UNKNOWN),
    )
    return b"".join((*head, *rules, _step(_RETURN, _ALLOW)))


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One instruction, a struct sock_filter."""
    return struct.pack("=HBBI", code, yes, no, value)


def _always(number: int, answer: int) -> bytes:
    return _step(_EQUAL, number, 0, 1) + _step(_RETURN, answer)


def _when(number: int, argument: int, test: tuple[int, int]) -> bytes:
    """Refuse the call if the test holds for the low word of its argument."""
    return _judged(number, argument, _step(*test, 0, 1) + _step(_RETURN, _REFUSE))


def _unless(number: int, argument: int, test: tuple[int, int]) -> bytes:
    """Refuse the call if the test fails for the low word of its argument."""
    return _judged(number, argument, _step(*test, 1, 0) + _step(_RETURN, _REFUSE))


def _judged(number: int, argument: int, rule: bytes) -> bytes:
    look = _step(_LOAD, _ARGUMENT + 8 * argument) + rule + _step(_LOAD, _NUMBER)
    return _step(_EQUAL, number, 0, len(look) // 8) + look
