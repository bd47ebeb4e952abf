"""Number of positions that the embedded engine computes as the model does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedConfig

from whet.engines.key_shapes import shared
from whet.types import UsageError

_SLIDING = "sliding_attention"


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions of a model, and those of them that can be used."""

    declared: int  # max_position_embeddings
    usable: int
    why: str = ""  # the setting of the config that makes fewer of them usable

    def note(self) -> str:
        """What a plan says of positions that can't be used; empty if all can."""
        if self.usable == self.declared:
            return ""
        return f"{self.usable} of the model's {self.declared} positions can be used: {self.why}"


def positions_of(config: PreTrainedConfig) -> Positions:
    """The positions of a causal language model.

    A sliding window of W tokens is causal attention over the first W positions only.  `longrope`
    (arXiv:2402.13753) rotates every key of a forward pass by other angles once one text of it is
    longer than the original context, so log-probs of a rollout would depend on the rollouts beside
    it, and cached keys would be of another rotation than new ones.

    Raises `UsageError` for a model without a limit, such as one with biases by distance.
    """
    text: Any = config.get_text_config()
    declared: int = shared(text, "max_position_embeddings") or 0
    if declared <= 0:
        raise UsageError(
            f"model of type {text.model_type!r} has no limit of positions (max_position_embeddings "
            "in its config), and the embedded engine computes attention over a limited number of "
            "them; give --engine plain, which runs every architecture, slowly"
        )
    usable, why = min([(declared, ""), *_limits(text)])
    return Positions(declared, usable, why if usable < declared else "")


def _limits(text: Any) -> Iterator[tuple[int, str]]:
    if (window := _window(text)) is not None:
        yield (
            window,
            (
                f"sliding_window is {window}, and the embedded engine has causal attention only; "
                "--engine plain has the window"
            ),
        )
    for rope in _ropes(text):
        original = rope.get("original_max_position_embeddings")
        if rope.get("rope_type") == "longrope" and original:
            yield original, f"longrope changes the rotation of all keys beyond {original}"


def _window(text: Any) -> int | None:
    """The sliding window, if a layer has it."""
    window: int | None = shared(text, "sliding_window")
    kinds = shared(text, "layer_types")
    slides = (
        shared(text, "use_sliding_window", default=True) if kinds is None else _SLIDING in kinds
    )
    return window if window and slides else None


def _ropes(text: Any) -> Iterator[Mapping[str, Any]]:
    """The rotary settings: one mapping, or one for each kind of layer."""
    held = shared(text, "rope_parameters")
    if isinstance(held, Mapping):
        yield held
        yield from (inner for inner in held.values() if isinstance(inner, Mapping))
