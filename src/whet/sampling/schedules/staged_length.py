"""DeepScaleR: a limit of the reply's length for each stage of the run."""

from dataclasses import dataclass

from whet.protocols import LiveSchedule, Now, SamplingSetup, Schedule
from whet.sampling.schedules.plays import limited
from whet.sampling.schedules.stages import EvenStages, StageStarts
from whet.types import Request, RunSpec, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedLength(Schedule):
    """The most tokens of a reply in each stage:  L(step) = lengths[stage(step)].

    A short first stage is cheap, and makes the policy drop detours, because a reply that is cut has
    no answer. Later stages give room for harder tasks.

    Source: DeepScaleR (Luo et al. 2025, a blog post; from memory): 8k → 16k → 24k, the default.
    DeepScaleR switches by hand, and stages of equal length are ours; `starts` takes `AtShares` and
    `AtSteps`, too. `LengthByTruncation` switches by what it observes.

    It saves tokens in early stages. Its failure is a first stage shorter than right replies: these
    are cut, and the policy learns to answer without reasoning. Watch `truncated`.

    What a cut reply means differs by stage, and the reward `staged_overlong` says it: in a short
    stage it is left out of the loss, and in the longest one it is penalised. To leave cut replies
    out in all stages, use the advantage `MaskTruncated`.

    The limit of the last stage is `sampling.decoding.max_new_tokens`, which is checked against the
    model, and which evaluations use in all stages.
    """

    lengths: tuple[int, ...] = (8192, 16384, 24576)
    starts: StageStarts = EvenStages()

    def __post_init__(self) -> None:
        if not self.lengths or min(self.lengths) < 1:
            raise UsageError(
                f"sampling.schedules.staged_length.lengths is {self.lengths}; "
                "give 1 or more, one for each stage"
            )
        self.starts.check_count("sampling.schedules.staged_length", len(self.lengths))

    def run_error(self, spec: RunSpec) -> str:
        """An error for a stage beyond the limit that the run is planned for."""
        return beyond("staged_length", self.lengths, spec)

    def open(self, setup: SamplingSetup) -> "LiveStagedLength":
        del setup
        return LiveStagedLength(self)


@dataclass(frozen=True, slots=True)
class LiveStagedLength(LiveSchedule):
    """Without a state: the step gives the stage."""

    settings: StagedLength

    def apply(self, request: Request, now: Now) -> Request:
        lengths = self.settings.lengths
        return limited(request, lengths[self.settings.starts.stage(now, len(lengths))])


def beyond(name: str, lengths: tuple[int, ...], spec: RunSpec) -> str:
    """Why the part `name` can't have these lengths in a run; empty if it can."""
    longest = max(lengths)
    if longest <= spec.max_new_tokens:
        return ""
    return (
        f"{name}.lengths has {longest}, but sampling.decoding.max_new_tokens is "
        f"{spec.max_new_tokens}; give lengths up to that, or --sampling.decoding.max_new_tokens "
        f"{longest}"
    )
