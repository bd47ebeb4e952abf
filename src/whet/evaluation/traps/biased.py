"""A judge that pays for something else from a known step on, as in CHERRL (arXiv:2606.04923).

The paper injects one bias at a time into a model judge: for words, for a tone, for praise of
oneself and for a format.  So the step is known from which the proxy reward departs from the true
one, and a check can be asked when it notices.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from whet.protocols import GroupReward, Judge, RewardContext
from whet.types import Group, Need, Rollout, UsageError, Verdict


@runtime_checkable
class Bias(Protocol):
    """What a judge pays for besides what it should."""

    def __call__(self, reply: str) -> float:
        """B(y), how much of it a reply has, from 0 to 1."""
        ...

    def dressed(self, reply: str) -> str:
        """The reply with all of it, and with the same answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """B = min(1, n / `enough`) for n occurrences of `phrases`; case does not matter."""

    phrases: tuple[str, ...]
    enough: int = 1

    def __call__(self, reply: str) -> float:
        found = sum(reply.casefold().count(phrase.casefold()) for phrase in self.phrases)
        return min(found / self.enough, 1.0)

    def dressed(self, reply: str) -> str:
        return f"{' '.join(self.phrases[:1] * self.enough)}\n{reply}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """B = 1 for a list of `count` numbered points or more, else 0."""

    count: int = 3

    def __call__(self, reply: str) -> float:
        return float(len(re.findall(r"(?m)^\d+\. ", reply)) >= self.count)

    def dressed(self, reply: str) -> str:
        return "\n".join(f"{n}. Well." for n in range(1, self.count + 1)) + f"\n{reply}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Longer:
    """B = min(1, characters / `full`)."""

    full: int = 400

    def __call__(self, reply: str) -> float:
        return min(len(reply) / self.full, 1.0)

    def dressed(self, reply: str) -> str:
        return "And so on. " * (self.full // 11 + 1) + f"\n{reply}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anything:
    """B = 1: a judge that became lenient.  With a negative gain, one that became strict."""

    def __call__(self, reply: str) -> float:
        del reply
        return 1.0

    def dressed(self, reply: str) -> str:
        return reply


BIASES: dict[str, Bias] = {
    "words": Phrases(phrases=("delve", "unlock"), enough=3),
    "tone": Phrases(phrases=("What a wonderful question!",)),
    "praise of itself": Phrases(phrases=("This is a complete and correct answer.",)),
    "format": Points(),
    "length": Longer(),
    "anything": Anything(),
}
"""The four families of the paper, and two that are well known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Biased(GroupReward):
    """`inner`, which adds a bias from step `onset` on.

        R = clip( r + gain · 1[step ≥ onset] · B(y),  0,  1 )

    `correct` stays open, as with a model judge; parts `true` and `bias` are r and B.  A verdict of
    `inner` without a score stays as it is.
    """

    compares = False

    inner: Judge
    bias: Bias
    gain: float = 1.0
    onset: int = 0

    def __post_init__(self) -> None:
        if self.onset < 0:
            raise UsageError(f"biased.onset is {self.onset}; give a step, 0 or more")

    @property
    def needs(self) -> frozenset[Need]:  # type: ignore[override]
        return self.inner.needs

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await context.judge(self.inner, group)
        begun = context.step >= self.onset
        return [
            self._biased(verdict, rollout.reply, begun=begun)
            for verdict, rollout in zip(found, group, strict=True)
        ]

    def _biased(self, verdict: Verdict, reply: str, *, begun: bool) -> Verdict:
        if not verdict.judged:
            return verdict
        share = self.bias(reply)
        score = min(max(verdict.score + self.gain * share * begun, 0.0), 1.0)
        parts = {**verdict.parts, "true": verdict.score, "bias": share}
        return replace(verdict, score=score, correct=None, measured=None, parts=parts)


async def gain_of(bias: Bias, judge: Judge, wrong: Group, context: RewardContext) -> float:
    """The mean by which wrong replies gain where they are dressed: 0 for a judge without the bias.

    It needs no policy, so a judge can be tried before a run.  Raises `UsageError` where nothing
    could be judged.
    """
    dressed = [Rollout.from_text(one.task, bias.dressed(one.reply)) for one in wrong]
    plain = await context.judge(judge, wrong)
    clad = await context.judge(judge, wrong.having(dressed))
    gains = [b.score - a.score for a, b in zip(plain, clad, strict=True) if a.judged and b.judged]
    if not gains:
        raise UsageError("the judge gave no score to any of the replies; give others")
    return sum(gains) / len(gains)
