"""Load config, tokenizer and weights of a folder; an error becomes a one-line message."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)
from transformers.utils import logging

from whet.engines.folders import GENERATION, named
from whet.engines.tensors import Stored, stored
from whet.engines.weight_checks import (
    insist_on_dtypes,
    insist_on_finite,
    insist_on_index,
    insist_on_names,
    insist_on_ties,
    insist_on_values,
)
from whet.types import UsageError

_ENCODERS = frozenset(MODEL_FOR_MASKED_LM_MAPPING_NAMES)
_DECODERS = frozenset(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
_ALWAYS_THERE = ("eager", "sdpa")
_UNREADABLE = "weights can't be loaded", "save or download them again"
# errors that the libraries raised for broken files, which they check little
_RAISED = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    ImportError,
    RuntimeError,
    AssertionError,
    StrictDataclassError,
    SafetensorError,
    UnpicklingError,
)


def config_of(folder: Path) -> PreTrainedConfig:
    """The config of a causal language model with trainable weights."""
    broken = "config.json can't be used", "save or download it again"
    with _told(folder, *broken), _quiet():
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    kind = config.model_type
    quantised = getattr(config, "quantization_config", None)
    if quantised:
        raise UsageError(
            f"{named(folder)} is quantised, and such weights can't be trained; give the "
            "unquantised model"
        )
    if config.is_encoder_decoder or kind not in _DECODERS:
        raise UsageError(
            f"{named(folder)} is of type {kind!r}, which is no causal language model; give a "
            "decoder, such as Llama or Qwen"
        )
    if kind in _ENCODERS and not getattr(config, "is_decoder", False):
        raise UsageError(
            f"{named(folder)} is of type {kind!r}, an encoder, which can't continue text; give a "
            "decoder, such as Llama or Qwen"
        )
    return config


def generation_of(folder: Path, config: PreTrainedConfig) -> GenerationConfig:
    """The generation config of the model, which has the ids that end a reply."""
    broken = f"{GENERATION} can't be used", "delete it, or download it again"
    with _told(folder, *broken), _quiet():
        if (folder / GENERATION).is_file():
            found = GenerationConfig.from_pretrained(folder, local_files_only=True)
        else:
            found = GenerationConfig.from_model_config(config)
    _check_ends(folder, found.eos_token_id, _rows(config))
    return found


def _check_ends(folder: Path, given: Any, rows: int) -> None:
    """Raise `UsageError` for an end token that the model can't produce."""
    ids = given if isinstance(given, list | tuple) else [] if given is None else [given]
    odd = [end for end in ids if type(end) is not int or not 0 <= end < rows]
    if odd:
        place = GENERATION if (folder / GENERATION).is_file() else "config.json"
        raise UsageError(
            f"{named(folder)}: eos_token_id {odd[0]!r} in {place} is no token of a vocabulary of "
            f"{rows}, so it never ends a reply; give ids from 0 to {rows - 1}"
        )


def tokenizer_of(folder: Path, config: PreTrainedConfig) -> PreTrainedTokenizerBase:
    """The tokenizer; each of its ids must have a row in the embedding."""
    with _told(folder, "tokenizer can't be loaded", "save it again with save_pretrained"):
        tokenizer = _tokenizer(folder)
    largest, rows = max(tokenizer.get_vocab().values(), default=-1), _rows(config)
    if largest >= rows:
        raise UsageError(
            f"{named(folder)}: the tokenizer has ids up to {largest}, but the embedding has {rows} "
            "rows; run model.resize_token_embeddings(len(tokenizer)) and save both"
        )
    return tokenizer


def weights_of(folder: Path, dtype: torch.dtype) -> PreTrainedModel:
    """The model with exactly the weights of the folder, which are read after all checks."""
    held = stored_in(folder)
    _shape(folder, held)
    model = _loaded(folder, held, dtype=dtype)
    insist_on_finite(folder, model)
    insist_on_values(folder, model, held)
    return model


def shape_of(folder: Path) -> PreTrainedModel:
    """The model without its weights, after a check of their names, shapes and dtypes."""
    return _shape(folder, stored_in(folder))


def _shape(folder: Path, held: Stored) -> PreTrainedModel:
    model = _loaded(folder, held, device_map="meta")
    insist_on_index(folder, model, held)
    insist_on_dtypes(folder, model, held)
    insist_on_ties(folder, model, held)
    model.tie_weights()
    return model


def stored_in(folder: Path) -> Stored:
    """The tensors of the weight files, without their values."""
    with _told(folder, *_UNREADABLE):
        return stored(folder)


def _loaded(folder: Path, held: Stored, **how: Any) -> PreTrainedModel:
    with _told(folder, *_UNREADABLE), _quiet():
        pair: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused here, by name
            config=_with_attention(config_of(folder)),
            **how,
        )
    model, found = pair
    insist_on_names(folder, model, held, found)
    for flag in ("output_hidden_states", "output_attentions"):
        setattr(model.config, flag, False)
    model.config.return_dict = True
    return model


def _with_attention(config: PreTrainedConfig) -> PreTrainedConfig:
    """The config with an attention that is always installed; the engines compute it themselves."""
    if config._attn_implementation not in (None, *_ALWAYS_THERE):
        config._attn_implementation = _ALWAYS_THERE[0]
    return config


def _rows(config: PreTrainedConfig) -> int:
    text: Any = config.get_text_config()
    return text.vocab_size


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise ValueError(str(error)) from error  # the Rust library raises no other type


@contextmanager
def _told(folder: Path, what: str, remedy: str) -> Iterator[None]:
    """An exception of a library as a one-line `UsageError` with place and remedy."""
    try:
        yield
    except UsageError:
        raise
    except _RAISED as error:
        reason = " ".join(str(error).split())
        kind = type(error).__name__
        raise UsageError(f"{named(folder)}: {what} ({kind}: {reason[:200]}); {remedy}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the library's warnings about what raises `UsageError` here."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)
