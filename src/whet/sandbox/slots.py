"""Slots for concurrent programs, and the users that they run as.

The kernel counts processes per user, so two programs of one user would share their limit. Root
gives each slot a user of its own; an ordinary user has only itself.
"""

import atexit
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from queue import Queue
from threading import Lock

from whet.sandbox.limits import Program, ProgramResult, SandboxFault

_USERS = range(61_000, 65_000)  # ids that distributions leave unused
_PAIR = 2
_OPENING, _TAKING = Lock(), Lock()
_QUEUES: dict[int, Queue[int | None]] = {}
_HELD: list[socket.socket] = []
_FREE: list[int] = []  # users of sessions that have ended
os.register_at_fork(after_in_child=_QUEUES.clear)
os.register_at_fork(after_in_child=_FREE.clear)


@contextmanager
def users(slots: int, wanted: int) -> Iterator[tuple[int | None, ...]]:
    """Take `wanted` slots once they are free; yields their user ids, None without root.

    One caller at a time takes slots, so two callers cannot deadlock on each other's second slot.
    """
    queue = _queue(max(slots, _PAIR))
    with _TAKING:
        taken = tuple(queue.get() for _ in range(wanted))
    try:
        yield taken
    finally:
        for user in taken:
            queue.put(user)


def together(
    play: Sequence[Callable[[Program], ProgramResult]], programs: tuple[Program, Program]
) -> tuple[ProgramResult, ProgramResult]:
    """Run both programs concurrently, connected; if one fails to start, the other ends too."""
    ends = socket.socketpair()
    with ThreadPoolExecutor(_PAIR) as threads:
        running = [threads.submit(_played, *one) for one in zip(play, programs, ends, strict=True)]
        return running[0].result(), running[1].result()


def _played(
    play: Callable[[Program], ProgramResult], program: Program, end: socket.socket
) -> ProgramResult:
    """Run one program, and close this process's copy of its link afterwards."""
    with end:
        return play(replace(program, links=(end.fileno(),)))


def _queue(count: int) -> Queue[int | None]:
    with _OPENING:
        if count not in _QUEUES:
            queue: Queue[int | None] = Queue()
            for _ in range(count):
                queue.put(_claimed() if os.geteuid() == 0 else None)
            _QUEUES[count] = queue
        return _QUEUES[count]


def _claimed() -> int:
    """A user id that no other process uses for programs, kept until this process ends."""
    for user in _USERS:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0whet-sandbox-user-{user}")
        except OSError:
            claim.close()
            continue
        _HELD.append(claim)
        return user
    raise SandboxFault(f"no free user id between {_USERS.start} and {_USERS.stop} to run a program")


@atexit.register
def _release() -> None:
    """Release the user ids."""
    while _HELD:
        _HELD.pop().close()


class Lent:
    """A user of its own for a session, if this process is root; else None."""

    def __init__(self) -> None:
        with _OPENING:
            self.number = None
            if os.geteuid() == 0:
                self.number = _FREE.pop() if _FREE else _claimed()

    def give_back(self) -> None:
        """Let the next session have it; no process of this user is left."""
        with _OPENING:
            if self.number is not None:
                _FREE.append(self.number)
                self.number = None
