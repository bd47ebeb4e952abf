"""What the embedded engine does not compute, by the settings of a model's config."""

from collections.abc import Iterator, Mapping
from typing import Any

from transformers import PreTrainedConfig

REMEDY = "give --engine plain, which runs every architecture, slowly"

_SETTINGS: Mapping[str, str] = {  # with a value of neither 0, 1 nor None
    "kv_lora_rank": "latent attention (MLA)",
    "attention_chunk_size": "attention within chunks",
    "attn_logit_softcapping": "a cap on attention scores",
    "final_logit_softcapping": "a cap on logits",
    "logit_scale": "scaled logits",
    "logits_scaling": "scaled logits",
}
_KINDS: Mapping[str, str] = {  # of `layer_types`
    "linear_attention": "linear attention",
    "conv": "convolutions",
    "mamba": "a recurrence",
    "recurrent": "a recurrence",
    "chunked_attention": "attention within chunks",
}


def reasons(config: PreTrainedConfig) -> str:
    """The features of a config that the engine does not compute, with their settings; or empty.

    They explain a refusal.  Whether there is one is for the probe to find.
    """
    found = list(dict.fromkeys(_reasons(config.get_text_config())))
    return f"it has {', '.join(found)}" if found else ""


def _reasons(text: Any) -> Iterator[str]:
    for name, feature in _SETTINGS.items():
        value = getattr(text, name, None)
        if isinstance(value, int | float) and value not in (0, 1):
            yield f"{feature} ({name} is {value})"
    kinds = getattr(text, "layer_types", None) or ()
    yield from (f"{feature} (layer_types)" for kind, feature in _KINDS.items() if kind in kinds)
    state = getattr(text, "state_size", None) or getattr(text, "mamba_d_state", None)
    if state:
        yield f"a recurrence with a state of {state}"
    if getattr(text, "alibi", None):
        yield "biases by distance (alibi)"
