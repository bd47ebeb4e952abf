"""Faults of the judge: what it returns is no verdict on what it was given."""

from dataclasses import dataclass, replace
from typing import Any, cast

from broken_judges import SOUND, Constant, Racing, Reversed, Shifted
from trials import Fault, InRun, tiny

from whet.policy import algorithms
from whet.protocols import GroupReward, Reward
from whet.rewards.judging.config import JudgingConfig
from whet.types import Reason, Verdict

_STOPPED = "verifier faults"


@dataclass(frozen=True)
class Raising(Reward):
    """It raises on every reply."""

    def score(self, rollout):
        raise ZeroDivisionError("the verifier divides by nothing")


@dataclass(frozen=True)
class Numbered(Reward):
    """A score that is no reward: NaN, infinite, or too large for float32."""

    score_of: float

    def score(self, rollout):
        return Verdict(reason=Reason.PARTIAL, score=self.score_of, correct=False)


@dataclass(frozen=True)
class Falsy(Reward):
    """`score or None`: a reward of 0.0 is read as missing."""

    def score(self, rollout):
        found = SOUND.score(rollout)
        return cast("Any", found if found.score or None else None)


@dataclass(frozen=True)
class Credited(Reward):
    """Credit of a number for `more` tokens than the reply has."""

    number: float = 0.0
    more: int = 0

    def score(self, rollout):
        credit = (self.number,) * (rollout.length + self.more)
        return replace(SOUND.score(rollout), credit=credit)


@dataclass(frozen=True)
class TurnPaid(Reward):
    """A reward of this number for the one reply."""

    number: float

    def score(self, rollout):
        return replace(SOUND.score(rollout), turn_rewards=(self.number,))


@dataclass(frozen=True)
class ShortList(GroupReward):
    """One verdict fewer than the group has rollouts."""

    async def score_group(self, group, context):
        return [SOUND.score(rollout) for rollout in list(group)[1:]]


@dataclass(frozen=True)
class Wordy(Reward):
    """The judge's sentence in place of a verdict."""

    def score(self, rollout):
        return cast("Any", "The reply is correct.")


@dataclass(frozen=True)
class Hanging(GroupReward):
    """The answer never comes: the group's call is given up with an error."""

    async def score_group(self, group, context):
        raise TimeoutError("the judge did not answer")


def _fault(name, reward, told=_STOPPED, elsewhere=()):
    return Fault(
        name=name,
        broken=InRun(run=lambda: tiny(reward=reward)),
        healthy=InRun(run=tiny),
        told=told,
        elsewhere=elsewhere,
    )


def _known(name, reward, told, elsewhere=()):
    """A judge that known rows find; its twin is judged with known rows, too."""
    return Fault(
        name=name,
        broken=InRun(run=lambda: tiny(reward=reward(), judging=JudgingConfig(canaries=2))),
        healthy=InRun(run=lambda: tiny(reward=SOUND, judging=JudgingConfig(canaries=2))),
        told=told,
        elsewhere=elsewhere,
        asked="judging.canaries 2",
    )


def _crediting(reward):
    return tiny(reward=reward, objective=algorithms.load("credited"))


VERDICTS = (
    _fault("The verifier raises", Raising(), elsewhere=("huggingface/trl#7176",)),
    _fault("The judge does not answer", Hanging(), elsewhere=("PrimeIntellect-ai/verifiers#2255",)),
    _fault("The score is NaN", Numbered(float("nan"))),
    _fault("The score is infinite", Numbered(float("inf"))),
    _fault("The score is too large for float32", Numbered(1e39)),
    _fault("A score of 0.0 is read as missing", Falsy(), elsewhere=("OpenRLHF/OpenRLHF#1219",)),
    _fault("The judge's words are returned in place of a verdict", Wordy()),
    _fault("A group's verdicts are one too few", ShortList()),
    _fault("The credit of a token is NaN", Credited(number=float("nan"))),
    Fault(
        name="The credit is for more tokens than the reply has",
        broken=InRun(run=lambda: _crediting(Credited(more=1))),
        healthy=InRun(run=lambda: _crediting(Credited())),
        told="gives credit to",
    ),
    _known("The judge takes right for wrong, and wrong for right", Reversed, "is reversed"),
    _known("The judge calls everything right", Constant, "is constant"),
    _known("Calls of the judge that wait answer for each other's rollouts", Racing, "racing"),
    _known("Verdict i is logged and learned with rollout i + 1", Shifted, "racing"),
    _fault("The reward of a turn is NaN", TurnPaid(number=float("nan"))),
)
