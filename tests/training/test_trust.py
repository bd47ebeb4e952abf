"""Ways to break a run; each is noticed within one step, and called by its name."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from pyarrow import parquet
from recorded import recorded
from small import RUN, FirstDigit, small

from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.policy import algorithms
from whet.protocols import Reward
from whet.rollouts.batching import build_batch
from whet.rollouts.player import RolloutPlayer
from whet.training.ledger import Ledger
from whet.training.loop import TrainStep
from whet.training.trainer import fit
from whet.types import Group, IntegrityError, Task, Verdict, Version


@dataclass(slots=True)
class Deaf(EmbeddedGenerator):
    """Takes no weights after the first delivery."""

    heard: int = 0

    async def update(self, weights, flight):
        self.heard += 1
        if self.heard == 1:
            return await EmbeddedGenerator.update(self, weights, flight)
        return self.held()


@dataclass(slots=True)
class HalfDeaf(EmbeddedGenerator):
    """Receives the weights of every other layer."""

    heard: int = 0

    async def update(self, weights, flight):
        mine = {n: w.clone() for n, w in self.backbone.model.state_dict().items()}
        mixed = {n: mine[n] if "layers.1" in n else w for n, w in weights.tensors.items()}
        self.heard += 1
        sent = weights if self.heard == 1 else replace(weights, tensors=mixed)
        return await EmbeddedGenerator.update(self, sent, flight)


@dataclass(slots=True)
class HalfDeafLiar(EmbeddedGenerator):
    """As above, and it claims to hold what was sent."""

    claimed: Version | None = None

    async def update(self, weights, flight):
        if self.claimed is None:
            await EmbeddedGenerator.update(self, weights, flight)
        else:
            own = self.backbone.model.state_dict()
            for name, tensor in weights.tensors.items():
                if "layers.1" not in name:
                    own[name].copy_(tensor)
            self.scheduler.reset()
        self.claimed = weights.version
        return weights.version

    def held(self):
        return self.claimed or EmbeddedGenerator.held(self)


@dataclass(frozen=True, slots=True)
class Stale(RolloutPlayer):
    """Says that its tokens are of an older version."""

    async def play(self, request):
        return self._changed(await RolloutPlayer.play(self, request), self._aged)

    def _aged(self, rollout):
        old = Version(step=0, digest="older")
        spans = tuple(replace(span, version=old) for span in rollout.spans)
        return replace(rollout, spans=spans).sealed()

    def _changed(self, groups, change):
        return tuple(replace(g, rollouts=(change(g[0]), *g.rollouts[1:])) for g in groups)


@dataclass(frozen=True, slots=True)
class Retokenising(Stale):
    """Reads its own text again: the same words, other ids."""

    async def play(self, request):
        def again(rollout):
            ids = rollout.token_ids.copy()
            ids[-1] = (ids[-1] + 1) % 10
            return replace(rollout, token_ids=ids)

        return self._changed(await RolloutPlayer.play(self, request), again)


@dataclass(frozen=True, slots=True)
class NotANumber(Stale):
    """One log-prob is lost."""

    async def play(self, request):
        def lost(rollout):
            logp = np.append(np.float32("nan"), rollout.behaviour_logp[1:])
            return replace(rollout, behaviour_logp=logp).sealed()

        return self._changed(await RolloutPlayer.play(self, request), lost)


@dataclass(frozen=True, slots=True)
class NoEntropy(Stale):
    """One entropy is lost."""

    async def play(self, request):
        def lost(rollout):
            entropy = np.append(np.float32("nan"), rollout.entropy[1:])
            return replace(rollout, entropy=entropy).sealed()

        return self._changed(await RolloutPlayer.play(self, request), lost)


@dataclass(frozen=True, slots=True)
class NoCertainty(Stale):
    """One number of a further column overflows."""

    async def play(self, request):
        def lost(rollout):
            column = np.append(np.float32("inf"), rollout.columns["self_certainty"][1:])
            return replace(rollout, columns={"self_certainty": column}).sealed()

        return self._changed(await RolloutPlayer.play(self, request), lost)


@dataclass(frozen=True, slots=True)
class Doubling(Stale):
    """Gives the first rollout twice."""

    async def play(self, request):
        groups = await RolloutPlayer.play(self, request)
        return tuple(replace(g, rollouts=(g[0], *g.rollouts[:-1])) for g in groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotaged(Embedded):
    """The embedded engine with another generator, or another player."""

    generator: type = EmbeddedGenerator
    player_type: type = RolloutPlayer

    async def player(self, model, seed):
        sound = await Embedded.player(self, model, seed)
        held = sound.generator
        generator = self.generator(
            held.backbone, held.decode, held.ends, held.slots, held.budget, held.parked
        )
        return self.player_type(generator, sound.renderer)


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
        async for event in fit(run, folder):
            if isinstance(event, TrainStep):
                steps.append(event)

    with pytest.raises(IntegrityError) as caught:
        asyncio.run(collect())
    return len(steps), str(caught.value)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"generator": Deaf}, "weights not delivered: the player holds"),
        ({"generator": HalfDeaf}, "did not arrive as they were sent"),
        ({"generator": HalfDeafLiar}, "is not the tensor that was sent"),
        ({"player_type": Stale}, "stale weights"),
        ({"player_type": Retokenising}, "re-tokenised rollout"),
        ({"player_type": NotANumber}, "NaN log-prob"),
        ({"player_type": NoEntropy}, "NaN entropy"),
        ({"player_type": NoCertainty}, "NaN self_certainty"),
        ({"player_type": Doubling}, "twice"),
    ],
)
def test_a_broken_engine_stops_the_run_within_one_step(tmp_path, parts, told):
    run = small(engine=Sabotaged(device="cpu", threads=1, slots=16, **parts))
    taken, message = steps_until_broken(run, tmp_path)
    assert told in message
    assert taken <= 1


@dataclass(frozen=True)
class Crediting(Reward):
    """Credit for every token, and `more` besides."""

    credit: float = 1.0
    score_of_right: float = 1.0
    more: int = 0

    def score(self, rollout):
        found = FirstDigit().score(rollout)
        credit = (self.credit,) * (rollout.length + self.more)
        return replace(found, score=self.score_of_right * found.score, credit=credit)


@pytest.mark.full
@pytest.mark.parametrize("name", ["hicra", "credited", "stepwise"])
@pytest.mark.parametrize(
    ("reward", "told"),
    [
        (Crediting(credit=float("nan")), "Crediting gave credit[0] nan, which is not finite"),
        (Crediting(more=1), "gives credit to"),
        (Crediting(score_of_right=1e39), "Crediting gave score 1e+39, beyond float32"),
    ],
    ids=["credit", "length", "overflow"],
)
def test_a_judge_whose_numbers_are_none_stops_the_run(tmp_path, reward, told, name):
    """Whether or not the algorithm's loss would be one."""
    run = small(reward=reward, objective=algorithms.load(name))
    taken, message = steps_until_broken(run, tmp_path)
    assert taken == 0
    assert told in message
    assert (tmp_path / "rollouts" / "broken.parquet").is_file()


def test_a_part_of_a_verdict_that_is_no_number_is_null_in_the_ledger(tmp_path):
    found = replace(Verdict.binary(correct=True), parts={"style": float("nan"), "form": 1.0})
    shown = recorded(task=Task(id="t", prompt="?"), verdict=found)
    path = Ledger(tmp_path).keep("one", 0, [[shown]])
    [row] = parquet.read_table(path).to_pylist()
    assert row["parts"] == '{"style": null, "form": 1.0}'


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
        return [e async for e in fit(run, tmp_path) if isinstance(e, TrainStep)]

    for step in asyncio.run(collect()):
        everything = [r for group in step.taken.played for r in group]
        judged = [r for r in everything if r.score is not None]
        assert 0 < len(judged) < len(everything)
        assert list(step.batch.rollouts) == judged


def test_a_number_that_is_none_stops_before_the_weights_move():
    async def broken():
        run = small()
        engine: Any = run.engine
        player, learner = await engine.open(run.model, run.seed)
        learner.reset_optimizer(run.optimizer)
        before = (await learner.publish()).version
        with torch.no_grad():
            next(iter(learner.backbone.model.parameters())).fill_(float("nan"))
        task = run.corpus.task("train", 0)
        shown = player.renderer.demonstration(task, "0")
        judged = replace(shown, verdict=Verdict.binary(correct=True))
        sft = algorithms.load("sft")
        batch, _ = await build_batch([Group.of([judged])], sft, learner)
        with pytest.raises(IntegrityError, match="not finite for 1 tasks: train-0"):
            await learner.step(sft, batch, 1e-3)
        assert (await learner.publish()).version == before

    asyncio.run(broken())


def test_drift_between_generator_and_learner_stops_the_run(tmp_path):
    limits = replace(RUN.limits, drift=1e-12)
    taken, message = steps_until_broken(small(limits=limits), tmp_path)
    assert taken == 0
    assert message.startswith("drift: behaviour and learner log-probs differ by")


@dataclass(frozen=True)
class OnlyFour(Reward):
    """Of four tasks a step, one teaches anything, which depends on chance alone."""

    def score(self, rollout):
        return Verdict.binary(correct=rollout.task.answer == "4" and rollout.seed % 2 == 0)


@pytest.mark.parametrize("seed", range(4))
def test_drift_is_noticed_whichever_minibatch_it_is_in(tmp_path, seed):
    """With as many minibatches as groups most of them teach nothing, the first one often."""
    limits = replace(RUN.limits, drift=1e-12)
    run = small(limits=limits, seed=seed, minibatches=4, reward=OnlyFour(), warmup=(), steps=3)
    taken, message = steps_until_broken(run, tmp_path)
    assert message.startswith("drift: behaviour and learner log-probs differ by")
    for row in parquet.read_table(tmp_path / "rollouts" / "broken.parquet").to_pylist():
        assert row["answer"] == "4"
    first = sorted(tmp_path.glob("rollouts/step-*.parquet"))
    scores = [r for f in first for r in parquet.read_table(f, columns=["score"]).to_pylist()]
    assert len(first) == taken and not any(row["score"] for row in scores)


@dataclass(frozen=True, slots=True)
class Closing(RolloutPlayer):
    """Notes that it was closed."""

    closed: ClassVar[list[bool]] = []

    async def close(self):
        self.closed.append(True)
        await RolloutPlayer.close(self)


@pytest.mark.parametrize("reward", [FirstDigit(), Raising()], ids=["ends", "breaks"])
def test_the_player_is_closed_however_a_run_ends(tmp_path, reward):
    Closing.closed.clear()
    engine = Sabotaged(device="cpu", threads=1, slots=16, player_type=Closing)

    async def collect():
        return [e async for e in fit(small(engine=engine, reward=reward, steps=1), tmp_path)]

    with suppress(IntegrityError):
        asyncio.run(collect())
    assert Closing.closed
