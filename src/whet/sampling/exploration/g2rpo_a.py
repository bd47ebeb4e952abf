"""G²RPO-A: some rollouts of each group are guided, for as long as the rewards need it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from whet.protocols import Now, SamplingSetup
from whet.sampling.exploration.guidance import AgainstTrend, GuidanceRule
from whet.sampling.exploration.hinting import LiveHintSchedule, PrefixSchedule, begun_with
from whet.sampling.exploration.partial import PartialSolutions
from whet.sampling.outcomes import mean, task_metric
from whet.types import Group, Mean, Metrics, Request, RunSpec, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class G2RpoA(PrefixSchedule):
    """In each group, a share `guided` of the replies begins with a share ℓ of the solution.

    The others of the group are unguided, and all share one baseline. ℓ changes after the steps by
    `rule`: by the trend of rewards (`against_trend`), or towards a target (`towards_target`).
    A guided reply has its guidance as external tokens, before the answer, which need an algorithm
    that leaves them out. Only unguided rollouts say how hard the bare task is.

    Source: G²RPO-A (arXiv:2508.13023) and its code (github.com/T-Lab-CUHKSZ/G2RPO-A), where 2 of 12
    rollouts are guided, from the beginning of the thinking on. The first ℓ is ours; the code starts
    at 3072 tokens. Cost: none in tokens, as guidance is not sampled; it counts in the length of the
    reply. Known failure: unguided rollouts look worse beside guided ones, so their advantages sink.
    """

    guided: float = 1 / 6
    length: float = 0.5  # the first ℓ
    rule: GuidanceRule = AgainstTrend()

    def __post_init__(self) -> None:
        for name in ("guided", "length"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(
                    f"sampling.schedules.g2rpo_a.{name} is {getattr(self, name)}; "
                    "give one in (0, 1]"
                )

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of runs that end before the rule decides."""
        if spec.steps >= self.rule.steps or not spec.steps:
            return ""
        return (
            f"sampling.schedules G2RpoA changes its guidance every {self.rule.steps} steps, and "
            f"the run has {spec.steps}, so it stays {self.length}; give more steps"
        )

    def plays(self, count: int) -> int:
        """How many of `count` plays are guided: at least one, rounded."""
        return min(count, max(1, round(self.guided * count)))

    def open(self, setup: SamplingSetup) -> "LiveG2RpoA":
        return LiveG2RpoA(settings=self, solutions=PartialSolutions(setup), length=self.length)


@dataclass(slots=True, kw_only=True)
class LiveG2RpoA(LiveHintSchedule):
    """The state is ℓ, and the mean task metrics of the steps since the last decision."""

    settings: G2RpoA
    solutions: PartialSolutions
    length: float
    rewards: list[float] = field(default_factory=list)  # of steps
    found: list[float] = field(default_factory=list)  # of this step's rollouts

    def apply(self, request: Request, now: Now) -> Request:
        del now
        told = self.solutions.tokens(request.task, self.length)
        count = self.settings.plays(len(request.plays))
        first = tuple(begun_with(play, told) for play in request.plays[:count])
        return replace(request, plays=(*first, *request.plays[count:]))

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        del task
        own = (rollout for group in groups for rollout in group if not rollout.joined)
        metrics = [task_metric(rollout) for rollout in own]
        self.found += [metric for metric in metrics if metric is not None]

    def step_ended(self, now: Now) -> Metrics:
        """Decide on ℓ for the next step; log this step's."""
        logged = {"guidance": Mean(total=self.length, count=1)}
        reward, self.found = mean(self.found), []
        if reward is not None:
            self.rewards.append(reward)
        if len(self.rewards) >= self.settings.rule.steps:
            self.length = self.settings.rule.after(self.length, tuple(self.rewards))
            self.rewards = []
        return {**LiveHintSchedule.step_ended(self, now), **logged}

    def state_dict(self) -> dict[str, Any]:
        return {"length": self.length, "rewards": list(self.rewards)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.length, self.rewards = state["length"], list(state["rewards"])
