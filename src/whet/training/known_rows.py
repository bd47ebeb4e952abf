"""The known rows of a run: right and wrong answers of its corpus, each judged alone at first."""

from collections.abc import Sequence

from whet.data.checking.gold_verdicts import FORMS
from whet.rewards.judging import context_of
from whet.rewards.judging.canaries import Canary, CanaryVerdict, named, scaled
from whet.rewards.judging.queue import judged_alone
from whet.training.run import Run
from whet.types import Need, Rollout, Task, UsageError

_TASKS = 8  # of which rows are made
_FARTHEST = 64  # looked at for a second answer
_Pair = tuple[CanaryVerdict, CanaryVerdict]  # of the right row, of the wrong one


async def known_rows(run: Run) -> tuple[Canary, ...]:
    """A right and a wrong row for each of the first tasks whose verdicts are as they should be.

    The right row gives the task's answer, and the wrong one that of another task, in the first form
    in which `correct` tells them apart, or else in the one in which their scores differ most.  The
    rows are judged one after the other, so that no calls can race.  Empty without
    `judging.canaries`.

    Raises `UsageError` where the tasks have no two different answers, or the run has no reward that
    judges a text alone, and `IntegrityError` for a judge that is reversed or constant here already.
    """
    if not run.judging.canaries:
        return ()
    if run.reward is None:
        raise _refused(run, "the run has no reward: its environment judges")
    if Need.POLICY in run.reward.needs:
        raise _refused(run, "the reward plays requests with the policy, and not on texts alone")
    tasks = _looked_at(run)
    forms = [run.judging.reply] if run.judging.reply else [form.format("{}") for form in FORMS]
    found = [
        await _judged(run, task, other, forms)
        for task in tasks[:_TASKS]
        if (other := _other(task, tasks)) is not None
    ]
    if not found:
        raise _refused(run, f"the first {_FARTHEST} tasks have no two different answers")
    sound = [pair for pair in found if _mistakes(pair) == 0]
    if not sound:
        every = [one for pair in found for one in pair]
        if any(one.mistaken for one in every):
            raise named(every, every)
        why = " ".join(every[0].verdict.note.split())
        raise _refused(
            run, f"the reward judges none of the tasks' own answers as a text alone ({why:.160})"
        )
    return tuple(one.canary for pair in _clear(sound) for one in pair)


def _refused(run: Run, why: str) -> UsageError:
    return UsageError(f"judging.canaries is {run.judging.canaries}, but {why}; give 0")


def _clear(sound: Sequence[_Pair]) -> list[_Pair]:
    """The pairs, but for those that are told by scores and hardly apart: a chance of the text."""
    scaled_ones = [_gap(pair) for pair in sound if pair[0].canary.between is not None]
    least = max(scaled_ones, default=0.0) / 2
    return [p for p in sound if p[0].canary.between is None or _gap(p) >= least]


def _looked_at(run: Run) -> list[Task]:
    """The first tasks with an answer; more of them while all have the same one."""
    found: dict[str, Task] = {}
    for place in range(min(run.corpus.size("train") or _FARTHEST, _FARTHEST)):
        several = len({task.answer for task in found.values()}) > 1
        if place >= _TASKS and several:
            break
        task = run.corpus.task("train", place)
        if task.answer.strip():
            found[task.id] = task
    return list(found.values())


def _other(task: Task, tasks: Sequence[Task]) -> str | None:
    """An answer of another task that is no answer of this one."""
    own = {task.answer, *task.alternatives}
    return next((other.answer for other in tasks if other.answer not in own), None)


async def _judged(run: Run, task: Task, other: str, forms: list[str]) -> _Pair:
    """The verdicts in the first form in which `correct` is right of both; it is tried first next.

    Without one, those in which the two differ most, by `correct` and else by score.  A form that is
    told by scores is the only one for later tasks, since trying them all takes many calls.
    """
    tried: dict[str, _Pair] = {}
    for form in forms:
        tried[form] = pair = await _pair(run, task, other, form)
        if _mistakes(pair) == 0 and pair[0].canary.between is None:
            forms.remove(form)
            forms.insert(0, form)
            return pair
    best = max(tried, key=lambda form: _apart(tried[form]))
    if _gap(tried[best]) and _mistakes(tried[best]) == 0:
        forms[:] = [best]
    return tried[best]


async def _pair(run: Run, task: Task, other: str, form: str) -> _Pair:
    assert run.reward is not None  # `known_rows` refuses a run without one
    rows = [
        Canary(rollout=Rollout.from_text(task, form.replace("{}", text)), right=right)
        for text, right in ((task.answer, True), (other, False))
    ]
    right, wrong = [await judged_alone(row, run.reward, context_of(), run.judging) for row in rows]
    return scaled(right, wrong)


def _apart(pair: _Pair) -> tuple[bool, float, int]:
    """How far a pair is apart: `correct` before scores, and what is misjudged before nothing."""
    right, wrong = (one.verdict for one in pair)
    judged = right.judged and wrong.judged
    return judged and right.correct != wrong.correct, abs(_gap(pair)), _mistakes(pair)


def _gap(pair: _Pair) -> float:
    """The score of the right row less that of the wrong one; 0 where one is missing."""
    right, wrong = (one.verdict for one in pair)
    return right.score - wrong.score if right.judged and wrong.judged else 0.0


def _mistakes(pair: _Pair) -> int:
    """The number of verdicts that are not the known ones; −1 where one is missing."""
    if any(one.said is None for one in pair):
        return -1
    return sum(one.mistaken for one in pair)
