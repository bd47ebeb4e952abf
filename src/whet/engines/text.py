"""Text and tokens: the one place where a prompt becomes ids, once."""

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from whet.types import Message, Prompt, Refusal


def encode(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> tuple[int, ...]:
    """A prompt's ids.  A chat goes through the tokenizer's template, up to the assistant's turn.

    Raises `Refusal` for a prompt of no tokens, and for a chat without a template.
    """
    if isinstance(prompt, str):
        ids: Any = tokenizer.encode(prompt)
    elif tokenizer.chat_template is None:
        raise Refusal("prompt is a chat, but the tokenizer has no chat template; give plain text")
    else:
        ids = _templated(tokenizer, prompt)
    if not ids:
        raise Refusal(f"prompt {prompt!r} has no tokens; give at least one")
    return tuple(ids)


def _templated(tokenizer: PreTrainedTokenizerBase, prompt: Sequence[Message]) -> Any:
    messages = [dict(message) for message in prompt]
    return tokenizer.apply_chat_template(
        messages, tokenize=True, add_generation_prompt=True, return_dict=False
    )


def encode_reply(tokenizer: PreTrainedTokenizerBase, reply: str) -> tuple[int, ...]:
    """A reply's ids, its end token included."""
    ids: Any = tokenizer.encode(reply, add_special_tokens=False)
    return (*ids, end_token(tokenizer))


def end_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id that ends a reply."""
    end: Any = tokenizer.eos_token_id
    if end is None:
        raise Refusal("the tokenizer has no end-of-sequence token; set eos_token in its config")
    return end


def end_tokens(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> frozenset[int]:
    """All ids that end a reply: the tokenizer's, and those of the model's generation config."""
    config: Any = model.generation_config
    more = getattr(config, "eos_token_id", None) or ()
    return frozenset({end_token(tokenizer), *([more] if isinstance(more, int) else more)})


def decode(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    """What ids say, special tokens left out."""
    return str(tokenizer.decode(list(ids), skip_special_tokens=True))
