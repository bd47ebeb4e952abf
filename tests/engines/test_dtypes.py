"""The dtype of a model goes with it: to references, critics, checkpoints and evaluations."""

import asyncio
import re
from pathlib import Path

import pytest
import torch
from opened import ENDS, digest, logp, played
from small import followed, small

from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.masters import InPlace
from whet.engines.models import Folder, FromScratch, at_checkpoint
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig
from whet.front.measuring import Subject, measured, subject_of
from whet.policy import algorithms
from whet.training import card
from whet.training.run import PeriodicEval
from whet.types import Decoding, IntegrityError, UsageError
from whet.types.optimizers import AdamW

DTYPES = ["float32", "bfloat16"]  # that can be trained
VARIED = Decoding(max_new_tokens=6, stop=ENDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Float32 weights that bfloat16 and float16 round."""
    path = tmp_path_factory.mktemp("model")
    alphabet = CharacterTokenizer(alphabet="0123456789=+abcdefghij|so rt")
    model, tokenizer = FromScratch(shape="llama-tiny", tokenizer=alphabet).load("cpu")
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def opened_in(folder, dtype, lora=None):
    engine = Embedded(device="cpu", slots=8, lora=lora)
    return engine, *asyncio.run(engine.open(Folder(path=str(folder), dtype=dtype), 0))


@pytest.mark.parametrize("lora", [None, LoRA(rank=2)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_before_any_step_policy_and_reference_are_one(dtype, lora, folder, tmp_path):
    _, player, learner = opened_in(folder, dtype, lora)
    learner.reset_optimizer(AdamW())
    asyncio.run(learner.save(tmp_path))
    asyncio.run(learner.set_reference(tmp_path))
    rollouts = [r for group in played(player, VARIED) for r in group]
    assert torch.equal(logp(learner, rollouts, "reference"), logp(learner, rollouts))


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_a_checkpoint_starts_has_its_dtype(dtype, folder, tmp_path):
    engine, _, learner = opened_in(folder, dtype)
    learner.reset_optimizer(AdamW())
    asyncio.run(learner.save(tmp_path))
    critic, further = (asyncio.run(f(tmp_path)) for f in (engine.critic, engine.load_learner))
    due = digest(learner)
    assert digest(further) == due
    for model in (critic.backbone.model, further.backbone.model):
        assert {p.dtype for p in model.parameters()} == {getattr(torch, dtype)}
    assert Folder.as_saved(tmp_path) == Folder(path=str(tmp_path), dtype=dtype)
    assert Folder.as_saved(tmp_path).load("cpu")[0].config.dtype == getattr(torch, dtype)


def test_float16_is_never_trained_in_place(folder, tmp_path):
    """Its smallest number is 2⁻²⁴: (1e-5)² is 0, and AdamW would divide 0 by 0."""
    assert torch.tensor(1e-5, dtype=torch.float16) ** 2 == 0
    source = Folder(path=str(folder), dtype="float16")
    engine = Embedded(device="cpu", masters=InPlace())
    player = asyncio.run(engine.player(source, 0))
    model = player.generator.backbone.model
    assert {p.dtype for p in model.parameters()} == {torch.float16}
    model.save_pretrained(tmp_path)
    player.renderer.tokenizer.save_pretrained(tmp_path)
    assert Folder.as_saved(tmp_path).dtype == "float16"
    _, learner = asyncio.run(engine.open(source, 0))
    critic = asyncio.run(engine.critic(tmp_path))
    for start in (learner.reset_optimizer, critic.reset_optimizer):
        with pytest.raises(UsageError, match=r"model\.dtype is float16.*engine\.masters"):
            start(AdamW())
    with pytest.raises(UsageError, match=r"model\.dtype is float16"):
        asyncio.run(engine.notes(source))
    asyncio.run(Embedded(device="cpu").notes(source))


def test_a_checkpoint_of_another_dtype_is_not_resumed(folder, tmp_path):
    _, _, half = opened_in(folder, "bfloat16")
    half.reset_optimizer(AdamW())
    asyncio.run(half.save(tmp_path))
    _, _, full = opened_in(folder, "float32")
    full.reset_optimizer(AdamW())
    with pytest.raises(IntegrityError, match=r"lm_head\.weight' is torch\.bfloat16.*float32"):
        asyncio.run(full.load(tmp_path))


@pytest.mark.full
@pytest.mark.parametrize("lora", [None, LoRA(rank=2)])
def test_a_run_in_half_precision_is_evaluated_and_resumed_as_it_is(lora, folder, tmp_path):
    run = small(
        model=Folder(path=str(folder), dtype="bfloat16"),
        engine=Embedded(device="cpu", threads=1, slots=16, lora=lora),
        objective=algorithms.load("grpo"),
        warmup=(),
        periodic=PeriodicEval(),
        steps=2,
    )
    end = followed(run, tmp_path / "whole")[-1]
    followed(run, tmp_path / "killed", stop_after=1)
    assert followed(run, tmp_path / "killed")[-1] == end
    card.write(tmp_path / "whole", card.card(run))
    for subject in (
        Subject.of_run(tmp_path / "whole"),
        subject_of(tmp_path / "whole" / "checkpoints" / "step-000002")
        .on(run.corpus)
        .judged_by(run.reward),
    ):
        found = measured(subject, EvalConfig(samples=1, k=(1,)), 2, "")
        assert found.digest == end.digest


@pytest.mark.parametrize(
    ("stored", "asked", "told"),
    [
        ("float32", "float32", ""),
        (
            "bfloat16",
            "float32",
            "as bfloat16 and loaded as float32, which keeps every value",
        ),
        ("float16", "float32", "stored as float16 and loaded as float32, which keeps every value"),
        ("float32", "bfloat16", "which rounds lm_head.weight.*--model.dtype float32 keeps"),
        ("float16", "bfloat16", "which rounds lm_head.weight.*--model.dtype float32 keeps"),
        ("bfloat16", "float16", "which rounds lm_head.weight.*--model.dtype float32 keeps"),
        ("float64", "float32", "which rounds lm_head.weight, .* more$"),
    ],
)
def test_a_plan_says_what_the_dtype_of_the_files_becomes(stored, asked, told, folder, tmp_path):
    model, tokenizer = Folder(path=str(folder)).load("cpu")
    model.to(getattr(torch, stored)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    source = Folder(path=str(tmp_path), dtype=asked)
    if asked == "float16":  # is for evaluation only
        notes = [source.rounding()]
    else:
        notes = asyncio.run(Embedded(device="cpu").notes(source))
    assert len(notes) == bool(told)
    if told:
        assert re.search(told, notes[0])


def test_the_settings_of_the_model_go_to_its_checkpoints(folder):
    held = Folder(path="policy", dtype="bfloat16")
    assert at_checkpoint(held, Path("run/step")) == Folder(path="run/step", dtype="bfloat16")
    assert at_checkpoint(FromScratch(), folder) == Folder(path=str(folder))
