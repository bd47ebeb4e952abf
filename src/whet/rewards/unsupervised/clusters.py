"""Clusters of equal answers: the judge of the task says which answers are equal."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.types import Group, Rollout, UsageError

_ASKED = 16  # spellings of a group that the others are compared with
_NOBODYS = "no reply gives this answer"


async def clustered(
    rollouts: Sequence[Rollout],
    answers: Sequence[str | None],
    judge: Judge | None,
    context: RewardContext,
) -> list[str | None]:
    """The answers with one spelling for each cluster, that of its commonest answer.

    Two answers are equal if they are spelled alike, or if `judge` accepts a reply with the one for
    a task with the other as its answer.  None is the judge that the task names.  The commonest
    spelling is compared first and takes all that equal it; of the others again the commonest, and
    so on for at most 16 spellings.  So equality need not be transitive, and n replies cost at most
    17 n verdicts.  The task's own answer is never shown.

    A reply is compared by its spelling alone where the judge accepts it whatever the answer is, as
    judges do that run tests or check puzzles, where it refuses the answer, where the task names no
    judge, where the judge compares the replies of a group with each other, and where it fails.
    """
    first: dict[str, Rollout] = {}
    for rollout, answer in zip(rollouts, answers, strict=True):
        if answer is not None:
            first.setdefault(answer, rollout)
    asked = judge or Declared()
    if len(first) <= 1 or (isinstance(asked, GroupReward) and asked.compares):
        return list(answers)
    blind = await _meeting(_NOBODYS, first, first, asked, context)
    votes = Counter(answers)
    left = sorted((a for a in first if a not in blind), key=votes.__getitem__, reverse=True)
    name: dict[str | None, str] = {}
    heads: list[str] = []
    while left[1:] and len(heads) < _ASKED:
        head, *rest = left
        heads.append(head)
        same = await _meeting(head, rest, first, asked, context)
        name |= dict.fromkeys(same, head)
        left = [answer for answer in rest if answer not in same]
    return [name.get(answer, answer) for answer in answers]


async def _meeting(
    gold: str,
    answers: Iterable[str],
    first: Mapping[str, Rollout],
    judge: Judge,
    context: RewardContext,
) -> set[str]:
    """Those of the answers that the judge accepts where `gold` is the task's answer."""
    told = list(answers)
    asked = [_with_gold(first[answer], gold) for answer in told]
    try:
        found = await context.judge(judge, Group.of(asked))
    except UsageError:  # the judge takes no such answer, or there is none
        return set()
    return {answer for answer, verdict in zip(told, found, strict=True) if verdict.correct}


def _with_gold(rollout: Rollout, gold: str) -> Rollout:
    return replace(rollout, task=replace(rollout.task, answer=gold, alternatives=()))
