"""Settings that all layers of a model share, and the shape of its keys."""

from typing import Any

from transformers import PreTrainedConfig

from whet.types import UsageError

_ATTENTION = ("num_hidden_layers", "num_attention_heads", "hidden_size", "max_position_embeddings")


def shared(config: PreTrainedConfig, name: str, default: Any = None) -> Any:
    """A setting of a text config.  Raises `UsageError` if its layers have different values."""
    try:
        return getattr(config, name, default)
    except RuntimeError as error:  # of transformers, for a setting of single layers
        raise UsageError(
            f"model of type {config.model_type!r} has layers with different {name}, which the "
            "embedded engine does not compute; use another architecture, such as Llama or Qwen"
        ) from error


def lacking(config: PreTrainedConfig) -> list[str]:
    """The settings of attention over a limited number of positions that a model has not.

    A setting that differs between layers counts as one of them.
    """
    return [name for name in _ATTENTION if not _alike(config, name)]


def _alike(config: PreTrainedConfig, name: str) -> bool:
    try:
        return (getattr(config, name, None) or 0) > 0
    except RuntimeError:  # of transformers, for a setting of single layers
        return False


def key_shape(config: PreTrainedConfig) -> tuple[int, int]:
    """Number of heads that keys have in every layer, and the width of a head."""
    queries = shared(config, "num_attention_heads")
    heads = shared(config, "num_key_value_heads") or queries
    return heads, shared(config, "head_dim") or shared(config, "hidden_size") // queries
