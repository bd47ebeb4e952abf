"""Trains a judge: its ranking should agree with a known one (URPO, arXiv:2507.17515)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from whet.protocols import Reward
from whet.rewards.generative.forms import Unreadable, entries
from whet.rewards.verifiable.extraction import after_think, with_open_think
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Reason, Rollout, UsageError, Verdict

_LARGEST = 1e9  # of a score: larger ones run into each other as floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Referee(Reward):
    """Kendall's τ between the reply's scores for candidates and their known values.

        τ = Σ_{i<j} sign(x_i − x_j) sign(y_i − y_j) / #{i < j : y_i ≠ y_j},   R = (1 + τ) / 2

    y are the known values, one per candidate, in the task's `info["worths"]`.  x are the scores of
    the reply, which is the JSON {"scores": […]}.  Pairs with equal y are left out; a pair with
    equal x counts 0.  The reply is `correct` where every pair has the right order.  That the paper
    means this τ is unconfirmed; the mapping to [0, 1] is ours.
    """

    def score(self, rollout: Rollout) -> Verdict:
        worths = _worths(rollout)
        if not rollout.reply.strip():
            return no_answer(rollout)
        try:
            said = after_think(with_open_think(rollout.turns)) or ""
            scores = _scores(entries(said, ("scores",))["scores"], len(worths))
        except Unreadable as error:
            return Verdict.failure(Reason.BAD_FORMAT, note=str(error))
        tau = kendall(scores, worths)
        reason = Reason.OK if tau == 1 else Reason.PARTIAL if tau > -1 else Reason.WRONG
        return Verdict(reason=reason, score=(1 + tau) / 2, correct=tau == 1, parts={"tau": tau})


def kendall(scores: Sequence[float], worths: Sequence[float]) -> float:
    """τ over the pairs whose worths differ; at least one pair has to differ."""
    pairs = [(i, j) for i, j in combinations(range(len(worths)), 2) if worths[i] != worths[j]]
    agreement = sum(_sign(scores[i] - scores[j]) * _sign(worths[i] - worths[j]) for i, j in pairs)
    return agreement / len(pairs)


def _sign(x: float) -> int:
    return (x > 0) - (x < 0)


def _worths(rollout: Rollout) -> list[float]:
    task = rollout.task
    worths = [float(w) for w in task.info.get("worths") or ()]
    if len(set(worths)) < 2:  # noqa: PLR2004  (an order has two ends)
        raise UsageError(f"task {task.id!r} has worths {worths}; give info['worths'] that differ")
    return worths


def _scores(found: Any, count: int) -> list[float]:
    if not isinstance(found, list) or len(found) != count:
        raise Unreadable(f"scores is no list of {count} numbers")
    if any(isinstance(x, bool) or not isinstance(x, int | float) for x in found):
        raise Unreadable("scores has something that is no number")
    if any(abs(x) > _LARGEST for x in found):
        raise Unreadable(f"scores has a number beyond ±{_LARGEST:g}")
    return [float(x) for x in found]
