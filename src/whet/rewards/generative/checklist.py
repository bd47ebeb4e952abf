"""Checklists (RLCF, arXiv:2507.18624, unconfirmed): the demands of an instruction, item by item."""

from dataclasses import dataclass

from whet.protocols import ChatModel, Reward
from whet.rewards.generative.consultations import Consultation, NoChatModel, gathered, mean
from whet.rewards.generative.forms import Marks
from whet.rewards.generative.prompts import candidate, question
from whet.rewards.generative.rubrics import Criterion, criteria
from whet.rewards.generative.rules import satisfied
from whet.types import ChatDecoding, Rollout, UsageError, Verdict

__all__ = ["Checklist", "Criterion"]

_DUTY = "How well does the reply to the task satisfy this item? Item: {text}"
_FULL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist(Reward):
    """The mean of the items' scores, weighted by their points.

        R = Σ_j w_j s_j / (100 Σ_j w_j),   s_j = mean of K marks from 0 to 100

    The items are those of the task's `info["checklist"]`, in the format of a rubric, or else
    `items`.  Where an item names a rule, s_j is the mean of the judge's mark and of the rule's 0 or
    100; how the paper joins the two is unconfirmed, and so is K = 25.  The paper trains DPO on the
    pairs that differ most; here the scalar is the reward.  `correct` stays open.
    """

    chat_model: ChatModel = NoChatModel()
    items: tuple[Criterion, ...] = ()
    decoding: ChatDecoding = ChatDecoding(samples=25, temperature=1.0)
    longest: int = 20_000  # characters of a reply; what is longer earns 0 and is not read

    async def score(self, rollout: Rollout) -> Verdict:
        items = criteria(rollout.task, "checklist", self.items)
        if any(item.points < 0 for item in items):
            raise UsageError(
                f"task {rollout.task.id!r} has an item of negative weight; give 0 or more"
            )
        text = candidate(rollout, self.longest)
        if isinstance(text, Verdict):
            return text
        consultation = Consultation(self.chat_model)
        exhibits = {"task": question(rollout.task.prompt), "reply": text}

        async def marked(item: Criterion) -> float:
            form = Marks(low=0, high=_FULL)
            duty = _DUTY.format(text=item.text)
            found = await consultation.ask(duty, exhibits, form, self.decoding)
            mark = mean([float(s) for (s,) in found])
            if item.rule:
                kept = await satisfied(rollout, item.rule, item.settings)
                mark = (mark + _FULL * kept) / 2
            return mark

        marks = await gathered(marked(item) for item in items)
        total = sum(item.points for item in items)
        score = sum(item.points * s for item, s in zip(items, marks, strict=True)) / total / _FULL
        return consultation.verdict(score, {f"item_{i}": s for i, s in enumerate(marks, start=1)})
