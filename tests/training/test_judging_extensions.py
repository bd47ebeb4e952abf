"""Extensions that have a say in verdicts: by hand, in a run, and after a kill."""

import asyncio
from dataclasses import dataclass, replace
from math import log
from typing import Any

import pytest
import torch
from small import Digits, FirstDigit, followed, small
from torch.testing import assert_close

from whet.data.pool import Pool
from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy import algorithms
from whet.policy.extensions.coevolving import Coevolving, contrast
from whet.policy.extensions.length_targets import LengthTargets
from whet.policy.extensions.path_consistency import PathConsistency
from whet.policy.extensions.process_outcome_filter import ProcessOutcomeFilter
from whet.protocols import Reward
from whet.rewards.shaping.annealed import Annealed
from whet.rewards.shaping.schedules import Ramp
from whet.training.loop import TrainStep
from whet.training.trainer import RunEnded
from whet.types import Rollout, Task, Verdict
from whet.types.optimizers import AdamW

VERIFIER = Coevolving(hint="{answer}", probes=4, optimizer=AdamW(lr=1e-3))
MODEL = FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet="0123456789=;#"))
ENGINE = Embedded(device="cpu", threads=1)


def accompanied_by(companion: Any, **changes: Any) -> Any:
    objective = replace(algorithms.load("dapo"), companions=(companion,))
    run = small(objective=objective, corpus=Pool(corpus=Digits(), tasks=5), steps=5)
    return replace(run, **changes)


@dataclass(frozen=True)
class Stepped(Reward):
    """The first digit decides; how much of the reply is the answer's digit is its step score."""

    def score(self, rollout: Rollout) -> Verdict:
        share = rollout.reply.count(rollout.task.answer) / max(len(rollout.reply), 1)
        return replace(FirstDigit().score(rollout), parts={"mean_step": share})


RUNS = {
    "cooper": accompanied_by(VERIFIER),
    "covo": accompanied_by(PathConsistency(mark="=")),
    "prof": accompanied_by(ProcessOutcomeFilter(), reward=Stepped()),
    "laser_d": accompanied_by(LengthTargets(targets=(9, 6, 3), least=2)),
    "annealed": small(reward=Annealed(extra=Stepped(), weight=Ramp(steps=4), inner=FirstDigit())),
}


HEAVY = ["covo", "laser_d", "annealed"]


@pytest.mark.parametrize(
    "name", ["cooper", *(pytest.param(name, marks=pytest.mark.full) for name in ("prof", *HEAVY))]
)
def test_killed_and_resumed_it_ends_with_the_same_weights(name, tmp_path):
    whole = followed(RUNS[name], tmp_path / "whole")[-1]
    followed(RUNS[name], tmp_path / "cut", stop_after=3)
    assert isinstance(whole, RunEnded) and whole.complete
    assert followed(RUNS[name], tmp_path / "cut")[-1] == whole


def test_the_verifier_is_heard_and_watched(tmp_path):
    events = [e for e in followed(RUNS["cooper"], tmp_path / "run") if isinstance(e, TrainStep)]
    for step in events:
        for rollout in (r for group in step.taken.played for r in group):
            parts = rollout.verdict.parts
            heard = parts["rule"] + VERIFIER.weight * parts["verifier"]
            assert rollout.verdict.score == pytest.approx(heard)
            assert rollout.verdict.correct == (parts["rule"] == 1)
    assert {r.verdict.parts["verifier"] for g in events[0].taken.played for r in g} == {0.5}
    assert len({r.verdict.parts["verifier"] for g in events[-1].taken.played for r in g}) > 2
    said = events[-1].metrics
    assert any(step.metrics["verifier_pairs"].total > 0 for step in events)
    assert said["verifier_frozen"].total in (0, 1)
    assert 0 <= said["verifier_probe_accuracy"].value <= 1
    assert said["verifier_agrees"].count == 16


def pairs_of(renderer, digits):
    tasks = [Task(id=d, prompt=f"{d}=", answer=d) for d in digits]
    wrong = [str((int(t.answer) + 3) % 10) for t in tasks]
    return [
        (renderer.demonstration(t, t.answer), renderer.demonstration(t, bad))
        for t, bad in zip(tasks, wrong, strict=True)
    ]


def test_the_contrast_is_learned_and_slices_do_not_show(tmp_path):
    async def losses(budget: int, count: int) -> list[float]:
        model = await replace(ENGINE, budget=budget).critic(tmp_path)
        model.reset_optimizer(AdamW(lr=3e-3))
        return [await contrast(model, pairs, 3e-3) for _ in range(count)]

    player, learner = asyncio.run(ENGINE.open(MODEL, 0))
    learner.reset_optimizer(AdamW())
    asyncio.run(learner.save(tmp_path))
    pairs = pairs_of(player.renderer, "0123456789")
    few, many = asyncio.run(losses(8, 4)), asyncio.run(losses(4096, 24))
    assert few[0] == pytest.approx(log(2))  # s⁺ = s⁻ = 0
    assert_close(torch.tensor(few), torch.tensor(many[:4]), rtol=1e-2, atol=1e-3)
    assert many[-1] < 0.3 * many[0]


def test_a_run_judges_every_step_at_its_own_time(tmp_path):
    steps = [e for e in followed(RUNS["annealed"], tmp_path / "run") if isinstance(e, TrainStep)]
    for step in steps:
        weight = 0.2 * max(1 - step.number / 4, 0)
        for rollout in (r for group in step.taken.played for r in group):
            parts = rollout.verdict.parts
            assert ("model" in parts) == bool(weight)  # at weight 0 it isn't asked
            wanted = parts["rule"] + weight * parts.get("model", 0.0)
            assert rollout.verdict.score == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("name", "companion"),
    [("cooper", Coevolving()), ("covo", PathConsistency()), ("prof", ProcessOutcomeFilter())],
)
def test_the_algorithm_is_grpo_in_company(name, companion):
    objective = algorithms.load(name)
    assert objective.companions == (companion,)
    assert replace(objective, companions=()) == algorithms.load("grpo")
