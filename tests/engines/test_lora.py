"""LoRA of any architecture: what is trained is said, chosen, and delivered."""

import warnings
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch.testing import assert_close
from transformers import AutoConfig, AutoModelForCausalLM

from whet.engines.embedded.adapters import LoRA, adapters, bare, export, merged, silenced
from whet.types import UsageError

SIZES = {
    "vocab_size": 20,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "max_position_embeddings": 32,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "tie_word_embeddings": False,
}
EXPERTS = {
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 8,
    "shared_expert_intermediate_size": 8,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
}
LATENT = {
    "num_key_value_heads": 4,
    "q_lora_rank": 8,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 4,
    "qk_rope_head_dim": 4,
    "v_head_dim": 4,
    "n_group": 1,
    "topk_group": 1,
}
GPT2 = {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32, "tie_word_embeddings": True}
MIXTURES = (
    "mixtral",
    "olmoe",
    "qwen2_moe",
    "qwen3_moe",
    "glm4_moe",
    "gpt_oss",
    "granitemoe",
    "phimoe",
    "deepseek_v3",
)
IDS = torch.arange(2, 10)[None]


def model_of(architecture) -> Any:
    sizes = SIZES | EXPERTS
    if architecture == "gpt2":
        sizes = {"vocab_size": 20, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1} | GPT2
    if architecture == "falcon":
        sizes = {k: v for k, v in SIZES.items() if k not in ("head_dim", "num_key_value_heads")}
    if architecture == "deepseek_v3":
        sizes = {k: v for k, v in sizes.items() if k != "head_dim"} | LATENT
    torch.manual_seed(0)
    model: Any = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **sizes))
    return model.eval()


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "falcon", *MIXTURES])
def test_adapters_reach_experts_and_merge_into_the_same_model(architecture):
    plain = model_of(architecture)
    adapted, base = deepcopy(plain), plain(IDS).logits.detach()
    LoRA(rank=2).inject(adapted, 0)
    assert torch.equal(adapted(IDS).logits, base), "B starts at 0"
    with torch.no_grad():
        for name, p in adapters(adapted).items():
            if "lora_B" in name:
                p.normal_(generator=torch.Generator().manual_seed(1))
    live = adapted(IDS).logits
    live.pow(2).sum().backward()
    assert all(p.grad is not None for p in adapted.parameters() if p.requires_grad)
    whole = deepcopy(plain)
    whole.load_state_dict(merged(adapted))  # strict: the same names
    assert (live - base).abs().max() > 1e-3
    assert_close(whole(IDS).logits, live, atol=1e-4, rtol=1e-4)
    with silenced(adapted):
        assert torch.equal(adapted(IDS).logits, base)
    under = bare(adapted)
    assert all(torch.equal(under[name], t) for name, t in plain.state_dict().items())
    moved = {n for n, t in merged(adapted).items() if not torch.equal(t, plain.state_dict()[n])}
    expert = {n for n, p in plain.named_parameters() if p.ndim == 3}
    assert expert <= moved and bool(expert) == (architecture in MIXTURES)


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "mixtral", "qwen3_moe"])
def test_the_folder_of_adapters_is_read_by_peft_on_the_base(architecture, tmp_path):
    peft = pytest.importorskip("peft")
    plain = model_of(architecture)
    adapted = deepcopy(plain)
    LoRA(rank=2, alpha=3.0).inject(adapted, 0)
    with torch.no_grad():
        for number, p in enumerate(adapters(adapted).values()):
            p.normal_(generator=torch.Generator().manual_seed(number))
    export(adapted, tmp_path / "adapter")
    names = {path.name for path in (tmp_path / "adapter").iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors"} <= names
    with warnings.catch_warnings(action="error"):  # peft warns of keys that it does not find
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")  # of its own
        read = peft.PeftModel.from_pretrained(plain, str(tmp_path / "adapter"))
    assert_close(read(IDS).logits, adapted(IDS).logits, atol=1e-5, rtol=1e-5)
    assert not torch.equal(read(IDS).logits, model_of(architecture)(IDS).logits)


def test_a_model_without_adapters_has_no_folder_of_them(tmp_path):
    export(model_of("llama"), tmp_path / "adapter")
    assert not [*tmp_path.iterdir()]


def test_a_plan_says_what_is_trained_and_what_is_frozen_by_hand_count():
    [note] = LoRA(rank=2).notes(model_of("mixtral"))
    # a layer: q, o [16, 16], k, v [8, 16]; of 4 experts gate_up [48, 16] and down [16, 24]
    layer = 2 * (32 + 32 + 24 + 24) + 2 * 4 * (64 + 40)
    assert f"trains {2 * layer:,} weights" in note
    for frozen in ("embed_tokens (320 weights)", "lm_head (320 weights)", "gate (128 weights)"):
        assert frozen in note
    [note] = LoRA(rank=2, targets=("q_proj", "v_proj")).notes(model_of("mixtral"))
    assert f"trains {2 * 2 * (32 + 24):,} weights" in note
    assert f"gate_up_proj ({2 * 4 * 48 * 16:,} weights)" in note
    assert f"down_proj ({2 * 4 * 16 * 24:,} weights)" in note


@pytest.mark.parametrize(
    ("targets", "due"),
    [
        (("q_proj",), {"self_attn.q_proj.weight"}),
        (("self_attn.q_proj", "v_proj"), {"self_attn.q_proj.weight", "self_attn.v_proj.weight"}),
        (("down_proj",), {"mlp.experts.down_proj"}),
        (("experts.gate_up_proj",), {"mlp.experts.gate_up_proj"}),
        (("gate",), {"mlp.gate.weight"}),
    ],
)
def test_the_targets_are_those_that_are_trained_and_no_others(targets, due):
    model = model_of("mixtral")
    before = {name: t.clone() for name, t in model.state_dict().items()}
    lora = LoRA(rank=2, targets=targets)
    lora.inject(model, 0)
    with torch.no_grad():
        for p in adapters(model).values():
            p.fill_(0.1)
    moved = {n for n, t in merged(model).items() if not torch.equal(t, before[n])}
    assert moved == {f"model.layers.{i}.{name}" for i in (0, 1) for name in due}
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert f"trains {trained:,} weights" in lora.notes(model_of("mixtral"))[0]


def test_a_target_that_the_model_lacks_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"engine.lora.targets has 'q_prj'.*'q_proj'"):
        LoRA(targets=("q_prj",)).notes(model_of("llama"))
    with pytest.raises(UsageError, match=r"engine.lora.targets has 'embed_tokens'"):
        LoRA(targets=("embed_tokens",)).inject(model_of("llama"), 0)


def test_a_rank_above_that_of_a_matrix_is_noted():
    notes = LoRA(rank=12).notes(model_of("llama"))
    assert "engine.lora.rank is 12" in notes[1] and "k_proj [8, 16]" in notes[1]
