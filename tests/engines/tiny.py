"""Tiny models of six architectures, far from uniform, with norms that are not all ones."""

from copy import deepcopy
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.engines.plain.generator import PlainGenerator

ARCHITECTURES = ("gpt_neox", "llama", "qwen3", "mistral", "smollm3", "olmo2")
VOCABULARY = 40
END = 1
_SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
    "bos_token_id": None,
    "eos_token_id": END,
}


def tiny(architecture: str, seed: int = 0, **sizes: int) -> Any:
    """Weights counted from the seed."""
    grouped = {} if architecture == "gpt_neox" else {"num_key_value_heads": 2}
    config = AutoConfig.for_model(architecture, **_SIZES | grouped | sizes)
    model: Any = AutoModelForCausalLM.from_config(config).eval()
    rng = torch.Generator().manual_seed(seed)
    loud = 0.2 if config.tie_word_embeddings else 0.7  # a tied embedding is the head, too
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=rng)
            if p.ndim == 1:
                p.copy_(0.3 * noise + float("norm" in name and name.endswith("weight")))
            else:
                p.copy_(noise * (loud if "embed" in name else p.shape[1] ** -0.5))
    return model


def decode(ids: Any) -> str:
    """A letter a token."""
    return "".join(chr(97 + token) for token in ids)


def embedded(model: Any, **sizes: int) -> EmbeddedGenerator:
    """Over a copy of the model."""
    return EmbeddedGenerator(Backbone(deepcopy(model)), decode, frozenset({END}), **sizes)


def plain(model: Any) -> PlainGenerator:
    """Over a copy of the model."""
    return PlainGenerator(deepcopy(model), decode, frozenset({END}))
