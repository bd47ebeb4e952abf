"""What a run tells of itself while it goes on."""

from dataclasses import dataclass

from whet.evaluation.measure import Scorecard
from whet.training.loop import TrainStep
from whet.training.warmup import SFTStep


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStarted:
    """The event of a phase that begins or continues."""

    phase: str
    done: int
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """The event of an evaluation: `base`, `periodic` or `final`."""

    name: str
    step: int
    card: Scorecard


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The event at the end of a run, complete or stopped."""

    digest: str
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The event of a run that continues on another device.

    Its weights end different in their last bits, and so its texts, from those of a run on one.
    """

    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """The event of something odd about a run's folder, which the run can go on from."""

    message: str  # one sentence


Event = PhaseStarted | SFTStep | TrainStep | Evaluated | RunEnded | Moved | Noticed
