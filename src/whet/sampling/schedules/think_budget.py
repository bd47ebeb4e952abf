"""L1: the prompt asks for a length of thinking, which is drawn for each task."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from whet.protocols import LiveSchedule, Now, SamplingSetup, Schedule
from whet.sampling.schedules.plays import limit_of
from whet.types import Mean, Metrics, Play, Prompt, Request, RunSpec, UsageError
from whet.types.messages import question_in, with_question

_FIELD = "length"  # of `Task.info`, where the rewards `l1_exact` and `l1_max` read L*


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkBudget(Schedule):
    """L* ~ U{shortest … longest} for each group;  prompt ← prompt + text(L*),  info["length"] ← L*.

    The rewards `l1_exact` and `l1_max` compare the length of a reply with L*, so the policy learns
    to think as long as it is told. All rollouts of a group have one L*: advantages compare
    rollouts of one prompt, and with an L* for each play a group would compare budgets instead.

    Source: L1 (arXiv:2503.04697; the README of its code was read). The sentence and the range
    100 … 4000 are its own. It writes one budget for each problem into the data; here a task has
    another one at each visit. For `l1_max` L1 says "Think for maximum {tokens} tokens."

    It costs a few tokens of prompt. L* is at most the limit of a reply at that time, so this part
    stands behind schedules of the length. A task that brings its own `info["length"]` keeps it and
    its prompt. Without a reward that reads L*, the policy learns to ignore the sentence.

    Evaluations have no budget in their prompts, and the rewards then fall back on `target`. To
    evaluate budgets, give a data set with the sentence and `length`.
    """

    shortest: int = 100
    longest: int = 4000
    text: str = " Think for {tokens} tokens."

    def __post_init__(self) -> None:
        if self.shortest < 1:
            raise UsageError(
                f"sampling.schedules.think_budget.shortest is {self.shortest}; give 1 or more"
            )
        if self.longest < self.shortest:
            raise UsageError(
                f"sampling.schedules.think_budget.longest is {self.longest}; give shortest, "
                f"{self.shortest}, or more"
            )
        if "{tokens}" not in self.text:
            raise UsageError(
                f"sampling.schedules.think_budget.text is {self.text!r}; "
                "it needs the word {tokens}"
            )

    def run_error(self, spec: RunSpec) -> str:
        """An error where no reply can be as long as the least budget."""
        if self.shortest <= spec.max_new_tokens:
            return ""
        return (
            f"sampling.schedules.think_budget.shortest is {self.shortest}, but a reply has at most "
            f"{spec.max_new_tokens} tokens (sampling.decoding.max_new_tokens); give less"
        )

    def run_warning(self, spec: RunSpec) -> str:
        """A warning where the largest budgets are beyond the longest reply."""
        if self.longest <= spec.max_new_tokens:
            return ""
        return (
            f"sampling.schedules.think_budget.longest is {self.longest}, but budgets end at "
            f"sampling.decoding.max_new_tokens, {spec.max_new_tokens}; give {spec.max_new_tokens} "
            "or less"
        )

    def told(self, prompt: Prompt, tokens: int) -> Prompt:
        """The prompt with the sentence; in a chat it stands behind the last question."""
        text = self.text.replace("{tokens}", str(tokens))
        return with_question(prompt, question_in(prompt) + text)

    def open(self, setup: SamplingSetup) -> "LiveThinkBudget":
        del setup
        return LiveThinkBudget(self)


@dataclass(slots=True)
class LiveThinkBudget(LiveSchedule):
    """Budgets are drawn from the seed of the first play, which a resumed run has again."""

    settings: ThinkBudget
    given: list[int] = field(default_factory=list)  # budgets of the step

    def apply(self, request: Request, now: Now) -> Request:
        """The request with a budget; further plays of a task have that of its first ones."""
        del now
        task = request.task
        if _FIELD in task.info:
            return request
        if request.completes is None:
            tokens = self._drawn(request)
            self.given.append(tokens)
        else:
            tokens = request.completes.request.task.info[_FIELD]
        info: dict[str, Any] = {**task.info, _FIELD: tokens}
        asked = replace(task, prompt=self.settings.told(task.prompt, tokens), info=info)
        plays = tuple(self._told(play, tokens) for play in request.plays)
        return replace(request, task=asked, plays=plays)

    def _drawn(self, request: Request) -> int:
        own = self.settings
        most = max(min(own.longest, limit_of(request)), 1)
        draw = Random(repr(("think_budget", request.plays[0].seed)))
        return draw.randint(min(own.shortest, most), most)

    def _told(self, play: Play, tokens: int) -> Play:
        if play.prompt is None:
            return play
        return replace(play, prompt=self.settings.told(play.prompt, tokens))

    def step_ended(self, now: Now) -> Metrics:
        """The mean budget of the step's tasks."""
        del now
        given, self.given = self.given, []
        return {"think_budget": Mean(total=sum(given), count=len(given))}
