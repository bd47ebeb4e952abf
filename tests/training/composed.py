"""Random compositions of sampling parts in all slots, as runs of a second."""

from dataclasses import dataclass, replace
from random import Random

from small import FirstDigit, small
from test_every_sampling_part import SETTINGS, SLOTS, Levels, Worked

from whet import registry
from whet.data.pool import Pool
from whet.policy import algorithms
from whet.policy.extensions.branches import Branches
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.eepo import Eepo
from whet.policy.extensions.extra_round import ExtraRound
from whet.policy.extensions.replay import Replay
from whet.policy.selections import PolicyTokens
from whet.protocols import Corpus, Reward, Shape
from whet.rewards.shaping.dace import Dace
from whet.rollouts.checks import TrustLimits
from whet.sampling.dynamic.accuracy_band import AccuracyBand
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.dynamic.score_spread import ScoreSpread
from whet.sampling.dynamic.weighted_prompts import RateWeighted
from whet.sampling.exploration.fixed_rounds import FixedRounds
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.standard import Standard
from whet.training.run import PeriodicEval, Run
from whet.types import Decoding, Reason, Rollout, Verdict

COMPANIONS = {
    "none": (),
    "branches": (Branches(),),
    "demonstrations": (Demonstrations(),),
    "eepo": (Eepo(window=1, below=3.0),),
    "extra_round": (ExtraRound(samples=3),),
    "replay": (Replay(least=1),),
}
GATES = (
    AdmitAll(),
    NonZeroSpread(max_rounds=2, oversample=1.5),
    AccuracyBand(max_rounds=1, oversample=2.5),
    ScoreSpread(max_rounds=1),
)


@dataclass(frozen=True)
class Doubled(Corpus):
    """Two rows have one id."""

    corpus: Corpus

    def task(self, split, index):
        task = self.corpus.task(split, index)
        return replace(task, id="twice") if split == "train" and index in (1, 2) else task

    def held_out(self, split, count):
        return self.corpus.held_out(split, count)


@dataclass(frozen=True)
class Flaky(Reward):
    """Every fifth reply has a fault of the verifier."""

    def score(self, rollout: Rollout) -> Verdict:
        if rollout.seed % 5 == 0:
            return Verdict.unjudged("no answer from the verifier")
        return FirstDigit().score(rollout)


@dataclass(frozen=True)
class Signed(Reward):
    """A number alone, from −2 to 3."""

    def score(self, rollout: Rollout) -> Verdict:
        said = rollout.reply[:1]
        found = 3.0 - abs(int(said) - int(rollout.task.answer)) if said.isdigit() else -2.0
        found = max(found, -2.0)
        reason = Reason.OK if found >= 1 else Reason.PARTIAL
        return Verdict(reason=reason, score=found, correct=found >= 1, measured=found)


def offers(slot: type, *without: str) -> list[str]:
    """The names of a slot's parts."""
    names = (name for name in registry.names("sampling") if name != "standard")
    found = [name for name in names if issubclass(registry.find("sampling", name), slot)]
    return [name for name in found if name not in without]


def made(name: str, **given: object) -> object:
    return registry.find("sampling", name)(**given | SETTINGS.get(name, {}))


def composed(seed: int) -> tuple[str, Run]:
    """A run of parts drawn at random, and its description."""
    rng = Random(seed)
    slots = {slot: of for of, slot in SLOTS.items()}
    prompts = rng.choice(offers(slots["prompts"]))
    size = rng.choice(offers(slots["size"]))
    shape = "chains" if rng.random() < 0.7 else rng.choice(offers(Shape))
    schedules = rng.sample(offers(slots["schedules"]), rng.choice((0, 1, 1, 2, 3)))
    replay = rng.choice(("", "", *offers(slots["replay"])))
    gate = rng.choice(GATES)
    companion = rng.choice(("none", "none", *COMPANIONS))
    corpus = rng.choice(
        (Pool(corpus=Levels(), tasks=6),) * 3
        + (Pool(corpus=Doubled(Levels()), tasks=6), Pool(corpus=Levels(), tasks=2), Levels())
    )
    reward = rng.choice((FirstDigit(), FirstDigit(), Flaky(), Signed(), Dace(inner=FirstDigit())))
    if isinstance(corpus, Levels) and issubclass(registry.find("sampling", prompts), RateWeighted):
        corpus = Pool(corpus=corpus, tasks=6)
    rounds = {"fixed_rounds", "two_phase", "reinforce_ada"}
    if isinstance(reward, Dace) and (size in rounds or "seele" in schedules):
        reward = FirstDigit()
    sizes = {"fixed": Fixed(rollouts=4), "fixed_rounds": FixedRounds(rollouts=2, passes=2)}
    sampling = Standard(
        prompts=made(prompts, per_step=4),
        size=sizes.get(size) or made(size),
        shape=made(shape),
        schedules=tuple(made(name) for name in schedules),
        replay=made(replay) if replay else None,
        gate=gate,
        decoding=Decoding(max_new_tokens=6),
    )
    objective = replace(
        algorithms.load("dapo"), on=PolicyTokens(), companions=COMPANIONS[companion]
    )
    told = (prompts, size, shape, *schedules, replay or "-", type(gate).__name__, companion)
    run = small(
        objective=objective,
        corpus=corpus,
        reward=reward,
        demonstrator=Worked(),
        sampling=sampling,
        steps=4,
        periodic=PeriodicEval(every=0),
        limits=TrustLimits(faults=0.9),
        minibatches=rng.choice((1, 2)),
        seed=seed,
    )
    return f"{seed}: {' '.join(told)} {corpus} {type(reward).__name__}", run
