"""How fast a phase goes, and how long it will still take."""

import time
from collections.abc import Callable
from dataclasses import dataclass

_MINUTE, _HOUR = 60, 3600


@dataclass(slots=True)
class Pace:
    """Seconds per step are the phase's own: elapsed / steps done, evaluations included."""

    now: Callable[[], float] = time.monotonic
    steps: int = 0
    done: int = 0
    _first: int = 0  # steps that an earlier process did
    _start: float = 0.0
    _last: float = 0.0

    def begin(self, done: int, steps: int) -> None:
        """A phase of so many steps begins, or goes on after `done` of them."""
        self.steps, self.done, self._first = steps, done, done
        self._start = self._last = self.now()

    def advance(self, steps: int = 1) -> None:
        """So many steps more; 0 after an evaluation, whose seconds belong to the steps before."""
        self.done += steps
        self._last = self.now()

    @property
    def seconds_per_step(self) -> float | None:
        """None before the first step of this process has ended."""
        here = self.done - self._first
        return (self._last - self._start) / here if here else None

    @property
    def left(self) -> float | None:
        """Seconds until the last step ends, if all take what those so far took; None: unknown."""
        each = self.seconds_per_step
        if each is None:
            return None
        return max(0.0, each * (self.steps - self.done) - (self.now() - self._last))

    def __str__(self) -> str:
        """Such as `3.1 s/step  left 1:02`; empty before the first step has ended."""
        each, left = self.seconds_per_step, self.left
        return "" if each is None or left is None else f"{speed(each)}  left {duration(left)}"


def speed(seconds_per_step: float) -> str:
    """Seconds per step, or steps per second where that is more than one."""
    if seconds_per_step >= 1 or not seconds_per_step:
        return f"{seconds_per_step:.1f} s/step"
    return f"{1 / seconds_per_step:.1f} steps/s"


def duration(seconds: float) -> str:
    """Minutes and seconds, and hours where there are any: 1:02, 3:00:59."""
    whole = round(seconds)
    hours, rest = divmod(whole, _HOUR)
    minutes, last = divmod(rest, _MINUTE)
    return f"{hours}:{minutes:02}:{last:02}" if hours else f"{minutes}:{last:02}"
