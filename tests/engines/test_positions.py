"""Positions that can be used: log-probs of a rollout never depend on the rollouts beside it."""

import asyncio
from typing import Any

import pytest
import torch
from torch.testing import assert_close
from transformers import AutoConfig, AutoModelForCausalLM

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.engines.positions import positions_of
from whet.engines.random_models import RandomModel
from whet.engines.tokenizers import CharacterTokenizer
from whet.testing.architectures import settings_of
from whet.types import ContextFull, Task, UsageError

TOKENIZER = CharacterTokenizer(alphabet="0123456789+=").build()
SIZES = {
    "vocab_size": len(TOKENIZER),
    "hidden_size": 32,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": None,
}
ORIGINAL = {"rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 16}
LONG = {"rope_type": "longrope", "short_factor": [1.0] * 8, "long_factor": [4.0] * 8} | ORIGINAL
BANDS = {"rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0} | ORIGINAL
# by hand from the configs: the positions at which the model computes one causal attention
CONFIGS: dict[str, tuple[str, dict[str, Any], int]] = {
    "plain": ("llama", {}, 64),
    "longrope": ("phi3", {"rope_parameters": LONG, "original_max_position_embeddings": 16}, 16),
    "yarn": ("llama", {"rope_parameters": {"rope_type": "yarn"} | ORIGINAL}, 64),
    "dynamic": ("llama", {"rope_parameters": {"rope_type": "dynamic"} | ORIGINAL}, 64),
    "llama3": ("llama", {"rope_parameters": BANDS}, 64),
    "window": ("mistral", {"sliding_window": 10}, 10),
    "no window": ("mistral", {"sliding_window": None}, 64),
    "wide window": ("mistral", {"sliding_window": 4096}, 64),
    "window of some layers": ("gemma3_text", {"sliding_window": 12, "num_hidden_layers": 6}, 12),
    "window of no layer": ("qwen2", {"sliding_window": 8, "use_sliding_window": False}, 64),
}


def saved(folder, kind, settings) -> Any:
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **(SIZES | settings))
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.3 * torch.randn(p.shape))
    model.save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    return model


@pytest.mark.parametrize("name", CONFIGS)
def test_a_rollout_is_scored_alike_alone_and_beside_a_long_one(name, tmp_path):
    kind, settings, due = CONFIGS[name]
    model = saved(tmp_path, kind, settings)
    source = Folder(path=str(tmp_path))
    assert source.size().positions == due
    player, learner = asyncio.run(Embedded(device="cpu").open(source, 0))
    # a demonstration has 4 tokens of prompt and an end token, which is never computed on
    short, long, beyond = (
        player.renderer.demonstration(Task(id="t", prompt="1+2=", answer="3"), text)
        for text in ("34", ("3456789" * 9)[: due - 5], ("3456789" * 9)[: due - 3])
    )
    alone, beside = (asyncio.run(learner.logp(rollouts)) for rollouts in ([short], [short, long]))
    assert_close(beside[: len(alone)], alone, atol=1e-5, rtol=1e-5)
    ids = torch.tensor(long.token_ids.tolist())[None]
    whole = model(ids).logits[0, 3:-1].log_softmax(-1).gather(1, ids[0, 4:, None])[:, 0]
    assert_close(beside[len(alone) :], whole, atol=1e-4, rtol=1e-4)
    with pytest.raises(
        ContextFull, match=f"of {due + 1} tokens is longer than the {due} positions"
    ):
        asyncio.run(learner.logp([short, beyond]))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_plan_says_which_positions_are_left(name, tmp_path):
    kind, settings, due = CONFIGS[name]
    saved(tmp_path, kind, settings)
    notes = asyncio.run(Embedded(device="cpu").notes(Folder(path=str(tmp_path))))
    assert len(notes) == (due < 64)
    assert all(f"{due} of the model's 64 positions" in note for note in notes)


def test_rotations_of_single_kinds_of_layers_count():
    config = AutoConfig.for_model("llama", **SIZES)
    config.rope_parameters = {"full_attention": LONG, "sliding_attention": {"rope_type": "default"}}
    assert positions_of(config).usable == 16


def test_layers_with_different_heads_are_refused_by_the_setting(tmp_path):
    heads = {"head_dim": 4, "global_head_dim": 8, "num_key_value_heads": 1}
    saved(tmp_path, "gemma4_text", heads | {"vocab_size_per_layer_input": len(TOKENIZER)})
    with pytest.raises(UsageError, match="'gemma4_text' has layers with different head_dim"):
        Folder(path=str(tmp_path)).size()


@pytest.mark.parametrize(
    ("kind", "noted"), [("mamba", "a recurrence"), ("deepseek_v3", "MLA"), ("llama", "")]
)
def test_a_plan_says_what_the_engine_is_likely_to_refuse(kind, noted, tmp_path):
    model_type, settings = settings_of(kind)
    source = RandomModel(model_type=model_type, settings=settings).save(tmp_path)
    told = [note for note in asyncio.run(Embedded().notes(source)) if "likely to refuse" in note]
    assert len(told) == bool(noted)
    assert all(noted in note and "--engine plain" in note for note in told)
