"""How many programs at once, and as whom.

The kernel counts processes by user, so that two programs of one user would share their limit.
Root gives each slot a user of its own; an ordinary user has but one to give.
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

from whet.sandbox.limits import Fault, Outcome, Program

_USERS = range(61_000, 65_000)  # of nobody, by the custom of distributions
_PAIR = 2
_OPENING, _TAKING = Lock(), Lock()
_QUEUES: dict[int, Queue[int | None]] = {}
_HELD: list[socket.socket] = []
os.register_at_fork(after_in_child=_QUEUES.clear)


@contextmanager
def users(slots: int, wanted: int) -> Iterator[tuple[int | None, ...]]:
    """So many of this process's slots, as soon as they are free: their users, if this is root.

    Who waits for a second slot while holding a first is alone in that, so that nobody waits for
    ever.
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
    play: Sequence[Callable[[Program], Outcome]], programs: tuple[Program, Program]
) -> tuple[Outcome, Outcome]:
    """Both at once, linked; where one can't be run the other ends too."""
    ends = socket.socketpair()
    with ThreadPoolExecutor(_PAIR) as threads:
        running = [threads.submit(_played, *one) for one in zip(play, programs, ends, strict=True)]
        return running[0].result(), running[1].result()


def _played(play: Callable[[Program], Outcome], program: Program, end: socket.socket) -> Outcome:
    """Our copy of its end of the link is closed with it, and the other side hears of that."""
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
    """A user that no other process on this machine runs programs as; kept until this one ends."""
    for user in _USERS:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0whet-sandbox-user-{user}")
        except OSError:
            claim.close()
            continue
        _HELD.append(claim)
        return user
    raise Fault(f"no user left between {_USERS.start} and {_USERS.stop} to run a program as")


@atexit.register
def _release() -> None:
    """The users are free for others."""
    while _HELD:
        _HELD.pop().close()
