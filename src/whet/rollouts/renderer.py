"""Conversion of text to token ids and back; every text is tokenised once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
from jaxtyping import Int32
from jinja2 import TemplateError
from numpy import ndarray

from whet.types import Act, Message, Prompt, Rollout, Task, UsageError
from whet.types.messages import ASSISTANT, messages_of

_TEMPLATE = (TemplateError, TypeError, ValueError, LookupError, AttributeError)  # what they raise
_UNFINISHED = "\ufffd"  # decoding of an incomplete multi-byte character

Tokenizer = Any  # a Hugging Face tokenizer; the library is imported in engines only


@dataclass(slots=True)
class TextRenderer:
    """Conversion of text to token ids and back, with one model's tokenizer."""

    tokenizer: Tokenizer
    ends: frozenset[int]  # end-token ids
    _pieces: dict[int, str] = field(default_factory=dict)
    _last: tuple[str | None, list[int]] = (
        None,
        [],
    )  # last text and its ids, because a group shares its prompt

    def opening(self, prompt: Prompt) -> tuple[int, ...]:
        """Token ids of the first prompt of a conversation.

        A chat goes through the tokenizer's template, up to the start of the assistant's turn. From
        plain text, the end token that some tokenizers append is removed.

        Raises `UsageError` for a prompt without tokens, for a chat without a template, and for a
        chat that the template does not accept.
        """
        if isinstance(prompt, str):
            if prompt != self._last[0]:
                self._last = prompt, self._unended(prompt)
            ids: Any = self._last[1]
        else:
            ids = self._templated(prompt)
        if not ids:
            raise UsageError(f"prompt {prompt!r} has no tokens; give at least one")
        return tuple(ids)

    def _templated(self, prompt: Sequence[Message]) -> Any:
        if self.tokenizer.chat_template is None:
            raise UsageError(
                "prompt is a chat, but the tokenizer has no chat template; give prompts as text "
                "and no system prompt, or a model with a template"
            )
        try:
            return self.tokenizer.apply_chat_template(
                [dict(message) for message in prompt],
                tokenize=True,
                add_generation_prompt=True,
                return_dict=False,
            )
        except _TEMPLATE as error:
            roles = ", ".join(message["role"] for message in prompt)
            reason = " ".join(str(error).split())
            raise UsageError(
                f"the tokenizer's chat template doesn't take the prompt's messages ({roles}): "
                f"{type(error).__name__}: {reason}; give others, or mend the template"
            ) from error

    def following(self, observation: Prompt) -> tuple[int, ...]:
        """Token ids of a later observation: its text, without special tokens.

        Special tokens in the text are tokenised as plain text, so an observation cannot end a turn.
        Empty text continues the reply. Raises `UsageError` for chat messages, for which the
        template would have to be rendered from the start.
        """
        if not isinstance(observation, str):
            raise UsageError(
                "the environment sends chat messages after the first turn, which the renderer "
                "can't add to a chat template; send plain text"
            )
        return tuple(
            self.tokenizer.encode(observation, add_special_tokens=False, split_special_tokens=True)
        )

    def _unended(self, prompt: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(prompt)
        if not ids or ids[-1] not in self.ends:
            return ids
        own: list[int] = self.tokenizer.encode(prompt, add_special_tokens=False)
        last = len(ids) - 1
        appended = last >= len(own) and ids[last - len(own) : last] == own
        return ids[:last] if appended else ids

    def demonstration(self, task: Task, reply: str) -> Rollout:
        """A rollout with this reply as external tokens, with probability 1."""
        prompt = self.opening(task.prompt)
        own: Any = self.tokenizer.encode(reply, add_special_tokens=False)
        own = (*own, end_token(self.tokenizer))
        asked = messages_of(task.prompt)
        start, stop = len(prompt), len(prompt) + len(own)
        ends = self.char_ends(own, reply)
        return Rollout(
            task=task,
            seed=0,
            token_ids=np.array(prompt + own, np.int32),
            action_mask=np.arange(stop) >= start,
            behaviour_logp=np.zeros(len(own), np.float32),
            columns={} if ends is None else {"char_ends": ends},
            acts=(Act(start=start, stop=stop, message=len(asked)),),
            messages=(*asked, {"role": ASSISTANT, "content": reply}),
        ).sealed()

    def text(self, ids: Sequence[int]) -> str:
        """Decode ids; special tokens are left out."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The own text of each id, with special tokens by name such as `<|im_end|>`."""
        return tuple(str(self.tokenizer.decode([token])) for token in ids)

    def char_ends(self, ids: Sequence[int], text: str) -> Int32[ndarray, " n"] | None:
        """Number of characters of `text`, the decoded ids, that are complete after each id.

        A character of several tokens is complete after the last one. None if the pieces do not add
        up to the text.
        """
        pieces = [self._piece(token) for token in ids]
        if "".join(pieces) == text:
            return np.fromiter(accumulate(map(len, pieces)), np.int32, len(pieces))
        ends = np.fromiter(_growing(self.text, ids), np.int32, len(ids))
        return ends if len(ends) and ends[-1] == len(text) else None

    def _piece(self, token: int) -> str:
        if token not in self._pieces:
            self._pieces[token] = self.text((token,))
        return self._pieces[token]


def end_token(tokenizer: Tokenizer) -> int:
    """The id of the end-of-sequence token."""
    if tokenizer.eos_token_id is None:
        raise UsageError("the tokenizer has no end-of-sequence token; set eos_token in its config")
    return tokenizer.eos_token_id


def _growing(text: Callable[[Sequence[int]], str], ids: Sequence[int]) -> Iterator[int]:
    """Decode each piece after the previous one, which decides on leading spaces."""
    before, start, out = 0, 0, 0
    for end in range(1, len(ids) + 1):
        known = text(ids[before:start])
        fresh = text(ids[before:end])
        if fresh.endswith(_UNFINISHED) and end < len(ids):
            yield out
            continue
        out += len(fresh) - len(known)
        before, start = start, end
        yield out
