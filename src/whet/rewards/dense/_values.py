"""Monte-Carlo values: what a chain is worth so far, by having the policy finish it K times."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import sqrt
from statistics import fmean
from typing import Protocol, runtime_checkable

from whet.protocols import Judge, RewardContext
from whet.rewards.dense._cuts import Cuts, spans
from whet.rewards.dense._places import last_reply
from whet.types import Decoding, Group, Request, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuations:
    """V̂(s) = (1/K) Σ_j R(s ⊕ y_j),  y_j drawn from the policy at hand.

    `decoding.max_new_tokens` is that of the whole reply, what is given included; who is cut off is
    judged like everyone else.  Plays that can't be judged are no part of the mean.
    """

    count: int = 9
    decoding: Decoding = Decoding()
    judge: Judge

    def __post_init__(self) -> None:
        """Somebody has to play on."""
        if self.count < 1:
            raise UsageError(f"continuations.count is {self.count}; give 1 or more")

    async def scores(self, rollout: Rollout, cut: int, context: RewardContext) -> list[float]:
        """R of each continuation of the first `cut` chosen tokens.

        Raises `LookupError` where none of them could be judged.
        """
        if len(rollout.spoken) > 1:
            raise UsageError(
                f"task {rollout.task.id!r} was played in {len(rollout.spoken)} turns; values by "
                f"playing on know only replies of one turn: give another reward"
            )
        seeds = tuple(_seed(rollout.seed, cut, k) for k in range(self.count))
        prefix = tuple(rollout.chosen_ids[:cut].tolist())
        request = Request.of(rollout.task, seeds, self.decoding, prefix)
        found = await context.judge(self.judge, await context.played(request))
        known = [v.score for v in found if v.judged]
        if not known:
            raise LookupError(f"no continuation of task {rollout.task.id!r} could be judged")
        return known

    async def each(
        self, rollout: Rollout, cuts: Sequence[int], context: RewardContext
    ) -> list[list[float]]:
        """All scores at each cut."""
        return await asyncio.gather(*(self.scores(rollout, cut, context) for cut in cuts))

    async def values(
        self, rollout: Rollout, cuts: Sequence[int], context: RewardContext
    ) -> list[float]:
        """V̂ at each cut."""
        return [fmean(scores) for scores in await self.each(rollout, cuts, context)]


async def each_judged(
    group: Group, found: Sequence[Verdict], credit: Callable[[Rollout, Verdict], Awaitable[Verdict]]
) -> list[Verdict]:
    """Every verdict with its credit; a chain whose continuations can't be judged is a fault."""

    async def one(rollout: Rollout, verdict: Verdict) -> Verdict:
        if not verdict.judged:
            return verdict
        try:
            return await credit(rollout, verdict)
        except LookupError as error:
            return Verdict.unjudged(str(error))

    return await asyncio.gather(*map(one, group, found))


Credit = Callable[[Rollout, Verdict, list[slice], list[float]], Verdict]
"""From a chain's verdict, steps, and V̂ at the start of each step to the verdict with credit."""


async def valued(
    group: Group, plays: Continuations, cuts: Cuts, context: RewardContext, credit: Credit
) -> list[Verdict]:
    """The inner judge's verdicts with the credit of their steps; V̂ is taken where a step begins.

    Tokens that others chose begin no step.  A reply without tokens has no credit.
    """

    async def one(rollout: Rollout, verdict: Verdict) -> Verdict:
        whole = last_reply(rollout)
        if whole.start == whole.stop:
            return verdict
        begin = max(whole.start, rollout.forced_len)
        places = [cut for cut in cuts(rollout) if cut > rollout.forced_len]
        values = await plays.values(rollout, [begin, *places], context)
        return credit(rollout, verdict, spans(places, slice(begin, whole.stop)), values)

    return await each_judged(group, await context.judge(plays.judge, group), one)


def _seed(*place: int) -> int:
    return int.from_bytes(blake2b(repr(place).encode(), digest_size=7).digest())


def differences(values: Sequence[float], outcome: float, discount: float = 1.0) -> list[float]:
    """A_k = γ V̂(s_{k+1}) − V̂(s_k),  the outcome standing for the last value."""
    following = [*values[1:], outcome / discount]
    return [discount * b - a for a, b in zip(values, following, strict=True)]


def noise(value: float, count: int) -> float:
    """√(V (1 − V) / K), the deviation of a mean of K plays that are right or wrong."""
    return sqrt(max(value * (1 - value), 0.0) / count)


@runtime_checkable
class Label(Protocol):
    """What a step is called, from the scores of those who went on after it."""

    def __call__(self, scores: Sequence[float]) -> float:
        """A number in [0, 1]."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Soft:
    """(1/N) Σ_j right_j;  right is who scores 1 or more."""

    def __call__(self, scores: Sequence[float]) -> float:
        return fmean(score >= 1 for score in scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hard:
    """1 where any is right, that is, scores 1 or more."""

    def __call__(self, scores: Sequence[float]) -> float:
        return float(any(score >= 1 for score in scores))


def best_of(solved: float, count: int) -> float:
    """1 − (1 − Q)^K: is one of K right?"""
    return 1 - (1 - solved) ** count
