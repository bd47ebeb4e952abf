"""Sources of a policy: a local Hugging Face folder, or a small config from scratch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from whet.engines import loading
from whet.engines.folders import checked, listed
from whet.engines.key_shapes import key_shape, lacking
from whet.engines.positions import positions_of
from whet.engines.tensors import FLOATS, dtype_of
from whet.engines.tokenizers import CharacterTokenizer, TokenizerSpec
from whet.registry import nearest
from whet.rollouts.chat_settings import PLAIN, ChatSettings
from whet.types import Size, UsageError

Loaded = tuple[PreTrainedModel, PreTrainedTokenizerBase]

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_WITHIN = {  # dtypes with no value that the wider one lacks
    "float32": {"bfloat16", "float16"},
    "bfloat16": set[str](),
    "float16": set[str](),
}


@runtime_checkable
class ModelSource(Protocol):
    """The source of a policy, which loads its weights and its tokenizer."""

    def load(self, device: torch.device | str, seed: int = 0) -> Loaded:
        """Load the weights onto a device, and the tokenizer."""
        ...

    def load_tokenizer(self) -> tuple[PreTrainedTokenizerBase, GenerationConfig]:
        """The tokenizer and the ids that end a reply, without the weights."""
        ...


@runtime_checkable
class InspectableModel(ModelSource, Protocol):
    """A source that tells about its weights before they are loaded."""

    def without_weights(self) -> PreTrainedModel:
        """The model without the values of its weights, on the device `meta`."""
        ...

    def rounding(self) -> str:
        """A note on weights that are stored in another dtype; empty for none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A local folder as `save_pretrained` writes it: config, weights and tokenizer.

    It is the only source of weights from files.  Every one of its methods refuses a folder with
    tensors that are missing, unexpected, of another shape, or no floating-point numbers; `load`
    refuses NaN and infinity, too.
    """

    path: str
    dtype: str = "float32"  # of the weights in memory
    today: str = ""  # ISO date that the chat template prints; empty: the day when the run begins
    chat: ChatSettings = PLAIN  # settings of the chat template, where it does not tell all

    @classmethod
    def as_saved(cls, path: Path) -> "Folder":
        """A folder in the dtype of its files, such as a checkpoint of a run."""
        dtype = dtype_of(loading.stored_in(checked(str(path))))
        return cls(path=str(path), dtype=dtype if dtype in _DTYPES else "float32")

    @property
    def torch_dtype(self) -> torch.dtype:
        """The dtype of the weights in memory.  Raises `UsageError` for an unknown name."""
        if self.dtype not in _DTYPES:
            raise UsageError(
                f"model.dtype {self.dtype!r} is unknown; {nearest(self.dtype, _DTYPES)}"
            )
        return _DTYPES[self.dtype]

    def size(self) -> Size:
        """The size of the model in the config, after a check that its weights fit."""
        return _size(self.without_weights(), self.torch_dtype)

    def without_weights(self) -> PreTrainedModel:
        """The model without the values of its weights, after a check that they fit."""
        folder = self._checked()
        loading.config_of(folder)
        return loading.shape_of(folder)

    def load(self, device: torch.device | str, seed: int = 0) -> Loaded:
        """Load the model of the folder.  Raises `UsageError` for missing or broken parts."""
        del seed
        folder = self._checked()
        config = loading.config_of(folder)
        tokenizer = loading.tokenizer_of(folder, config)
        loading.generation_of(folder, config)
        model: Any = loading.weights_of(folder, self.torch_dtype)
        return model.to(device), tokenizer

    def load_tokenizer(self) -> tuple[PreTrainedTokenizerBase, GenerationConfig]:
        """The tokenizer and the end ids of the folder."""
        folder = self._checked()
        config = loading.config_of(folder)
        return loading.tokenizer_of(folder, config), loading.generation_of(folder, config)

    def rounding(self) -> str:
        """The dtype of the files, if it is another one, and whether values are kept."""
        held = loading.stored_in(self._checked())
        weights = {name: t.dtype for name, t in held.items() if t.dtype in FLOATS}
        other = {name: dtype for name, dtype in weights.items() if dtype != self.dtype}
        if not other:
            return ""
        told = (
            f"{len(other)} of {len(weights)} tensors are stored as "
            f"{' and '.join(sorted(set(other.values())))} and loaded as {self.dtype}"
        )
        rounded = [name for name, dtype in other.items() if dtype not in _WITHIN[self.dtype]]
        if not rounded:
            return f"{told}, which keeps every value"
        keeps = self.dtype != "float32" and "float64" not in other.values()
        return f"{told}, which rounds {listed(rounded)}" + (
            "; --model.dtype float32 keeps every value" if keeps else ""
        )

    def _checked(self) -> Path:
        _ = self.torch_dtype
        return checked(self.path)


def at_checkpoint(model: Any, folder: Path) -> Folder:
    """A checkpoint of a run that trains `model`, with the settings of that model."""
    if isinstance(model, Folder):
        return replace(model, path=str(folder))
    return Folder.as_saved(folder)


def dtype_name(model: PreTrainedModel) -> str:
    """The dtype of a model in memory, as `Folder.dtype` spells it."""
    return str(model.dtype).removeprefix("torch.")


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
        """The size of the model that `load` makes."""
        return _size(self.without_weights(), torch.float32)

    def without_weights(self) -> PreTrainedModel:
        """The model that `load` makes, without the values of its weights."""
        with torch.device("meta"):
            model: Any = AutoModelForCausalLM.from_config(self._config(self.tokenizer.build()))
        return model

    def rounding(self) -> str:
        """Nothing is stored, so nothing is rounded."""
        return ""

    def load_tokenizer(self) -> tuple[PreTrainedTokenizerBase, GenerationConfig]:
        """The tokenizer of the model that `load` makes."""
        tokenizer = self.tokenizer.build()
        return tokenizer, GenerationConfig.from_model_config(self._config(tokenizer))

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


def _size(model: PreTrainedModel, dtype: torch.dtype) -> Size:
    """The size of a model; a model without keys or positions that are alike has 0 of them."""
    text: Any = model.config.get_text_config()
    cache = 0
    if not lacking(text):
        heads, width = key_shape(text)
        cache = 2 * text.num_hidden_layers * heads * width * dtype.itemsize
    return Size(
        parameters=sum(p.numel() for p in model.parameters()),
        weight_bytes=dtype.itemsize,
        cache_bytes=cache,
        positions=positions_of(model.config).usable if cache else 0,
        vocabulary=text.vocab_size,
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
