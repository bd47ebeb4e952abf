"""Five ways to break a run; each is noticed within one step, and called by its name."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from pyarrow import parquet
from small import RUN, FirstDigit, small

from whet.engines.digest import digest
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.sampler import EmbeddedSampler
from whet.policy import algorithms
from whet.protocols import Reward
from whet.training.assemble import assemble
from whet.training.conduct import conduct
from whet.training.loop import Step
from whet.types import Broken, Verdict


@dataclass(slots=True)
class Deaf(EmbeddedSampler):
    """Takes no weights after the first delivery."""

    heard: int = 0

    def load(self, weights):
        self.heard += 1
        if self.heard == 1:
            EmbeddedSampler.load(self, weights)


@dataclass(slots=True)
class HalfDeaf(EmbeddedSampler):
    """Takes the weights of every other layer, and says that it took all."""

    sent: str = ""

    def load(self, weights):
        mine = self.backbone.model.state_dict()
        EmbeddedSampler.load(
            self, {n: mine[n] if "layers.1" in n and self.sent else w for n, w in weights.items()}
        )
        self.sent = "yes"


@dataclass(slots=True)
class HalfDeafLiar(HalfDeaf):
    """As above, and its digest is that of what was sent."""

    claimed: str = ""

    def load(self, weights):
        HalfDeaf.load(self, weights)
        self.claimed = digest(weights)

    def digest(self):
        return self.claimed or EmbeddedSampler.digest(self)


@dataclass(slots=True)
class Retokenising(EmbeddedSampler):
    """Reads its own text again: the same words, other ids."""

    async def play(self, environment, request):
        group = await EmbeddedSampler.play(self, environment, request)
        first = group[0]
        tokens = (*first.tokens[:-1], (first.tokens[-1] + 1) % 10)
        return (replace(first, tokens=tokens), *group[1:])


@dataclass(slots=True)
class NotANumber(EmbeddedSampler):
    """One log-prob is lost."""

    async def play(self, environment, request):
        group = await EmbeddedSampler.play(self, environment, request)
        logp = (float("nan"), *group[0].behaviour_logp[1:])
        return (replace(group[0], behaviour_logp=logp).sealed(), *group[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotaged(Embedded):
    """The embedded engine with another sampler."""

    kind: type = EmbeddedSampler

    def sampler(self, model, seed):
        sound = Embedded.sampler(self, model, seed)
        return self.kind(sound.backbone, sound.tokenizer, sound.slots, sound.budget)


@dataclass(frozen=True)
class Raising(Reward):
    """A verifier with a bug."""

    share: int = 1

    def score(self, rollout):
        if rollout.seed % self.share == 0:
            raise ZeroDivisionError("the verifier divides by nothing")
        return FirstDigit().score(rollout)


def steps_until_broken(run, folder):
    """How many steps were taken, and what was said at the end."""
    steps = []

    async def collect():
        async for event in conduct(run, folder):
            if isinstance(event, Step):
                steps.append(event)

    with pytest.raises(Broken) as caught:
        asyncio.run(collect())
    return len(steps), str(caught.value)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Deaf, "weights not delivered: the sampler holds"),
        (HalfDeaf, "weights not delivered: the sampler holds"),
        (HalfDeafLiar, "weights not delivered whole: on the probe"),
        (Retokenising, "re-tokenised rollout"),
        (NotANumber, "NaN log-prob"),
    ],
)
def test_a_broken_sampler_stops_the_run_within_one_step(tmp_path, kind, told):
    run = small(engine=Sabotaged(device="cpu", threads=1, slots=16, kind=kind))
    taken, message = steps_until_broken(run, tmp_path)
    assert told in message
    assert taken <= 1


def test_a_verifier_that_raises_stops_the_run_and_is_quoted(tmp_path):
    taken, message = steps_until_broken(small(reward=Raising()), tmp_path)
    assert taken == 0
    assert "verifier faults: 16 of 16" in message
    assert "ZeroDivisionError: the verifier divides by nothing" in message
    rows = parquet.read_table(tmp_path / "rollouts" / "broken.parquet").to_pylist()
    assert len(rows) == 16
    assert {row["reason"] for row in rows} == {"verifier_error"}
    assert all(row["score"] is None for row in rows)


def test_a_few_faults_are_masked_and_counted(tmp_path):
    limits = replace(RUN.limits, faults=0.9)

    async def collect():
        run = small(reward=Raising(share=2), limits=limits, steps=2)
        return [e async for e in conduct(run, tmp_path) if isinstance(e, Step)]

    for step in asyncio.run(collect()):
        everyone = [r for group in step.groups for r in group]
        judged = [r for r in everyone if r.score is not None]
        assert 0 < len(judged) < len(everyone)
        assert list(step.share[0]) == judged


def test_a_number_that_is_none_stops_before_the_weights_move():
    run = small()
    engine: Any = run.engine
    _, learner = engine.open(run.model, run.seed)
    learner.begin(run.optimiser)
    with torch.no_grad():
        next(iter(learner.backbone.model.parameters())).fill_(float("nan"))
    before = learner.digest()
    demonstration = learner.imitate(run.corpus.task("train", 0), "0")
    judged = replace(demonstration, verdict=Verdict.binary(correct=True))
    share = assemble([(judged,)], algorithms.load("sft"), learner)
    with pytest.raises(Broken, match="not finite for 1 tasks: train-0"):
        learner.step(algorithms.load("sft"), *share, 1e-3)
    assert learner.digest() == before


def test_drift_between_sampler_and_learner_stops_the_run(tmp_path):
    limits = replace(RUN.limits, drift=1e-12)
    taken, message = steps_until_broken(small(limits=limits), tmp_path)
    assert taken == 0
    assert message.startswith("drift: behaviour and learner log-probs differ by")
