"""End tokens of a model."""

from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from whet.rollouts.renderer import end_token


def end_tokens(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> frozenset[int]:
    """All ids that end a reply: the tokenizer's and those of the model's generation config."""
    config: Any = model.generation_config
    more = getattr(config, "eos_token_id", None) or ()
    return frozenset({end_token(tokenizer), *([more] if isinstance(more, int) else more)})
