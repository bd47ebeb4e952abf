"""A seccomp filter, assembled here: what a guest may not ask of the kernel.

Stdlib only: this file is read inside the sandbox's own processes.
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
_TIOCSTI = 0x5412  # types into the terminal
_OWNERS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals sent by files


def base() -> bytes:
    """What no guest may do.  It may fork, and signal what its kernel lets it see."""
    judged = numbers(JUDGED)
    return b"".join(
        (
            *(_always(number, _REFUSE) for number in numbers(DENIED).values()),
            _always(judged["clone3"], _UNKNOWN),  # its flags are out of sight; libc falls back
            _when(judged["clone"], 0, (_ANY_BIT, _NAMESPACES)),
            _unless(judged["prlimit64"], 0, (_EQUAL, 0)),
            _when(judged["ioctl"], 1, (_EQUAL, _TIOCSTI)),
        )
    )


def silent() -> bytes:
    """And no signals at all."""
    fcntl = numbers(JUDGED)["fcntl"]
    files = (_when(fcntl, 1, (_EQUAL, command)) for command in _OWNERS)
    return b"".join((*(_always(n, _REFUSE) for n in numbers(SIGNALS).values()), *files))


def single() -> bytes:
    """And no processes besides its own; threads it may have."""
    clone = _unless(numbers(JUDGED)["clone"], 0, (_ANY_BIT, _THREAD))
    return b"".join((*(_always(n, _REFUSE) for n in numbers(FORKS).values()), clone))


def program(*rules: bytes) -> bytes:
    """The whole filter: another architecture is killed, a later system call doesn't exist."""
    head = (
        _step(_LOAD, _ARCH),
        _step(_EQUAL, ARCHITECTURE[platform.machine()], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_ABOVE, LATEST, 0, 1),  # the x32 calls of x86_64 too
        _step(_RETURN, _UNKNOWN),
    )
    return b"".join((*head, *rules, _step(_RETURN, _ALLOW)))


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One struct sock_filter."""
    return struct.pack("=HBBI", code, yes, no, value)


def _always(number: int, answer: int) -> bytes:
    return _step(_EQUAL, number, 0, 1) + _step(_RETURN, answer)


def _when(number: int, argument: int, test: tuple[int, int]) -> bytes:
    """Refuse the call where the test of its argument's low word holds."""
    return _judged(number, argument, _step(*test, 0, 1) + _step(_RETURN, _REFUSE))


def _unless(number: int, argument: int, test: tuple[int, int]) -> bytes:
    """Refuse it where the test fails."""
    return _judged(number, argument, _step(*test, 1, 0) + _step(_RETURN, _REFUSE))


def _judged(number: int, argument: int, rule: bytes) -> bytes:
    look = _step(_LOAD, _ARGUMENT + 8 * argument) + rule + _step(_LOAD, _NUMBER)
    return _step(_EQUAL, number, 0, len(look) // 8) + look
