"""A temperature that moves from one value to another during the run."""

from abc import abstractmethod
from dataclasses import dataclass
from math import cos, pi
from typing import ClassVar

from whet.protocols import LiveSchedule, Now, Part, SamplingSetup, Schedule
from whet.sampling.schedules.plays import heated
from whet.types import Request, UsageError


class Curve(Part):
    """A way from 0, at the first step of a run, to 1 at its last one."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, progress: float) -> float:
        """How much of the way is done; `progress` is step / (steps − 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StraightCurve(Curve):
    """The same change in every step:  w(u) = u."""

    def __call__(self, progress: float) -> float:
        return progress


@dataclass(frozen=True, slots=True, kw_only=True)
class CosineCurve(Curve):
    """Slow at both ends:  w(u) = (1 − cos πu) / 2."""

    def __call__(self, progress: float) -> float:
        return (1 - cos(pi * progress)) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnealedTemperature(Schedule):
    """T(step) = first + (last − first) · w(u),  u = step / (steps − 1),  w the `curve`.

    The default goes down: wide exploration first, then sampling near the distribution that is
    evaluated. POLARIS raises the temperature instead, because entropy falls by itself; give `last`
    above `first` for that.

    Source: none in particular; simulated annealing is the model. All defaults are ours.

    It costs no further rollouts. If the entropy falls anyway, cooling makes the rollouts of a group
    alike even sooner, and their advantages vanish: watch `correct_varied`. Evaluations decode with
    `sampling.decoding`, which this part leaves alone.
    """

    sets: ClassVar[str] = "temperature"

    first: float = 1.2
    last: float = 0.8
    curve: Curve = StraightCurve()

    def __post_init__(self) -> None:
        for name, value in (("first", self.first), ("last", self.last)):
            if not 0 < value < float("inf"):
                raise UsageError(
                    f"sampling.schedules.annealed_temperature.{name} is {value}; give more than 0"
                )

    def at(self, step: int, steps: int) -> float:
        """The temperature of a step."""
        progress = min(step / max(steps - 1, 1), 1.0)
        return self.first + (self.last - self.first) * self.curve(progress)

    def open(self, setup: SamplingSetup) -> "LiveAnnealedTemperature":
        del setup
        return LiveAnnealedTemperature(self)


@dataclass(frozen=True, slots=True)
class LiveAnnealedTemperature(LiveSchedule):
    """Without a state: the step gives the temperature."""

    settings: AnnealedTemperature

    def apply(self, request: Request, now: Now) -> Request:
        return heated(request, self.settings.at(now.step, now.steps))
