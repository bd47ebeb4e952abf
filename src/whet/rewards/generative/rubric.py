"""Rubrics as rewards (RaR, arXiv:2507.17746, unconfirmed): criteria that come with a task.

Points may be negative, as in HealthBench.  Clipping and the weights of categories are unconfirmed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.protocols import ChatModel, Reward
from whet.rewards.generative.consultations import Consultation, NoChatModel, gathered, mean
from whet.rewards.generative.forms import Marks, OneOf
from whet.rewards.generative.prompts import candidate, question
from whet.rewards.generative.rubrics import Criterion, criteria
from whet.rewards.generative.rules import satisfied
from whet.types import ChatDecoding, Rollout, Verdict

__all__ = ["Criterion", "Explicit", "Implicit", "Rubric"]

_MET = OneOf(key="met", words=(("yes", 1.0), ("no", 0.0)))
_ONE = (
    "Does the reply to the task meet this criterion, as a whole? Criterion: {text}\n"
    "A criterion is not met by being repeated or promised."
)
_ALL = "How well does the reply to the task meet these criteria, all in all?\n{listed}"


@runtime_checkable
class Verdicts(Protocol):
    """The way in which criteria become one score."""

    async def judged(
        self,
        consultation: Consultation,
        rollout: Rollout,
        text: str,
        rubric: Sequence[Criterion],
        decoding: ChatDecoding,
    ) -> tuple[float, dict[str, float]]:
        """The score in [0, 1], and the parts of the verdict."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Explicit:
    """Each criterion in a call of its own, then the sum.

        R = clip( Σ_j p_j met_j / Σ_{p_j > 0} p_j,  0, 1 )

    With several samples met_j is their mean.  A criterion with a rule is decided by the rule.
    """

    async def judged(
        self,
        consultation: Consultation,
        rollout: Rollout,
        text: str,
        rubric: Sequence[Criterion],
        decoding: ChatDecoding,
    ) -> tuple[float, dict[str, float]]:
        async def met(criterion: Criterion) -> float:
            if criterion.rule:
                return float(await satisfied(rollout, criterion.rule, criterion.settings))
            exhibits = {"task": question(rollout.task.prompt), "reply": text}
            duty = _ONE.format(text=criterion.text)
            return mean(await consultation.ask(duty, exhibits, _MET, decoding))

        found = await gathered(met(criterion) for criterion in rubric)
        parts = {f"met_{i}": m for i, m in enumerate(found, start=1)}
        return points(rubric, found), parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Implicit:
    """One call that sees all criteria: R = (mark − low) / (high − low).

    It was best in the paper's main runs.  Criteria with a rule are listed like the others.
    """

    low: int = 1
    high: int = 10

    async def judged(
        self,
        consultation: Consultation,
        rollout: Rollout,
        text: str,
        rubric: Sequence[Criterion],
        decoding: ChatDecoding,
    ) -> tuple[float, dict[str, float]]:
        listed = "\n".join(f"- ({c.points:g} points) {c.text}" for c in rubric)
        exhibits = {"task": question(rollout.task.prompt), "reply": text}
        form = Marks(low=self.low, high=self.high)
        found = await consultation.ask(_ALL.format(listed=listed), exhibits, form, decoding)
        mark = mean([float(s) for (s,) in found])
        return (mark - self.low) / (self.high - self.low), {"mark": mark}


def points(rubric: Sequence[Criterion], met: Sequence[float]) -> float:
    """clip( Σ_j p_j met_j / Σ_{p_j > 0} p_j, 0, 1 )."""
    earned = sum(c.points * m for c, m in zip(rubric, met, strict=True))
    return min(max(earned / sum(c.points for c in rubric if c.points > 0), 0.0), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric(Reward):
    """The criteria of the task's `info["rubric"]`, or else `criteria`.

    Rubrics written for their task, with a reference answer at hand, are better than one for all
    tasks.  `correct` stays open.
    """

    chat_model: ChatModel = NoChatModel()
    verdicts: Verdicts = Explicit()
    criteria: tuple[Criterion, ...] = ()
    decoding: ChatDecoding = ChatDecoding()
    longest: int = 20_000  # characters of a reply; what is longer earns 0 and is not read

    async def score(self, rollout: Rollout) -> Verdict:
        rubric = criteria(rollout.task, "rubric", self.criteria)
        text = candidate(rollout, self.longest)
        if isinstance(text, Verdict):
            return text
        consultation = Consultation(self.chat_model)
        score, parts = await self.verdicts.judged(
            consultation, rollout, text, rubric, self.decoding
        )
        return consultation.verdict(score, parts | {"criteria": float(len(rubric))})
