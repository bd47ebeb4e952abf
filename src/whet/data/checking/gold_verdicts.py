"""What a reward says of the answers of the rows themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from whet.protocols import Judge, Reward
from whet.rewards.judging import context_of, verdicts
from whet.types import Group, Rollout, Task, Verdict

FORMS = (
    r"\boxed{{{}}}",
    "<answer>{}</answer>",
    "{}",
    "Answer: {}",
    "#{}",
    "#### {}",
    "<think>so it is</think>\n<answer>{}</answer>",
    "```python\n{}\n```",
    "```\n{}\n```",
)
"""How a reply may give its answer; rewards read some of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldVerdict:
    """The best verdict of a reply that gives one of the task's own answers."""

    task: Task
    gold: str
    form: str
    verdict: Verdict

    @property
    def accepted(self) -> bool:
        """Whether the answer counts as correct; of a reward that doesn't say so, as above 0."""
        verdict = self.verdict
        right = verdict.score > 0 if verdict.correct is None else verdict.correct
        return verdict.judged and right


async def gold_verdicts(
    tasks: Sequence[Task], judge: Judge, tell: Callable[[], None] = lambda: None
) -> list[GoldVerdict]:
    """Judge every answer of each task, alternatives too, in the forms above until one is accepted.

    The form that was accepted last is tried first.  `tell` is called after every task.
    """
    found: list[GoldVerdict] = []
    forms: list[str] = list(FORMS)
    for task in tasks:
        for gold in (task.answer, *task.alternatives):
            found.append(await _best(task, gold, judge, forms))
            if found[-1].accepted:
                forms.remove(found[-1].form)
                forms.insert(0, found[-1].form)
        tell()
    return found


async def _best(task: Task, gold: str, judge: Judge, forms: Sequence[str]) -> GoldVerdict:
    """The best verdict of a reply that gives this answer, to the task with this answer alone."""
    whole = isinstance(judge, Reward) and bool(task.alternatives) and judge.reads_alternatives
    one = task if whole else replace(task, answer=gold, alternatives=())
    tried: list[GoldVerdict] = []
    for form in forms:
        reply = Rollout.from_text(one, form.format(gold))
        [verdict] = await verdicts(Group.of([reply]), judge, context_of())
        tried.append(GoldVerdict(task=task, gold=gold, form=form, verdict=verdict))
        if tried[-1].accepted:
            break
    return max(tried, key=_rank)


def _rank(found: GoldVerdict) -> tuple[bool, bool, float]:
    verdict = found.verdict
    return found.accepted, verdict.judged, verdict.score if verdict.judged else 0.0
