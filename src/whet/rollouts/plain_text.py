"""The ids of a prompt in plain text."""

from dataclasses import dataclass

from whet.rollouts.chats import check_text
from whet.rollouts.special_tokens import Tokenizer


@dataclass(frozen=True, slots=True)
class PlainText:
    """Encodes prompts with what the tokenizer puts before a text, and without an end behind it."""

    tokenizer: Tokenizer
    ends: frozenset[int]  # end-token ids

    def ids(self, prompt: str) -> list[int]:
        """Ids of a prompt.  First tokens that the text has already are not added again."""
        check_text(prompt, "prompt")
        ids: list[int] = self.tokenizer.encode(prompt)
        first = self._begun()
        if first and ids[: 2 * len(first)] == first * 2:
            ids = ids[len(first) :]
        return self._unended(ids, prompt)

    def _begun(self) -> list[int]:
        """What the tokenizer puts before every text."""
        own: list[int] = self.tokenizer.encode("0", add_special_tokens=False)
        ids: list[int] = self.tokenizer.encode("0")
        places = range(len(ids) - len(own) + 1)
        return next((ids[:place] for place in places if ids[place:][: len(own)] == own), [])

    def _unended(self, ids: list[int], prompt: str) -> list[int]:
        """The ids without an end token that the tokenizer appended."""
        if not ids or ids[-1] not in self.ends:
            return ids
        own: list[int] = self.tokenizer.encode(prompt, add_special_tokens=False)
        last = len(ids) - 1
        appended = last >= len(own) and ids[last - len(own) : last] == own
        return ids[:last] if appended else ids
