"""Text and tokens: the one place where a prompt becomes ids, once."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from whet.types import Message, Prompt, Refusal

_UNFINISHED = "\ufffd"  # the first bytes of a character that others have to complete


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


def said(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], text: str) -> tuple[int, ...]:
    """How many characters of `text`, which is what ids say, are out after each of them.

    A character of several tokens is out after the last.  Nothing, where a tokenizer says a piece
    otherwise than it says the whole.
    """
    pieces = [_piece(tokenizer, token) for token in ids]
    if "".join(pieces) == text:
        return tuple(accumulate(map(len, pieces)))
    ends = tuple(_growing(tokenizer, ids))
    return ends if ends and ends[-1] == len(text) else ()


@lru_cache(maxsize=1 << 16)
def _piece(tokenizer: PreTrainedTokenizerBase, token: int) -> str:
    return decode(tokenizer, (token,))


def _growing(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> Iterator[int]:
    """Decode each piece after the one before it, where a word begins with a space or without."""
    before, start, out = 0, 0, 0
    for end in range(1, len(ids) + 1):
        known = decode(tokenizer, ids[before:start])
        fresh = decode(tokenizer, ids[before:end])
        if fresh.endswith(_UNFINISHED) and end < len(ids):
            yield out
            continue
        out += len(fresh) - len(known)
        before, start = start, end
        yield out
