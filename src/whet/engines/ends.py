"""End tokens of a model."""

from typing import Any

from transformers import GenerationConfig, PreTrainedTokenizerBase

from whet.rollouts.renderer import end_token


def end_tokens(tokenizer: PreTrainedTokenizerBase, config: GenerationConfig) -> frozenset[int]:
    """All ids that end a reply: the tokenizer's, and those of the model's generation config."""
    more: Any = config.eos_token_id or ()
    return frozenset({end_token(tokenizer), *([more] if isinstance(more, int) else more)})
