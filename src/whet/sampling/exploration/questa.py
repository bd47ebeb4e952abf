"""QuestA: the question tells a part of the solution, and less of it from stage to stage."""

import re
from dataclasses import dataclass, replace

from whet.protocols import Now, SamplingSetup
from whet.sampling.exploration.hinting import HintSchedule, LiveHintSchedule, asked_with
from whet.sampling.exploration.partial import PartialSolutions
from whet.types import Play, Request, UsageError
from whet.types.messages import question_in, with_question

_FIELDS = re.compile(r"\{(question|hint)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Questa(HintSchedule):
    """The first `shares[s]` of the demonstrated solution stands in the question, in stage s.

    s = ⌊S · step / steps⌋ of S stages, which are equally long. The hint ends before the answer.

    The policy is trained on the prompt with the hint, as in the paper, and its tokens are part of
    the prompt, so any algorithm can be used. Rollouts with a hint count as no success of the bare
    task; evaluations have no hint.

    Source: QuestA (arXiv:2507.13266), its abstract and a summary read: 50%, then 25%. The stage
    without a hint, the equal stages and the wording are ours. Cost: a longer prompt. Known failure:
    the policy learns to need the hint. The metric `hinted` has to reach 0 for the gain to be its
    own.
    """

    shares: tuple[float, ...] = (0.5, 0.25, 0.0)
    wording: str = "{question}\n\n## Hint: partial solution\n\n{hint}\n"

    def __post_init__(self) -> None:
        if not self.shares or not all(0 <= share <= 1 for share in self.shares):
            raise UsageError(
                f"sampling.schedules.questa.shares is {self.shares}; give one or more in [0, 1]"
            )
        if not {"question", "hint"} <= set(_FIELDS.findall(self.wording)):
            raise UsageError(
                f"sampling.schedules.questa.wording is {self.wording!r}; "
                "it needs the words {question} "
                "and {hint}"
            )

    def share(self, now: Now) -> float:
        """The share of the solution in this step."""
        stage = len(self.shares) * now.step // max(now.steps, 1)
        return self.shares[min(stage, len(self.shares) - 1)]

    def question(self, question: str, hint: str) -> str:
        """The question with the hint."""
        texts = {"question": question, "hint": hint}
        return _FIELDS.sub(lambda found: texts[found[1]], self.wording)

    def open(self, setup: SamplingSetup) -> "LiveQuesta":
        return LiveQuesta(settings=self, solutions=PartialSolutions(setup))


@dataclass(slots=True, kw_only=True)
class LiveQuesta(LiveHintSchedule):
    """All plays of a request get the same hint. It has no state between steps."""

    settings: Questa
    solutions: PartialSolutions

    def apply(self, request: Request, now: Now) -> Request:
        told = self.solutions.text(request.task, self.settings.share(now))
        if not told.text:
            return request

        def hinted(play: Play) -> Play:
            asked = request.task.prompt if play.prompt is None else play.prompt
            question = self.settings.question(question_in(asked), told.text)
            return asked_with(play, with_question(asked, question), told.share)

        return replace(request, plays=tuple(map(hinted, request.plays)))
