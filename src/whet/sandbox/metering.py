"""What the processes of a session use, read from outside in /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from whet.sandbox.messages import SessionLimits, Stop

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_STATE, _PARENT, _TIMES = 0, 1, slice(11, 15)  # fields of /proc/PID/stat, behind the name
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Of all processes below a supervisor."""

    cpu_s: float = 0.0  # of those that live, and of those that were waited for
    waited_s: float = 0.0  # for a core, of those that live
    memory: int = 0  # bytes, without what files back
    tasks: int = 0  # threads that live


def usage_of(supervisor: int) -> Usage:
    """The present usage; a process that ends while it is read is left out."""
    cpu, waited, memory, tasks = _times(supervisor)[1], 0.0, 0, 0
    for pid in _below(supervisor):
        with suppress(OSError):
            own, children, alive = _times(pid)
            cpu += own + children
            if alive:
                resident, shared = (_PROC / f"{pid}/statm").read_text().split()[1:3]
                memory += (int(resident) - int(shared)) * _PAGE
                for task in (_PROC / f"{pid}/task").iterdir():
                    waited += int((task / "schedstat").read_text().split()[1]) / 1e9
                    tasks += 1
    return Usage(cpu_s=cpu, waited_s=waited, memory=memory, tasks=tasks)


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
    from the samples is limited, too.
    """

    def __init__(self, limits: SessionLimits, usage: Usage, now: float) -> None:
        self.limits, self.last, self.now = limits, usage, now
        self.cpu_s = self.idle_s = 0.0

    def add(self, usage: Usage, now: float) -> Stop | None:
        """Add a sample; returns the limit that is passed."""
        ran = max(0.0, usage.cpu_s - self.last.cpu_s)
        waited = max(0.0, usage.waited_s - self.last.waited_s)
        self.cpu_s += ran
        self.idle_s += max(0.0, now - self.now - ran - waited)
        self.last, self.now = usage, now
        if self.cpu_s >= self.limits.cpu_s:
            return Stop.CPU
        if usage.memory > self.limits.memory:
            return Stop.MEMORY
        return Stop.IDLE if self.idle_s >= self.limits.idle_s else None
