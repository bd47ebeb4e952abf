"""A model of steps: labels, lessons, a folder, and a run that is rewarded by it."""

import asyncio
import shutil
from dataclasses import replace
from math import log
from random import Random

import pytest
import torch
from small import small
from torch.testing import assert_close

from whet.data.problems import Problems
from whet.data.procedural.brackets import Brackets
from whet.data.procedural.chain import Chain as Chains
from whet.data.spoiled import spoiled
from whet.data.teachers import FullSolutions
from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy import algorithms
from whet.policy.backwards import after, last, shifted
from whet.protocols import Reward
from whet.rewards.dense.cutting import Separated
from whet.rewards.dense.process_model import ProcessModel
from whet.rewards.dense.shepherd import Shepherd
from whet.rewards.dense.weighing import Each
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.loop import TrainStep
from whet.training.run import Warmup
from whet.training.stepmodel import (
    Checked,
    LabelledChain,
    Shepherded,
    StepModelConfig,
    TrainedSteps,
    train_step_model,
)
from whet.training.stepmodel.train import CrossEntropy, judged, ranked
from whet.training.trainer import RunEnded, fit
from whet.types import Decoding, Task, UsageError, Verdict
from whet.types.optimizers import AdamW, ConstantDecay

MARKED = Separated(mark=";")
ENGINE = Embedded(device="cpu", threads=1, slots=64, budget=6000)
MODEL = FromScratch(shape="neox-tiny", tokenizer=CharacterTokenizer(alphabet=Chains.alphabet))


@pytest.fixture(scope="module")
def opened():
    return asyncio.run(ENGINE.open(MODEL, 0))


@pytest.fixture(scope="module")
def player(opened):
    return opened[0]


def imitated(player, prompt, reply):
    return player.renderer.demonstration(Task(id=prompt, prompt=prompt), reply)


def drawn(labels, player, number=0, count=8):
    return asyncio.run(labels.chains(player, number, count))


def scores(steps, rollouts):
    return asyncio.run(steps.scores(rollouts))


def trained(training, folder):
    async def follow():
        return [lesson async for lesson in train_step_model(training, folder)]

    return asyncio.run(follow())


def test_one_thing_is_spoiled_and_nothing_else():
    for seed in range(50):
        bad = spoiled("8;16;9;#9", Random(seed)) or ""
        assert sum(a != b for a, b in zip("8;16;9;#9", bad, strict=True)) == 1
        assert bad.count(";") == 3 and "#" in bad
    assert spoiled("no digits", Random(0)) is None
    assert {spoiled("+", Random(seed)) for seed in range(50)} == {"-", "*", "/"}


def test_labels_of_a_checker_stand_at_the_steps_last_tokens(player):
    checked = Checked(family=Chains(), levels=(2, 3))
    chain = checked.labelled(imitated(player, "3+5*2-7=", "8;17;10;#10"))
    # tokens: 8 ; 1 7 ; 1 0 ; # 1 0 <end>; 17 is wrong, 10 follows from it, so does the answer
    assert chain.ends == (1, 4, 7, 11)
    assert chain.labels == (1, 0, 1, 1)


def test_labels_are_the_same_whenever_they_are_asked_for(player):
    checked = Checked(family=Chains(), levels=(2, 4))
    assert drawn(checked, player, 3) == drawn(checked, player, 3) != drawn(checked, player, 4)
    clean = drawn(replace(checked, spoil=0.0), player, count=20)
    assert all(set(chain.labels) == {1.0} for chain in clean)
    dirty = drawn(replace(checked, spoil=1.0), player, count=20)
    assert all(0.0 in chain.labels for chain in dirty)


def test_labels_by_play_are_what_continuations_earn(player):
    class Marks(Reward):
        """Right where the reply begins with a digit."""

        def score(self, rollout):
            return Verdict.binary(correct=rollout.reply[:1].isdigit())

    shepherd = Shepherd(count=3, cuts=MARKED, decoding=Decoding(max_new_tokens=8), inner=Marks())
    labels = Shepherded(
        corpus=Problems(family=Chains(), levels=(2, 2)),
        shepherd=replace(shepherd, weight=0.5),
        decoding=Decoding(max_new_tokens=8),
    )
    chains = drawn(labels, player, count=12)
    assert len(chains) == 12 and drawn(labels, player, count=12) == chains
    for chain in chains:
        assert chain.ends[-1] == chain.rollout.length - 1
        right = float(chain.rollout.reply[:1].isdigit())
        assert chain.labels[-1] == right
        # who plays on keeps the beginning, so all continuations are as right as the chain
        assert set(chain.labels) == {right}
    assert any(len(chain.ends) > 1 for chain in chains)
    assert {chain.labels[0] for chain in chains} == {0.0, 1.0}


def test_values_after_a_token_are_those_before_the_next(opened, tmp_path):
    player, learner = opened
    learner.reset_optimizer(AdamW())
    asyncio.run(learner.save(tmp_path))
    model = asyncio.run(ENGINE.critic(tmp_path))
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    rollouts = [imitated(player, "3+5=", "8;#8"), imitated(player, "3+5-1=", "8;7;#7")]
    lengths = [r.length for r in rollouts]
    values = asyncio.run(model.values(rollouts)), asyncio.run(after(model, rollouts))
    before, behind = (x.split(lengths) for x in values)
    for early, late in zip(before, behind, strict=True):
        assert_close(early[1:], late[:-1], rtol=1e-4, atol=1e-5)
    assert_close(asyncio.run(last(model, rollouts)), torch.stack([late[-1] for late in behind]))
    assert shifted(rollouts[0]).length == rollouts[0].length


def test_cross_entropy_by_hand(player):
    rollout = imitated(player, "3+5=", "8;#8")
    chains = [LabelledChain(rollout=rollout, ends=(1, 4), labels=(1.0, 0.0))] * 2
    fit = CrossEntropy.of(chains)
    value = torch.tensor([9.0, log(3), 9.0, 9.0, log(3)] * 2)
    whole = fit(value, slice(0, 10)).item()  # p = .75 at all four ends
    assert whole == pytest.approx(-(log(0.75) + log(0.25)) / 2, rel=1e-6)
    halves = fit(value[:3], slice(0, 3)) + fit(value[3:], slice(3, 10))
    assert halves.item() == pytest.approx(whole, rel=1e-6)


def test_ranks_by_hand():
    assert ranked([(0.9, 1.0), (0.4, 1.0), (0.4, 0.0), (0.1, 0.0)]) == 0.875


def test_what_does_not_fit_is_refused(player, tmp_path):
    checked = Checked(family=Chains(), levels=(2, 2))
    with pytest.raises(UsageError, match=r"checked\.spoil is 2"):
        replace(checked, spoil=2)
    with pytest.raises(UsageError, match=r"step_model\.batch is 0"):
        StepModelConfig(model=MODEL, engine=ENGINE, labels=checked, batch=0)
    with pytest.raises(UsageError, match=r"steps\.path .* is not a folder; train a step model"):
        TrainedSteps(path=str(tmp_path / "nowhere"), engine=ENGINE)
    with pytest.raises(ValueError, match="2 steps, 1 labels"):
        LabelledChain(rollout=imitated(player, "1+1=", "2;#2"), ends=(0, 1), labels=(1.0,))


BRISK = AdamW(lr=3e-3, betas=(0.9, 0.98), decay=ConstantDecay(warmup=30))
DEPTHS = Checked(family=Brackets(), levels=(8, 8))
READER = FromScratch(shape="neox-tiny", tokenizer=CharacterTokenizer(alphabet=Brackets.alphabet))


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    """What a few steps of training told, and the folder that they left."""
    folder = tmp_path_factory.mktemp("steps")
    training = StepModelConfig(model=READER, engine=ENGINE, labels=DEPTHS, steps=5, optimizer=BRISK)
    return trained(training, folder), folder


@pytest.mark.full
def test_it_tells_right_steps_from_wrong_ones_of_tasks_that_it_has_not_seen(tmp_path):
    folder = tmp_path
    training = StepModelConfig(
        model=READER, engine=ENGINE, labels=DEPTHS, steps=110, optimizer=BRISK
    )
    told = trained(training, folder)
    assert [lesson.number for lesson in told] == list(range(110))
    assert told[0].loss == pytest.approx(log(2)) and told[0].labelled >= 9 * 32
    player, _ = asyncio.run(ENGINE.open(READER, 0))
    held = drawn(replace(DEPTHS, split="test"), player, count=120)
    model = asyncio.run(ENGINE.critic(folder))
    asyncio.run(model.load(folder))
    pairs = asyncio.run(judged(model, held))
    assert ranked(pairs) > 0.7  # chance is 0.5
    said = scores(TrainedSteps(path=str(folder), engine=ENGINE), [c.rollout for c in held])
    at_ends = [row[end] for row, c in zip(said, held, strict=True) for end in c.ends]
    assert at_ends == pytest.approx([p for p, _ in pairs], rel=1e-4, abs=1e-5)


@pytest.mark.full
def test_a_run_is_rewarded_by_it(lessons, tmp_path):
    _, folder = lessons
    model = ProcessModel(
        model=TrainedSteps(path=str(folder), engine=ENGINE), cuts=MARKED, form=Each()
    )
    run = small(
        model=READER,
        corpus=Problems(family=Brackets(), levels=(8, 8)),
        reward=model,
        sampling=Standard(
            prompts=Uniform(per_step=4),
            size=Fixed(rollouts=4),
            decoding=Decoding(max_new_tokens=12),
        ),
        objective=algorithms.load("stepwise"),
        warmup=(
            Warmup(
                teacher=FullSolutions(family=Brackets(), levels=(8, 8)), steps=5, optimizer=BRISK
            ),
        ),
        steps=2,
    )

    async def follow():
        return [event async for event in fit(run, tmp_path)]

    events = asyncio.run(follow())
    assert isinstance(events[-1], RunEnded) and events[-1].complete
    [first, *_] = [event for event in events if isinstance(event, TrainStep)]
    verdicts = [r.verdict for group in first.taken.played for r in group]
    assert any(verdict.credit for verdict in verdicts)
    assert all(0 <= verdict.parts["least_step"] <= 1 for verdict in verdicts)
    assert first.batch.tokens.advantage.any()


def test_labels_by_play_teach_too(tmp_path):
    labels = Shepherded(
        corpus=Problems(family=Brackets(), levels=(8, 8)),
        shepherd=Shepherd(count=2, cuts=MARKED, decoding=Decoding(max_new_tokens=6)),
        decoding=Decoding(max_new_tokens=6),
    )
    training = StepModelConfig(model=READER, engine=ENGINE, labels=labels, steps=3, batch=4)
    told = trained(training, tmp_path)
    assert all(lesson.labelled >= 4 for lesson in told)
    assert told[0].loss == pytest.approx(log(2)) and told[-1].loss < told[0].loss
    assert scores(TrainedSteps(path=str(tmp_path), engine=ENGINE), []) == []


def test_a_folder_that_is_trained_anew_is_read_anew(lessons, tmp_path):
    _, folder = lessons
    player, _ = asyncio.run(ENGINE.open(READER, 0))
    copied = tmp_path / "steps"
    shutil.copytree(folder, copied)
    steps = TrainedSteps(path=str(copied), engine=ENGINE)
    rollout = player.renderer.demonstration(Task(id="t", prompt="[[]"), "1;2;1;#]")
    before = scores(steps, [rollout])
    fresh = asyncio.run(ENGINE.critic(copied))
    fresh.reset_optimizer(BRISK)
    asyncio.run(fresh.save(copied))
    assert scores(steps, [rollout]) == [[0.5] * rollout.length] != before
