"""The known rows of a run: right and wrong answers of its corpus, each judged alone at first."""

from collections.abc import Sequence

from whet.data.checking.gold_verdicts import FORMS
from whet.protocols import Judge
from whet.rewards.judging import context_of
from whet.rewards.judging.canaries import Canary, CanaryVerdict, named
from whet.rewards.judging.queue import judged_alone
from whet.training.run import Run
from whet.types import Rollout, Task, UsageError

_TASKS = 8  # looked at
_Pair = tuple[CanaryVerdict, CanaryVerdict]  # of the right row, of the wrong one


async def known_rows(run: Run) -> tuple[Canary, ...]:
    """A right and a wrong row for each of the first tasks whose verdicts are as they should be.

    The right row gives the task's answer, and the wrong one that of another task, in the first form
    in which the judge tells them apart.  The rows are judged one after the other, so that no calls
    can race.  Empty without `judging.canaries`.

    Raises `UsageError` where the tasks have no two different answers, or the run has no reward, and
    `IntegrityError` for a judge that is reversed or constant here already.
    """
    if not run.judging.canaries:
        return ()
    if run.reward is None:
        raise _refused(run, "the run has no reward: its environment judges")
    looked = [run.corpus.task("train", place) for place in range(_TASKS)]
    tasks = list({task.id: task for task in looked if task.answer.strip()}.values())
    forms = [run.judging.reply] if run.judging.reply else [*FORMS]
    found = [
        await _judged(task, other, run.reward, forms)
        for task in tasks
        if (other := _other(task, tasks)) is not None
    ]
    if not found:
        raise _refused(run, f"the first {_TASKS} tasks have no two different answers")
    sound = [pair for pair in found if _mistakes(pair) == 0]
    if not sound:
        every = [one for pair in found for one in pair]
        if any(one.mistaken for one in every):
            raise named(every, every)
        raise _refused(run, "the reward judges none of the tasks' own answers as a text alone")
    return tuple(one.canary for pair in sound for one in pair)


def _refused(run: Run, why: str) -> UsageError:
    return UsageError(f"judging.canaries is {run.judging.canaries}, but {why}; give 0")


def _other(task: Task, tasks: Sequence[Task]) -> str | None:
    """An answer of another task that is no answer of this one."""
    own = {task.answer, *task.alternatives}
    return next((other.answer for other in tasks if other.answer not in own), None)


async def _judged(task: Task, other: str, reward: Judge, forms: list[str]) -> _Pair:
    """The verdicts in the first form that has no mistake; else, in the one that has most.

    The form without a mistake is tried first for the next task.
    """
    tried: list[_Pair] = []
    for form in forms:
        tried.append(await _pair(task, other, reward, form))
        if _mistakes(tried[-1]) == 0:
            forms.remove(form)
            forms.insert(0, form)
            return tried[-1]
    return max(tried, key=_mistakes)


async def _pair(task: Task, other: str, reward: Judge, form: str) -> _Pair:
    rows = [
        Canary(rollout=Rollout.from_text(task, form.replace("{}", text)), right=right)
        for text, right in ((task.answer, True), (other, False))
    ]
    right, wrong = [await judged_alone(row, reward, context_of()) for row in rows]
    return right, wrong


def _mistakes(pair: _Pair) -> int:
    """The number of verdicts that are not the known ones; −1 where one is missing."""
    if any(one.said is None for one in pair):
        return -1
    return sum(one.mistaken for one in pair)
