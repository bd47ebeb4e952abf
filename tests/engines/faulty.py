"""Embedded engines with one fault each, for the examination of engines."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from faulty_learners import Delegating

from whet.engines.embedded import scheduler
from whet.engines.embedded.engine import Embedded
from whet.protocols import Generator
from whet.rollouts.player import RolloutPlayer
from whet.types import Finish
from whet.types.kept import KEPT


@dataclass(slots=True)
class Passing(Generator):
    """Another generator, unchanged; faults override one verb."""

    inner: Any
    live: int = 0
    asked: int = 0

    @property
    def positions(self):
        return self.inner.positions

    def held(self):
        return self.inner.held()

    async def generate(self, prompt, how, **place):
        self.asked += 1
        self.live += 1
        try:
            return await self.inner.generate(prompt, how, **place)
        finally:
            self.live -= 1

    async def update(self, weights, flight):
        return await self.inner.update(weights, flight)

    def end(self, session):
        self.inner.end(session)

    def token_counts(self):
        return self.inner.token_counts()

    async def close(self):
        await self.inner.close()


@dataclass(slots=True)
class LateLogProbs(Passing):
    """Every log-prob is that of the token before."""

    async def generate(self, prompt, how, **place):
        found = await self.inner.generate(prompt, how, **place)
        return replace(found, logp=np.roll(found.logp, 1))


@dataclass(slots=True)
class ForgetfulForks(Passing):
    """A fork loses the token that it begins behind."""

    async def generate(self, prompt, how, **place):
        cut = prompt[:-1] if place.get("fork_of") else prompt
        return await self.inner.generate(cut, how, **place)


@dataclass(slots=True)
class Crowded(Passing):
    """Neighbours change the random numbers."""

    async def generate(self, prompt, how, *, seed, **place):
        return await Passing.generate(self, prompt, how, seed=seed + self.live, **place)


@dataclass(slots=True)
class OneSeed(Passing):
    """All seeds are 0."""

    async def generate(self, prompt, how, *, seed, **place):
        del seed
        return await self.inner.generate(prompt, how, seed=0, **place)


@dataclass(slots=True)
class NewSeeds(Passing):
    """A seed gives another text each time."""

    async def generate(self, prompt, how, *, seed, **place):
        return await Passing.generate(self, prompt, how, seed=seed + self.asked, **place)


@dataclass(slots=True)
class Endless(Passing):
    """End tokens do not end a reply, as where they are masked because padding is the same."""

    def __post_init__(self):
        self.inner.ends = frozenset()


@dataclass(slots=True)
class Trimmed(Passing):
    """The end token is not returned."""

    async def generate(self, prompt, how, **place):
        found = await self.inner.generate(prompt, how, **place)
        if found.finish is not Finish.STOP or len(found.token_ids) == 1:
            return found
        size = len(found.token_ids) - 1
        return replace(
            found,
            token_ids=found.token_ids[:-1],
            logp=found.logp[:-1],
            entropy=found.entropy[:-1],
            columns={name: column[:-1] for name, column in found.columns.items()},
            spans=((size, found.spans[0][1]),),
        )


@dataclass(slots=True)
class Redecoding(Passing):
    """Decodes otherwise than asked."""

    change: Callable[[Any], Any] = lambda how: how

    async def generate(self, prompt, how, **place):
        return await self.inner.generate(prompt, self.change(how), **place)


def stopless(inner):
    return Redecoding(inner, change=lambda how: replace(how, stop=()))


def lukewarm(inner):
    return Redecoding(inner, change=lambda how: replace(how, temperature=1.0))


def whole(inner):
    return Redecoding(inner, change=lambda how: replace(how, top_p=1.0, top_k=0, min_p=0.0))


@dataclass(slots=True)
class Unrecorded(Passing):
    """The tokens that truncation kept are not recorded."""

    async def generate(self, prompt, how, **place):
        found = await self.inner.generate(prompt, how, **place)
        kept = {name: column for name, column in found.columns.items() if name != KEPT}
        return replace(found, columns=kept)


@dataclass(slots=True)
class Stale(Passing):
    """New weights are taken note of, and not loaded."""

    said: Any = None

    def held(self):
        return self.said or self.inner.held()

    async def update(self, weights, flight):
        del flight
        self.said = weights.version
        return self.said


@dataclass(slots=True)
class OneNormLate(Passing):
    """One norm keeps its old weights; digests are not looked at again."""

    async def update(self, weights, flight):
        model = self.inner.backbone.model
        name = next(n for n in model.state_dict() if "norm" in n)
        old = model.state_dict()[name].clone()
        version = await self.inner.update(weights, flight)
        with torch.no_grad():
            model.state_dict()[name].copy_(old)
        return version


@dataclass(slots=True)
class Trusting(Passing):
    """Weights are loaded without a look at their manifest."""

    said: Any = None

    def held(self):
        return self.said or self.inner.held()

    async def update(self, weights, flight):
        await self.inner.update(weights, flight) if self._sound(weights) else None
        self.said = weights.version
        return self.said

    def _sound(self, weights):
        own = self.inner.backbone.model.state_dict()
        return own.keys() == weights.tensors.keys() and not any(
            torch.equal(weights.tensors[n], own[n] + 1) for n in own
        )


def hotter(logits, sampling, uniform, draw=scheduler.draw):
    """Tokens of a hotter distribution than the one whose log-probs are told."""
    told = draw(logits, sampling, uniform)
    token = draw(logits / 3, sampling, uniform).token
    scores = torch.log_softmax(logits.float() / sampling.temperature.clamp(min=1e-6)[:, None], -1)
    warm = sampling.temperature > 0
    hot = scores.gather(1, token[:, None])[:, 0]
    return told._replace(
        token=torch.where(warm, token, told.token), logp=torch.where(warm, hot, told.logp)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty(Embedded):
    """The embedded engine with another generator or another learner around it."""

    generator: Callable[[Any], Any] = Passing
    learner: Callable[[Any], Any] = Delegating

    async def player(self, model, seed):
        sound = await Embedded.player(self, model, seed)
        return RolloutPlayer(self.generator(sound.generator), sound.renderer)

    async def open(self, model, seed):
        player, learner = await Embedded.open(self, model, seed)
        return player, self.learner(learner)
