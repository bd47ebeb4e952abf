"""The rate of a phase, and its remaining time."""

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
    _first: int = 0  # steps of an earlier process
    _start: float = 0.0
    _last: float = 0.0

    def begin(self, done: int, steps: int) -> None:
        """Begin a phase, or continue it after `done` steps."""
        self.steps, self.done, self._first = steps, done, done
        self._start = self._last = self.now()

    def advance(self, steps: int = 1) -> None:
        """Add steps; 0 after an evaluation.  Its time counts for the steps before it."""
        self.done += steps
        self._last = self.now()

    @property
    def seconds_per_step(self) -> float | None:
        """The mean duration of a step; None before the first step of this process has ended."""
        here = self.done - self._first
        return (self._last - self._start) / here if here else None

    @property
    def left(self) -> float | None:
        """Seconds to the end of the phase at the current rate; None: unknown."""
        each = self.seconds_per_step
        if each is None:
            return None
        return max(0.0, each * (self.steps - self.done) - (self.now() - self._last))

    def __str__(self) -> str:
        """Text such as `3.1 s/step  left 1:02`; empty before the first step has ended."""
        each, left = self.seconds_per_step, self.left
        return "" if each is None or left is None else f"{speed(each)}  left {duration(left)}"


def speed(seconds_per_step: float) -> str:
    """Seconds per step as text, or steps per second if that is more than one."""
    if seconds_per_step >= 1 or not seconds_per_step:
        return f"{seconds_per_step:.1f} s/step"
    return f"{1 / seconds_per_step:.1f} steps/s"


def duration(seconds: float) -> str:
    """Minutes and seconds, with hours if there are any: 1:02, 3:00:59."""
    whole = round(seconds)
    hours, rest = divmod(whole, _HOUR)
    minutes, last = divmod(rest, _MINUTE)
    return f"{hours}:{minutes:02}:{last:02}" if hours else f"{minutes}:{last:02}"
