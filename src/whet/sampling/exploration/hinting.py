"""What all hint schedules share: marks on plays, metrics, and the runs that they cannot act in."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from whet.protocols import LiveSchedule, Now, Schedule
from whet.sampling.exploration.partial import ToldTokens
from whet.sampling.structured.forced_words import UNTRAINED
from whet.types import Group, Mean, Metrics, Need, Play, Prompt, RunSpec, Ticket


class HintSchedule(Schedule):
    """A schedule of hints. The demonstrator's solutions are what it tells."""

    __slots__ = ()

    def run_error(self, spec: RunSpec) -> str:
        """An error for runs without a demonstrator."""
        if spec.demonstrates:
            return ""
        return (
            f"sampling.schedules {type(self).__name__} tells parts of solutions, and the run has "
            "no demonstrator; give demonstrator, such as FromColumn(), or leave the schedule out"
        )


class PrefixSchedule(HintSchedule):
    """A schedule of hints that replies begin with; their tokens are external."""

    __slots__ = ()

    provides = frozenset({Need.DEMONSTRATIONS})

    def run_error(self, spec: RunSpec) -> str:
        """Besides, an error for algorithms that would train a hint's tokens as the policy's own."""
        if not spec.trains_external:
            return super().run_error(spec)
        return (
            f"sampling.schedules {type(self).__name__} begins replies with tokens of a solution, "
            f"and the algorithm would train them as the policy's own; {UNTRAINED}"
        )


@dataclass(slots=True)
class LiveHintSchedule(LiveSchedule):
    """Counts the rollouts of a step that were given a hint."""

    shares: list[float] = field(default_factory=list)  # of the step's rollouts so far

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> None:
        del ticket
        self.shares += [rollout.hint for group in groups for rollout in group if not rollout.joined]

    def step_ended(self, now: Now) -> Metrics:
        """The share of rollouts with a hint, and how much of a solution these were told."""
        del now
        told = [share for share in self.shares if share]
        count, self.shares = len(self.shares), []
        return {
            "hinted": Mean(total=len(told), count=count),
            "hint_share": Mean(total=sum(told), count=len(told)),
        }


def begun_with(play: Play, told: ToldTokens) -> Play:
    """The play, whose first reply begins with a part of a solution."""
    if not told.ids:
        return play
    return replace(play, prefix=(*told.ids, *play.prefix), hint=max(play.hint, told.share))


def asked_with(play: Play, prompt: Prompt, share: float) -> Play:
    """The play with a prompt that tells a share of a solution."""
    return replace(play, prompt=prompt, hint=max(play.hint, share))
