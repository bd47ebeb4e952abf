"""RuscaRL: rubrics in the prompt as a scaffold, less for each next rollout and over the run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from whet.protocols import Now, SamplingSetup, Schedule
from whet.rewards.generative.rubrics import Criterion, criteria
from whet.rewards.shaping.rescoring import expit
from whet.sampling.exploration.hinting import LiveHintSchedule, asked_with
from whet.types import Play, Prompt, Request, RunSpec, Task, UsageError

_SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuscaRl(Schedule):
    """Reply i of a group of G sees a share of the task's rubric in its prompt.

    share_i = (G − i) / (G − 1) · σ(−steepness · (u − start)),  i = 1 … G,  u = step / (steps − 1)

    round(share · n) of the n criteria are drawn at random and stand before the question, in a
    system message of a chat. The criteria are those of the task's `info[key]`, as the reward
    `rubric` reads them. A group of one sees nothing.

    The policy is trained on the prompt that it was sampled with, the scaffolded one, so ratios are
    exact. Training on the bare prompt, another reading of the paper, needs a correction for the
    other prompt and is not offered. Evaluations have no scaffold.

    Source: RuscaRL (arXiv:2508.16949); equation, start 0.20, steepness 125 and rounding are those
    of its released code (github.com/IANNXANG/RuscaRL, rule step_sigmoid). The wording is ours.
    Cost: longer prompts. Known failure: replies that need the rubric; the metric `hinted` reaches 0
    soon after `start`.
    """

    key: str = "rubric"
    start: float = 0.2  # of the decay, as a share of the run
    steepness: float = 125.0

    def __post_init__(self) -> None:
        if not 0 <= self.start <= 1:
            raise UsageError(
                f"sampling.schedules.rusca_rl.start is {self.start}; give one in [0, 1]"
            )
        if not 0 < self.steepness < float("inf"):
            raise UsageError(
                f"sampling.schedules.rusca_rl.steepness is {self.steepness}; give more than 0"
            )

    def run_error(self, spec: RunSpec) -> str:
        """An error for groups of one rollout, which see no criterion."""
        if spec.samples != 1:
            return ""
        return (
            "sampling.schedules RuscaRl shows no rubric to groups of one rollout; give "
            "sampling.size.rollouts 2 or more, or leave it out"
        )

    def shares(self, count: int, now: Now) -> list[float]:
        """The share of the rubric that each of `count` rollouts sees."""
        progress = now.step / (now.steps - 1) if now.steps > 1 else 0.0
        decay = expit(-self.steepness * (progress - self.start))
        return [decay * (count - 1 - i) / max(count - 1, 1) for i in range(count)]

    def open(self, setup: SamplingSetup) -> "LiveRuscaRl":
        return LiveRuscaRl(settings=self, setup=setup)


@dataclass(slots=True, kw_only=True)
class LiveRuscaRl(LiveHintSchedule):
    """It has no state between steps: criteria are drawn by the seed of their play."""

    settings: RuscaRl
    setup: SamplingSetup

    def apply(self, request: Request, now: Now) -> Request:
        if not request.task.info.get(self.settings.key):
            return request
        rubric = criteria(request.task, self.settings.key, ())
        shares = self.settings.shares(len(request.plays), now)
        plays = zip(request.plays, shares, strict=True)
        scaffolded = (self._scaffolded(request.task, play, rubric, share) for play, share in plays)
        return replace(request, plays=tuple(scaffolded))

    def _scaffolded(
        self, task: Task, play: Play, rubric: Sequence[Criterion], share: float
    ) -> Play:
        count = round(share * len(rubric))
        if not count:
            return play
        rng = Random(repr(("rusca_rl", self.setup.seed, task.id, play.seed)))
        seen = sorted(rng.sample(range(len(rubric)), count))
        text = scaffold([rubric[i] for i in seen])
        asked = task.prompt if play.prompt is None else play.prompt
        return asked_with(play, told_before(asked, text), count / len(rubric))


def scaffold(rubric: Sequence[Criterion]) -> str:
    """The text that shows criteria: what to include first, then what to avoid."""
    wanted = [f"- {c.text} ({c.points:g} points)" for c in rubric if c.points > 0]
    unwanted = [f"- {c.text} (penalty of {-c.points:g} points)" for c in rubric if c.points < 0]
    parts = [("A good reply meets these criteria:", wanted), ("It avoids this:", unwanted)]
    said = ["\n".join([title, *rows]) for title, rows in parts if rows]
    return "\n\n".join([*said, "Do not mention these criteria."])


def told_before(prompt: Prompt, text: str) -> Prompt:
    """The prompt with a text before it; in a chat, within the system message."""
    if isinstance(prompt, str):
        return f"{text}\n\n{prompt}"
    first = prompt[0]
    if first["role"] == _SYSTEM and isinstance(first["content"], str):
        return ({**first, "content": f"{first['content']}\n\n{text}"}, *prompt[1:])
    return ({"role": _SYSTEM, "content": text}, *prompt)
