"""Faults of the judge: what it returns is no verdict on what it was given."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, cast

from broken_judges import Shifted
from small import FirstDigit, Nearby
from trials import Fault, InRun, tiny

from whet.policy import algorithms
from whet.protocols import GroupReward, Reward
from whet.rewards.judging.config import JudgingConfig
from whet.types import Reason, Verdict

_STOPPED = "verifier faults"
_FOREVER = 3600.0  # seconds
SOUND = Nearby()


@dataclass(frozen=True, kw_only=True)
class Raising(Reward):
    """It raises on every reply."""

    raises: bool

    def score(self, rollout):
        if self.raises:
            raise ZeroDivisionError("the verifier divides by nothing")
        return SOUND.score(rollout)


@dataclass(frozen=True, kw_only=True)
class Numbered(Reward):
    """A score that is no reward: NaN, infinite, or too large for float32."""

    score_of: float

    def score(self, rollout):
        return Verdict(reason=Reason.PARTIAL, score=self.score_of, correct=False)


@dataclass(frozen=True, kw_only=True)
class Falsy(Reward):
    """`score or None`: a reward of 0.0 is read as missing."""

    asks_for_none: bool

    def score(self, rollout):
        found = SOUND.score(rollout)
        known = found.score is not None if self.asks_for_none else found.score
        return cast("Any", found if known else None)


@dataclass(frozen=True, kw_only=True)
class Credited(Reward):
    """Credit of a number for `more` tokens than the reply has."""

    number: float = 0.0
    more: int = 0

    def score(self, rollout):
        credit = (self.number,) * (rollout.length + self.more)
        return replace(SOUND.score(rollout), credit=credit)


@dataclass(frozen=True, kw_only=True)
class TurnPaid(Reward):
    """A reward of this number for the one reply."""

    number: float

    def score(self, rollout):
        return replace(SOUND.score(rollout), turn_rewards=(self.number,))


@dataclass(frozen=True, kw_only=True)
class Listing(GroupReward):
    """`fewer` verdicts than the group has rollouts."""

    fewer: int

    async def score_group(self, group, context):
        return [SOUND.score(rollout) for rollout in list(group)[self.fewer :]]


@dataclass(frozen=True, kw_only=True)
class Wordy(Reward):
    """The judge's sentence in place of a verdict."""

    reads: bool

    def score(self, rollout):
        found = SOUND.score(rollout)
        return cast("Any", found if self.reads else "The reply is correct.")


@dataclass(frozen=True, kw_only=True)
class GivingUp(GroupReward):
    """The group's call is given up with an error."""

    gives_up: bool

    async def score_group(self, group, context):
        if self.gives_up:
            raise TimeoutError("the judge did not answer")
        return [SOUND.score(rollout) for rollout in group]


@dataclass(frozen=True, kw_only=True)
class Hanging(Reward):
    """In training the answer never comes."""

    hangs: bool

    async def score(self, rollout):
        if self.hangs and rollout.task.id.startswith("train"):
            await asyncio.sleep(_FOREVER)
        return SOUND.score(rollout)


@dataclass(frozen=True, kw_only=True)
class Turned(Reward):
    """Right is wrong, and wrong is right."""

    turns: bool

    def score(self, rollout):
        right = bool(FirstDigit().score(rollout).correct)
        return Verdict.binary(correct=right != self.turns)


@dataclass(frozen=True, kw_only=True)
class Agreeable(Reward):
    """Everything is right."""

    agrees: bool

    def score(self, rollout):
        right = bool(FirstDigit().score(rollout).correct)
        return Verdict.binary(correct=right or self.agrees)


@dataclass(frozen=True, kw_only=True)
class Racing(Reward):
    """One slot for all calls: a call that waits finds the rollout of another in it."""

    slot: list[Any] = field(default_factory=list)
    waits: bool

    async def score(self, rollout):
        self.slot[:] = [rollout]
        if self.waits:
            await asyncio.sleep(0.001)
        return FirstDigit().score(self.slot[0])


def _fault(name, broken, healthy, elsewhere=()):
    return Fault(
        name=name,
        broken=InRun(run=lambda: tiny(reward=broken)),
        healthy=InRun(run=lambda: tiny(reward=healthy)),
        told=_STOPPED,
        elsewhere=elsewhere,
    )


def _asked(name, judges, told, judging, elsewhere=()):
    """A fault that a setting shows; `judges` make the broken judge and the healthy one."""
    config, (broken, healthy) = JudgingConfig(**judging), judges
    return Fault(
        name=name,
        broken=InRun(run=lambda: tiny(reward=broken(), judging=config)),
        healthy=InRun(run=lambda: tiny(reward=healthy(), judging=config)),
        told=told,
        elsewhere=elsewhere,
        asked=" ".join(f"judging.{key} {value:g}" for key, value in judging.items()),
    )


def _crediting(reward):
    return tiny(reward=reward, objective=algorithms.load("credited"))


def _numbered(name, number):
    return _fault(name, Numbered(score_of=number), Numbered(score_of=0.5))


VERDICTS = (
    _fault(
        "The verifier raises",
        Raising(raises=True),
        Raising(raises=False),
        ("huggingface/trl#7176",),
    ),
    _fault(
        "The judge gives up after a time-out of its own",
        GivingUp(gives_up=True),
        GivingUp(gives_up=False),
    ),
    _numbered("The score is NaN", float("nan")),
    _numbered("The score is infinite", float("inf")),
    _numbered("The score is too large for float32", 1e39),
    _fault(
        "A score of 0.0 is read as missing",
        Falsy(asks_for_none=False),
        Falsy(asks_for_none=True),
        ("OpenRLHF/OpenRLHF#1219",),
    ),
    _fault(
        "The judge's words are returned in place of a verdict",
        Wordy(reads=False),
        Wordy(reads=True),
    ),
    _fault("A group's verdicts are one too few", Listing(fewer=1), Listing(fewer=0)),
    _fault("The credit of a token is NaN", Credited(number=float("nan")), Credited()),
    Fault(
        name="The credit is for more tokens than the reply has",
        broken=InRun(run=lambda: _crediting(Credited(more=1))),
        healthy=InRun(run=lambda: _crediting(Credited())),
        told="gives credit to",
    ),
    _fault("The reward of a turn is NaN", TurnPaid(number=float("nan")), TurnPaid(number=1.0)),
)

ASKED = (
    _asked(
        "The judge never answers",
        (lambda: Hanging(hangs=True), lambda: Hanging(hangs=False)),
        "not judged within judging.seconds",
        {"seconds": 2.0},
        ("PrimeIntellect-ai/verifiers#2255",),
    ),
    _asked(
        "Right is judged wrong, and wrong right",
        (lambda: Turned(turns=True), lambda: Turned(turns=False)),
        "the judge is reversed",
        {"canaries": 1},
    ),
    _asked(
        "The judge agrees with everything",
        (lambda: Agreeable(agrees=True), lambda: Agreeable(agrees=False)),
        "the judge is constant",
        {"canaries": 1},
    ),
    _asked(
        "Calls of the judge race for one slot",
        (lambda: Racing(waits=True), lambda: Racing(waits=False)),
        "the judge is racing",
        {"canaries": 1},
    ),
    _asked(
        "Verdict i is logged and learned with rollout i + 1",
        (Shifted, lambda: Shifted(by=0)),
        "the judge is racing",
        {"canaries": 2},
    ),
)
