"""Before an evaluation: right answers have to count as right, replies without a policy not to."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.data.checking.gold_verdicts import GoldVerdict, gold_verdicts
from whet.data.prompts import prompt_text
from whet.environments.single_turn import SingleTurn
from whet.policy.inspection import walk
from whet.protocols import ChatModel, Environment, Judge
from whet.rewards.adapters.written import UserFunction
from whet.rewards.judging import context_of, verdicts
from whet.types import Group, Need, Reason, Rollout, Task, UsageError

_TASKS = 30  # looked at, evenly chosen: a small share of an evaluation's calls of the reward
_LIMIT_S = 60.0
_FLOOR = 0.1  # the share right of a null policy from which it is told
_CHANCE = 2  # right replies of a null policy below which the share tells nothing
_CONSTANT = "the most common right answer"
_OTHERS = ("whet.rewards.dense", "whet.rewards.generative", "whet.rewards.unsupervised")


@dataclass(frozen=True, slots=True, kw_only=True)
class NullPolicy:
    """A reply that takes no policy, given to every task that was looked at."""

    name: str
    reply: str  # of the first task
    right: int
    tasks: int  # with a verdict

    @property
    def floor(self) -> bool:
        """Whether accuracy has to be compared with its share, 0.1 or more of the tasks."""
        return self.right >= max(_CHANCE, _FLOOR * self.tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What the reward says of right answers and of null policies."""

    golds: int = 0  # tasks whose right answer counts as right
    without: int = 0  # tasks looked at that have no answer, or that the reward does not cover
    faults: int = 0  # tasks whose right answer could not be judged
    fault: str = ""  # the first of them, and why
    nulls: tuple[NullPolicy, ...] = ()
    skipped: str = ""  # why no task was looked at, or no verdict counts

    @property
    def floors(self) -> tuple[NullPolicy, ...]:
        """The null policies that are right too often: guess floors, the highest first."""
        held = [policy for policy in self.nulls if policy.floor]
        return tuple(sorted(held, key=lambda policy: policy.right / policy.tasks, reverse=True))


async def preflight(
    tasks: Sequence[Task], reward: Judge | None, environment: Environment
) -> Preflight:
    """Judge the right answers of up to 30 tasks, evenly chosen, and four null policies on them.

    An answer is given in the forms of `whet.data.checking.gold_verdicts.FORMS`.  The null policies
    are the empty reply, "I don't know", the prompt itself, and the most common right answer.  One
    that is right on 0.1 of the tasks or more is told, and stops nothing: of tasks with few possible
    answers, such as yes or no, a guess is right as often as chance has it.

    Worlds, tasks without an answer, rewards that give scores alone, and those that read more than
    the text of a reply (a model's opinion, log-probs, other replies) are not tried.  Where a reward
    of the user's own takes none of the answers, it may want another form, and nothing is concluded.

    Raises `UsageError` for a task whose right answer is judged, and wrong, and for a verifier that
    can judge no answer at all.
    """
    if why := _untried(reward, environment):
        return Preflight(skipped=why)
    assert reward is not None  # `_untried` has a word for it
    looked = evenly(tasks, _TASKS)
    held = [task for task in looked if task.answer.strip()]
    if not held:
        return Preflight(without=len(looked), skipped="the tasks have no right answers")
    try:
        return await asyncio.wait_for(_tried(held, len(looked), tasks, reward), _LIMIT_S)
    except TimeoutError:
        return Preflight(skipped=f"the reward took more than {_LIMIT_S:g} s for {len(held)} tasks")


def evenly(tasks: Sequence[Task], most: int) -> list[Task]:
    """At most so many of the tasks, at equal distances, the first and the last among them."""
    if len(tasks) <= most:
        return list(tasks)
    return [tasks[place * (len(tasks) - 1) // (most - 1)] for place in range(most)]


def _untried(reward: Judge | None, environment: Environment) -> str:
    """Why the reward is not tried; empty if it is."""
    if reward is None:
        return "the world judges the plays"
    if not isinstance(environment, SingleTurn):
        return "the tasks are played in a world"
    if Need.POLICY in reward.needs:
        return "the reward plays with the policy"
    parts = list(walk(reward))
    if any(isinstance(part, ChatModel) for part in parts):
        return "the reward asks a model"
    more = any(type(part).__module__.startswith(_OTHERS) for part in parts)
    return "the reward reads more than the text of a reply" if more else ""


async def _tried(
    held: Sequence[Task], looked: int, tasks: Sequence[Task], reward: Judge
) -> Preflight:
    best = _best_of_each(await gold_verdicts(held, reward))
    covered = [found for found in best if found.verdict.reason is not Reason.NOT_APPLICABLE]
    faults = [found for found in covered if found.verdict.fault]
    judged = [found for found in covered if found.verdict.judged]
    decided = [found for found in judged if found.verdict.correct is not None]
    wrong = [found for found in decided if not found.verdict.correct]
    told = Preflight(
        golds=len(decided) - len(wrong),
        without=looked - len(covered),
        faults=len(faults),
        fault=_told(faults[0]) if faults else "",
        skipped=_unconcluded(covered, judged, decided),
    )
    if len(wrong) == len(decided) and not told.skipped and _own(reward):
        why = "your own reward takes none of them, in any form that is known"
        return replace(told, skipped=f"{why} (task {_told((wrong or faults)[0])})")
    if faults and not judged:
        raise UsageError(f"the reward can't judge a task's own answer: {_told(faults[0])}")
    if wrong:
        raise UsageError(f"the reward does not accept a task's own answer: {_told(wrong[0])}")
    if told.skipped:
        return told
    return replace(told, nulls=await _nulls(decided, tasks, reward))


def _unconcluded(covered: Sequence[object], judged: Sequence[object], decided: object) -> str:
    """Why the verdicts tell nothing of the reward; empty where they do, or are all faults."""
    if not covered:
        return "the reward covers none of the tasks"
    return "the reward gives scores alone" if judged and not decided else ""


def _best_of_each(found: Sequence[GoldVerdict]) -> list[GoldVerdict]:
    """Of each task the answer that fares best: one of several may be out of the reward's reach."""
    best: list[GoldVerdict] = []
    for one in found:  # the answers of a task come together
        if not best or one.task is not best[-1].task:
            best.append(one)
        elif one.accepted and not best[-1].accepted:
            best[-1] = one
    return best


def _told(found: GoldVerdict) -> str:
    """The task, its answer, and what came, in one line with a remedy."""
    verdict, reply = found.verdict, found.form.format(found.gold)
    note = f" ({' '.join(verdict.note.split()):.160})" if verdict.note else ""
    return (
        f"{found.task.id!r}, answer {found.gold!r:.60}: the reply {reply!r:.80} is "
        f"{verdict.reason}{note}; mend the answer, or give another reward"
    )


def _own(reward: Judge) -> bool:
    """Whether the user wrote the reward, or a part of it."""
    return any(
        isinstance(part, UserFunction) or not type(part).__module__.startswith("whet.")
        for part in walk(reward)
    )


async def _nulls(
    golds: Sequence[GoldVerdict], tasks: Sequence[Task], reward: Judge
) -> tuple[NullPolicy, ...]:
    counts = Counter(task.answer for task in tasks if task.answer.strip())
    common = counts.most_common(1)[0][0]
    replies = {
        "the empty reply": [""] * len(golds),
        "I don't know": ["I don't know"] * len(golds),
        "the prompt echoed": [prompt_text(found.task.prompt) for found in golds],
        _CONSTANT: [found.form.format(common) for found in golds],
    }
    return tuple(
        [await _null(name, said, golds, reward) for name, said in replies.items()]  # in turn
    )


async def _null(
    name: str, replies: Sequence[str], golds: Sequence[GoldVerdict], reward: Judge
) -> NullPolicy:
    found: list[bool] = []
    for gold, reply in zip(golds, replies, strict=True):
        group = Group.of([Rollout.from_text(gold.task, reply)])
        [verdict] = await verdicts(group, reward, context_of())
        if verdict.correct is not None:
            found.append(verdict.correct)
    return NullPolicy(name=name, reply=replies[0], right=sum(found), tasks=len(found))
