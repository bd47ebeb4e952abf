"""What the processes of a session use, read from outside in /proc."""

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from whet.sandbox.messages import SessionLimits, StopReason

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_STATE, _PARENT, _TIMES = 0, 1, slice(11, 15)  # fields of /proc/PID/stat, behind the name
_PIPE = 1 << 16  # bytes that a pipe holds
_PROC = Path("/proc")
_READ = {"x86_64": 0, "aarch64": 63}  # number of the system call


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Of all processes below a supervisor."""

    cpu_s: float = 0.0  # of those that live, and of those that were waited for
    busy_s: float = 0.0  # running or waiting for a core, of those that live; to the nanosecond
    memory: int = 0  # bytes, without what files back
    tasks: int = 0  # threads that live


def usage_of(supervisor: int) -> Usage:
    """The present usage; a process that ends while it is read is left out."""
    cpu, busy, memory, tasks = _times(supervisor)[1], 0.0, 0, 0
    for pid in _below(supervisor):
        with suppress(OSError):
            own, children, alive = _times(pid)
            cpu += own + children
            if alive:
                resident, shared = (_PROC / f"{pid}/statm").read_text().split()[1:3]
                memory += (int(resident) - int(shared)) * _PAGE
                for task in (_PROC / f"{pid}/task").iterdir():
                    ran, waited = (task / "schedstat").read_text().split()[:2]
                    busy += (int(ran) + int(waited)) / 1e9
                    tasks += 1
    return Usage(cpu_s=cpu, busy_s=busy, memory=memory, tasks=tasks)


def rests(supervisor: int, fd: int) -> bool:
    """Whether one thread is all that lives below a supervisor, and it waits to read `fd`.

    Where the kernel doesn't say what a thread waits for, the second isn't asked.
    """
    tasks = [
        task
        for pid in _below(supervisor)
        if _alive(pid)
        for task in (_PROC / f"{pid}/task").iterdir()
    ]
    if len(tasks) != 1:
        return False
    try:
        words = (tasks[0] / "syscall").read_text().split()
    except OSError:
        return True
    return words[:2] == [str(_READ.get(platform.machine())), hex(fd)]


def _alive(pid: int) -> bool:
    with suppress(OSError):
        return _times(pid)[2]
    return False


def _times(pid: int) -> tuple[float, float, bool]:
    """CPU seconds of a process, those of its children that it waited for, and whether it lives."""
    fields = (_PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, children_user, children_system = (int(n) / _TICK for n in fields[_TIMES])
    return user + system, children_user + children_system, fields[_STATE] not in "ZX"


def _below(pid: int) -> Iterator[int]:
    """The descendants of a process."""
    with suppress(OSError):
        for task in (_PROC / f"{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _below(child)


class Account:
    """What a message has used, from samples of its session's usage.

    Time in which no process is seen to run or to wait for a core counts as idle.  So what is hidden
    from the samples is limited, too.  A program that waits until its output is read isn't idle.
    """

    def __init__(self, limits: SessionLimits, usage: Usage, now: float) -> None:
        self.limits, self.last, self.now = limits, usage, now
        self.cpu_s = self.idle_s = 0.0
        self.written = 0

    def add(self, usage: Usage, written: int, now: float) -> StopReason | None:
        """Add a sample, with the bytes written since the message came; the limit that is passed."""
        ran = max(0.0, usage.cpu_s - self.last.cpu_s)
        busy = max(ran, usage.busy_s - self.last.busy_s)
        self.cpu_s += ran
        if written - self.written < _PIPE:
            self.idle_s += max(0.0, now - self.now - busy)
        self.last, self.written, self.now = usage, written, now
        passed = (
            (StopReason.CPU, self.cpu_s >= self.limits.cpu_s),
            (StopReason.OUTPUT, written > self.limits.written),
            (StopReason.MEMORY, usage.memory > self.limits.memory),
            (StopReason.IDLE, self.idle_s >= self.limits.idle_s),
        )
        return next((stop for stop, is_passed in passed if is_passed), None)
