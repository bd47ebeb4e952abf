"""A constant group size, sampled in a constant number of rounds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from whet.protocols import GroupSize, GroupSizer, Now, SamplingSetup, SizeDecision
from whet.types import Group, Metrics, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedRounds(GroupSize):
    """n rollouts of every task in each of m rounds; all m · n are one group with one baseline.

    n = `rollouts`, m = `passes`. A schedule may change the plays from round to round, by what
    the rounds before have shown: `--sampling.schedules seele`.

    Source: the rounds of SEELE (arXiv:2509.06923), m = 4 and n = 8. Cost: the rounds of a step come
    one after the other, each with a part of the parallelism, so that a step takes up to m times as
    long as one of m · n rollouts at once. It counts rollouts, so it is meant for chains.
    """

    rollouts: int = 8  # of a round
    passes: int = 4  # rounds, with the first one

    def __post_init__(self) -> None:
        for name in ("rollouts", "passes"):
            if (value := getattr(self, name)) < 1:
                raise UsageError(f"sampling.size.{name} is {value}; give 1 or more")

    @property
    def rounds(self) -> int:
        return self.passes - 1

    @property
    def always(self) -> int:
        return self.rollouts * self.passes

    def open(self, setup: SamplingSetup) -> "FixedRoundsSizer":
        del setup
        return FixedRoundsSizer(self)


@dataclass(slots=True)
class FixedRoundsSizer(GroupSizer):
    """One round after the other. It has no state between two steps."""

    settings: FixedRounds
    landed: dict[str, int] = field(default_factory=dict)  # rounds, by the first rollout's id

    def first(self, tasks: Sequence[Task], now: Now) -> list[int]:
        del now
        return [self.settings.rollouts] * len(tasks)

    def after(self, group: Group) -> SizeDecision:
        """A further round until all have landed.

        Rounds are counted, because extensions may add rollouts to a group, or take some away.
        """
        name = group[0].id if len(group) else ""
        self.landed[name] = self.landed.get(name, 0) + 1
        more = self.settings.rollouts if self.landed[name] < self.settings.passes else 0
        return SizeDecision(more=more)

    def step_ended(self, now: Now) -> Metrics:
        del now
        self.landed = {}
        return {}
