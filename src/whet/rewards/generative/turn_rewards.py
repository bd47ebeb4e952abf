"""Rewards of turns: one model answers and verifies (PAG, arXiv:2506.10406, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import Reward
from whet.rewards.generative.quotations import Unreadable, last_verdict
from whet.rewards.generative.single import needs_single
from whet.rewards.judging import verdict
from whet.rewards.verifiable.extraction import after_think, with_open_think
from whet.rewards.verifiable.math import Math
from whet.types import Rollout, Verdict, dialogue


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRewards(Reward):
    """The turns are answer, verification, answer, verification, …; each has its own reward.

        answer t:        R_t = the checker's score
        verification t:  R_t = 1[its verdict = the checker's of answer t − 1]

    R_t is the `credit` of the last token of its turn, so a method that keeps returns within a turn
    lets none leak into another.  `score` and `correct` are the checker's of the last answer; they
    are in its turn's credit already, and a method that adds both counts them twice.  A verification
    ends in the line `Verdict: yes` or `Verdict: no`; without that line it earns 0.  If the checker
    fails on any answer, the rollout is a fault.
    """

    checker: Reward = Math()

    def __post_init__(self) -> None:
        needs_single("turn_rewards", "checker", self.checker)

    async def score(self, rollout: Rollout) -> Verdict:
        views = [_until(rollout, t) for t in range(len(rollout.turns[1::2]))]
        checked = [await verdict(view, self.checker) for view in views[::2]]
        lost = [one for one in checked if not one.judged]
        if lost or not checked:
            return lost[0] if lost else Verdict.unjudged("the rollout has no reply")
        earned = [
            checked[t // 2].score if t % 2 == 0 else _agrees(view, checked[t // 2])
            for t, view in enumerate(views)
        ]
        parts = {f"turn_{t}": r for t, r in enumerate(earned, start=1)}
        return replace(checked[-1], parts=parts, credit=_credit(rollout, earned))


def _agrees(view: Rollout, checked: Verdict) -> float:
    right = checked.score >= 1 if checked.correct is None else checked.correct
    try:
        said = last_verdict(after_think(with_open_think(view.turns)) or "")
        return float(said == right)
    except Unreadable:
        return 0.0


def _until(rollout: Rollout, turn: int) -> Rollout:
    """The conversation up to a reply, for rewards that only read text."""
    words = rollout.turns[: 2 * turn + 2]
    return replace(Rollout.from_text(rollout.task, ""), messages=dialogue(*words))


def _credit(rollout: Rollout, earned: Sequence[float]) -> tuple[float, ...]:
    """Each turn's reward at its last token, 0 elsewhere."""
    turns = [spoken.stop - spoken.start for spoken in rollout.spoken]
    if len(turns) != len(earned):
        raise ValueError(f"{len(earned)} replies, but {len(turns)} runs of chosen tokens")
    credit: list[float] = []
    for length, reward in zip(turns, earned, strict=True):
        credit += [0.0] * (length - 1) + [reward]
    return tuple(credit)
