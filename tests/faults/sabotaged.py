"""Short runs of the embedded engine, with a generator, a player or a learner of another class."""

import asyncio
from dataclasses import dataclass, fields, replace

from small import small

from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.engines.embedded.learner import EmbeddedLearner
from whet.evaluation.measure import EvalConfig
from whet.rollouts.player import RolloutPlayer
from whet.training.loop import TrainStep
from whet.training.run import PeriodicEval
from whet.training.trainer import fit
from whet.types import IntegrityError

STEPS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotaged(Embedded):
    """The embedded engine; its parts are made again as other classes."""

    generator: type = EmbeddedGenerator
    played: type = RolloutPlayer
    learned: type = EmbeddedLearner

    async def open(self, model, seed):
        player, learner = await Embedded.open(self, model, seed)
        generator = again(self.generator, player.generator)
        return self.played(generator, player.renderer), again(self.learned, learner)


def again(kind, sound):
    """The same fields in another class."""
    return kind(**{f.name: getattr(sound, f.name) for f in fields(sound) if f.init})


@dataclass(frozen=True, slots=True)
class Changing(RolloutPlayer):
    """Changes the rollouts of each group, and seals them anew."""

    async def play(self, request):
        groups = await RolloutPlayer.play(self, request)
        return tuple(replace(g, rollouts=tuple(self.changed(list(g.rollouts)))) for g in groups)

    def changed(self, rollouts):
        return [self.one(rollout).sealed() for rollout in rollouts]

    def one(self, rollout):
        return rollout


def brief(parts, **changes):
    """A run of two steps from random weights."""
    engine = Sabotaged(device="cpu", threads=1, slots=16, **parts)
    held = {
        "engine": engine,
        "warmup": (),
        "steps": STEPS,
        "evaluation": EvalConfig(problems=1, samples=1, k=(1,)),
        "periodic": PeriodicEval(every=0),
    }
    return small(**held | changes)


def said(run, folder, most=STEPS):
    """How a run ended, or its first `most` steps: its message, and the steps before it."""
    taken = []
    folder.mkdir(exist_ok=True)

    async def follow():
        async for event in fit(run, folder, lambda: len(taken) >= most):
            if isinstance(event, TrainStep):
                taken.append(event)

    try:
        asyncio.run(follow())
    except IntegrityError as error:
        assert "\n" not in str(error)
        return str(error), len(taken)
    return "", len(taken)
