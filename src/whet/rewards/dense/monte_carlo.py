"""Monte-Carlo values of a chain's prefixes: the policy finishes each prefix several times."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import sqrt
from statistics import fmean
from typing import Protocol, runtime_checkable

from whet.protocols import GroupReward, Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.dense.cutting import Cuts, Separated, spans
from whet.rewards.dense.placing import last_reply
from whet.types import Decoding, Group, Need, Request, Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedOn(GroupReward, ABC):
    """Credit for steps from continuations that the current policy samples.

    R(s ⊕ y_j),  j = 1 … `count`, is the inner reward of the j-th continuation of the prefix s.
    `decoding.max_new_tokens` is the length of the whole reply, prefix included.  A truncated
    continuation is scored like any other; one without a score is left out.  A chain is a fault if
    all continuations of a prefix lack a score.  Replies of several turns are refused.
    """

    needs = frozenset({Need.POLICY})
    compares = False

    count: int = 9
    cuts: Cuts = Separated()
    decoding: Decoding = Decoding()
    inner: Judge = Declared()

    def __post_init__(self) -> None:
        if self.count < 1:
            owner = type(self).__name__.lower()
            raise UsageError(f"{owner}.count is {self.count}; give 1 or more")

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Judge the replies, then sample continuations from the cuts of each."""
        found = await context.judge(self.inner, group)
        of = (self._of(r, v, context) for r, v in zip(group, found, strict=True))
        return await asyncio.gather(*of)

    async def _of(self, rollout: Rollout, verdict: Verdict, context: RewardContext) -> Verdict:
        if not verdict.judged:
            return verdict
        try:
            return await self.credited(rollout, verdict, context)
        except LookupError as error:
            return Verdict.unjudged(str(error))

    @abstractmethod
    async def credited(self, rollout: Rollout, verdict: Verdict, context: RewardContext) -> Verdict:
        """The verdict with the credit of the reply's steps."""

    def places(self, rollout: Rollout) -> list[int]:
        """The cuts after the forced tokens."""
        return [cut for cut in self.cuts(rollout) if cut > rollout.forced_len]

    async def verdicts(
        self, rollout: Rollout, cuts: Sequence[int], context: RewardContext
    ) -> list[list[Verdict]]:
        """The verdicts on the continuations of each cut that have a score.

        Raises `LookupError` where no continuation of a cut has a score.
        """
        return await asyncio.gather(*(self._verdicts(rollout, cut, context) for cut in cuts))

    async def _verdicts(self, rollout: Rollout, cut: int, context: RewardContext) -> list[Verdict]:
        if len(rollout.spoken) > 1:
            raise UsageError(
                f"task {rollout.task.id!r} was played in {len(rollout.spoken)} turns; "
                "continuations are played for replies of one turn only: give another reward"
            )
        seeds = tuple(_seed(rollout.seed, cut, k) for k in range(self.count))
        prefix = tuple(rollout.chosen_ids[:cut].tolist())
        request = Request.of(rollout.task, seeds, self.decoding, prefix)
        found = await context.judge(self.inner, await context.played(request))
        known = [verdict for verdict in found if verdict.judged]
        if not known:
            raise LookupError(f"no continuation of task {rollout.task.id!r} has a score")
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class StepValues(PlayedOn):
    """Credit for steps from V̂(s) = (1/K) Σ_j R(s ⊕ y_j) at the start of each step."""

    def worth(self, verdict: Verdict) -> float:
        """R, the number of a verdict that is averaged: its score."""
        return verdict.score

    async def credited(self, rollout: Rollout, verdict: Verdict, context: RewardContext) -> Verdict:
        """Takes V̂ at the first sampled token and at every cut.  An empty reply has no credit."""
        whole = last_reply(rollout)
        if whole.start == whole.stop:
            return verdict
        begin = max(whole.start, rollout.forced_len)
        places = self.places(rollout)
        played = await self.verdicts(rollout, [begin, *places], context)
        steps = spans(places, slice(begin, whole.stop))
        values = [fmean(map(self.worth, found)) for found in played]
        credit, parts = self.credit(rollout, self.worth(verdict), steps, values)
        parts = {**verdict.parts, "steps": float(len(steps)), **parts}
        return replace(verdict, credit=credit, parts=parts)

    @abstractmethod
    def credit(
        self, rollout: Rollout, outcome: float, steps: list[slice], values: list[float]
    ) -> tuple[tuple[float, ...], dict[str, float]]:
        """Credit per token, and parts of the verdict, from V̂ at the start of each step."""


def _seed(*place: int) -> int:
    return int.from_bytes(blake2b(repr(place).encode(), digest_size=7).digest())


def differences(values: Sequence[float], outcome: float) -> list[float]:
    """A_k = V̂(s_{k+1}) − V̂(s_k);  the outcome is the last value."""
    return [b - a for a, b in zip(values, [*values[1:], outcome], strict=True)]


def noise(value: float, count: int) -> float:
    """√(V (1 − V) / K), the standard deviation of the mean of K scores of 0 or 1."""
    return sqrt(max(value * (1 - value), 0.0) / count)


def best_of(solved: float, count: int) -> float:
    """1 − (1 − Q)^K, the probability that one of K attempts is right."""
    return 1 - (1 - solved) ** count


@runtime_checkable
class Label(Protocol):
    """Labels a step by which of the continuations after it are right."""

    def __call__(self, right: Sequence[bool]) -> float:
        """A label in [0, 1]."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Soft:
    """(1/N) Σ_j right_j, the share of right continuations."""

    def __call__(self, right: Sequence[bool]) -> float:
        return fmean(right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hard:
    """1 where any continuation is right, else 0."""

    def __call__(self, right: Sequence[bool]) -> float:
        return float(any(right))
