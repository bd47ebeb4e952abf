"""End tokens of a model."""

from collections.abc import Iterator
from typing import Any

from transformers import GenerationConfig, PreTrainedTokenizerBase

from whet.rollouts.chat_settings import PLAIN, ChatSettings
from whet.rollouts.renderer import end_token
from whet.rollouts.templates import ChatTemplate


def end_tokens(
    tokenizer: PreTrainedTokenizerBase, config: GenerationConfig, chat: ChatSettings = PLAIN
) -> frozenset[int]:
    """All ids that end a reply.

    They are the tokenizer's end token, those of the model's generation config, and the last token
    that the chat template, or a declared glue, puts behind a reply.
    """
    known = frozenset({end_token(tokenizer), *_configured(config)})
    return known | {*ChatTemplate(tokenizer, settings=chat).closing(known)[-1:]}


def _configured(config: GenerationConfig) -> Iterator[int]:
    more: Any = config.eos_token_id
    if more is None:
        return
    yield from [more] if isinstance(more, int) else more
