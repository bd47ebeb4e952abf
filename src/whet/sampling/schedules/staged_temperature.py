"""POLARIS: a temperature for each stage of the run."""

from dataclasses import dataclass
from typing import ClassVar

from whet.protocols import LiveSchedule, Now, SamplingSetup, Schedule
from whet.sampling.schedules.plays import heated
from whet.sampling.schedules.stages import EvenStages, StageStarts
from whet.types import Request, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedTemperature(Schedule):
    """A temperature for each stage:  T(step) = temperatures[stage(step)].

    Training narrows the policy's distribution, so at a constant temperature the rollouts of a group
    become more alike. A higher temperature in each stage keeps them apart.

    Source: POLARIS (An et al. 2025, a blog post; read in excerpts). It raises 0.7 → 1.0 → 1.1 for
    the 7B model, the default here, and 1.40 → 1.45 → 1.50 for the 4B model; the later stages are
    as a survey quotes them (arXiv:2509.08827). It measures each temperature before its stage, as
    `TemperatureSearch` does. Stages of equal length are ours; `starts` takes `AtShares` and
    `AtSteps`, too.

    It costs no further rollouts. The right temperatures differ between models: above its range a
    model samples noise, and its accuracy collapses.

    Log-probs of the learner are those of the same temperature, rollout by rollout. Evaluations
    decode with `sampling.decoding`, which this part leaves alone: set its temperature to the lowest
    stage or below.
    """

    sets: ClassVar[str] = "temperature"

    temperatures: tuple[float, ...] = (0.7, 1.0, 1.1)
    starts: StageStarts = EvenStages()

    def __post_init__(self) -> None:
        if not self.temperatures or not all(0 < t < float("inf") for t in self.temperatures):
            raise UsageError(
                f"sampling.schedules.staged_temperature.temperatures is {self.temperatures}; "
                "give numbers above 0, "
                "one for each stage"
            )
        self.starts.check_count("sampling.schedules.staged_temperature", len(self.temperatures))

    def open(self, setup: SamplingSetup) -> "LiveStagedTemperature":
        del setup
        return LiveStagedTemperature(self)


@dataclass(frozen=True, slots=True)
class LiveStagedTemperature(LiveSchedule):
    """Without a state: the step gives the stage."""

    settings: StagedTemperature

    def apply(self, request: Request, now: Now) -> Request:
        temperatures = self.settings.temperatures
        return heated(request, temperatures[self.settings.starts.stage(now, len(temperatures))])
