"""Where a policy comes from: a local Hugging Face folder, or a small config from scratch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from whet.engines.tokenizers import CharacterTokenizer, TokenizerSpec
from whet.registry import nearest
from whet.types import Size, UsageError

Loaded = tuple[PreTrainedModel, PreTrainedTokenizerBase]

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")


@runtime_checkable
class ModelSource(Protocol):
    """A model that can be loaded."""

    def load(self, device: torch.device | str, seed: int = 0) -> Loaded:
        """Weights on a device, and their tokenizer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A local folder as `save_pretrained` writes it: config, weights and tokenizer."""

    path: str
    dtype: str = "float32"

    def size(self) -> Size:
        """Of the model that the config describes."""
        return _size(AutoConfig.from_pretrained(self._checked()), _DTYPES[self.dtype])

    def load(self, device: torch.device | str, seed: int = 0) -> Loaded:
        """What the folder holds.  Raises `UsageError` where a part of it is missing."""
        del seed
        folder = self._checked()
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=_DTYPES[self.dtype]
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return model.to(device), tokenizer

    def _checked(self) -> Path:
        folder = Path(self.path)
        if self.dtype not in _DTYPES:
            raise UsageError(
                f"model.dtype {self.dtype!r} is unknown; {nearest(self.dtype, _DTYPES)}"
            )
        if not (folder / "config.json").is_file():
            raise UsageError(
                f"model.path {self.path!r} has no config.json; give a folder of save_pretrained"
            )
        if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
            raise UsageError(
                f"model.path {self.path!r} has no tokenizer; save one there with save_pretrained"
            )
        if not [*folder.glob("*.safetensors"), *folder.glob("*.bin")]:
            raise UsageError(
                f"model.path {self.path!r} has no weights; save them with model.save_pretrained"
            )
        return folder


_SMALL = {"hidden_size": 96, "intermediate_size": 384, "num_hidden_layers": 2}
_MODERN = {"num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 16}

SHAPES: Mapping[str, Mapping[str, Any]] = {
    # the quickstart's: rotation of half of each head leaves the other half to match by content
    "neox-tiny": {
        "model_type": "gpt_neox",
        **_SMALL,
        "num_attention_heads": 6,
        "hidden_act": "relu",
        "use_parallel_residual": False,
        "attention_bias": False,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1000.0,
            "partial_rotary_factor": 0.5,
        },
    },
    "llama-tiny": {"model_type": "llama", **_SMALL, **_MODERN},
    "qwen3-tiny": {"model_type": "qwen3", **_SMALL, **_MODERN},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FromScratch:
    """A small model from scratch, with its own tokenizer.

    Standard deviations: embeddings 0.7, linear layers 1/√fan_in, those that write into the
    residual stream 1/√(fan_in · 2 layers), output head 0.02.  With the customary 0.02 for
    embeddings a model of this size does not learn in minutes.
    """

    shape: str = "neox-tiny"
    tokenizer: TokenizerSpec = CharacterTokenizer()
    positions: int = 512

    def load(self, device: torch.device | str, seed: int = 0) -> Loaded:
        """FromScratch weights, the same for a seed on every machine."""
        tokenizer = self.tokenizer.build()
        model: Any = AutoModelForCausalLM.from_config(self._config(tokenizer))
        _initialise(model, seed)
        return model.to(device), tokenizer

    def size(self) -> Size:
        """Of the model that would be made."""
        return _size(self._config(self.tokenizer.build()), torch.float32)

    def _config(self, tokenizer: PreTrainedTokenizerBase) -> PreTrainedConfig:
        if self.shape not in SHAPES:
            raise UsageError(
                f"model.shape {self.shape!r} is unknown; {nearest(self.shape, SHAPES)}"
            )
        settings = dict(SHAPES[self.shape])
        return AutoConfig.for_model(
            settings.pop("model_type"),
            **settings,
            vocab_size=len(tokenizer),
            max_position_embeddings=self.positions,
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )


def _size(config: PreTrainedConfig, dtype: torch.dtype) -> Size:
    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(config)
    text: Any = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return Size(
        parameters=sum(p.numel() for p in model.parameters()),
        weight_bytes=dtype.itemsize,
        cache_bytes=2 * text.num_hidden_layers * heads * width * dtype.itemsize,
        positions=text.max_position_embeddings,
    )


_WRITES = ("o_proj", "down_proj", "dense", "dense_4h_to_h")


@torch.no_grad()
def _initialise(model: PreTrainedModel, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    layers = model.config.get_text_config().num_hidden_layers
    head = model.get_output_embeddings()
    for name, module in model.named_modules():
        if not isinstance(module, torch.nn.Linear | torch.nn.Embedding):
            continue
        scale = module.weight.shape[1] ** -0.5
        if isinstance(module, torch.nn.Embedding):
            scale = 0.7
        elif module is head:
            scale = 0.02
        elif name.rpartition(".")[2] in _WRITES:
            scale *= (2 * layers) ** -0.5
        module.weight.copy_(scale * torch.randn(module.weight.shape, generator=rng))
