"""Special tokens of a tokenizer: which strings are some, and how to encode such strings as text."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whet.types import UsageError

Tokenizer = Any  # a Hugging Face tokenizer; the library is imported in engines only

_LEADS = ("\n", ".", "a", "0")  # texts before a piece, so that it is encoded as one in the middle
_PRIVATE = range(0xE000, 0xF8FF, 2)  # characters without a meaning, for marks


@dataclass(frozen=True, slots=True)
class Marks:
    """Two characters around a special token's string that is quoted as text."""

    start: str
    end: str
    quoted: set[str] = field(default_factory=set)  # the strings that got marks

    @classmethod
    def unused(cls, text: str) -> "Marks":
        """Marks that do not occur in `text`."""
        known = set(text)
        place = next(place for place in _PRIVATE if not {chr(place), chr(place + 1)} & known)
        return cls(chr(place), chr(place + 1))

    def around(self, text: str) -> str:
        """The text between marks."""
        self.quoted.add(text)
        return f"{self.start}{text}{self.end}"

    def split(self, text: str) -> list[str]:
        """The pieces of a text: plain, quoted, plain, …; a mark that stands alone is a border."""
        quoted = f"{self.start}({_any_of(self.quoted).pattern}){self.end}"
        return [piece or "" for piece in re.split(f"{quoted}|[{self.start}{self.end}]", text)]

    def removed(self, text: str) -> str:
        """The text without marks."""
        return text.replace(self.start, "").replace(self.end, "")


@dataclass(slots=True)
class SpecialTokens:
    """The special tokens of one tokenizer, by their strings."""

    tokenizer: Tokenizer
    ids: Mapping[str, int] = field(init=False)
    _normalised: bool = field(init=False)

    def __post_init__(self) -> None:
        """Read the added tokens that are special, and the named ones."""
        added = self.tokenizer.added_tokens_decoder.items()
        named = self.tokenizer.all_special_tokens
        self.ids = {
            **{token: self.tokenizer.convert_tokens_to_ids(token) for token in named},
            **{token.content: i for i, token in added if token.special},
        }
        self._normalised = any(token.special and token.normalized for _, token in added)

    def within(self, text: str) -> Iterator[tuple[int, int]]:
        """Places of special tokens in a text that is encoded by itself, in order."""
        found = [match.span() for match in _any_of(self.ids).finditer(text)]
        if self._normalised and self.tokenizer.is_fast:
            found = sorted({*found, *self._read(text)})
        end = 0
        for start, stop in found:
            if start >= end:
                yield start, stop
                end = stop

    def _read(self, text: str) -> Iterator[tuple[int, int]]:
        """Places that the tokenizer itself reads as special, such as other forms of a string."""
        read = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        for number, (start, stop) in zip(read["input_ids"], read["offset_mapping"], strict=True):
            inside = text[start:stop]
            if number in self.controls and inside.strip():
                start += len(inside) - len(inside.lstrip())
                yield start, start + len(inside.strip())

    def marked(self, value: Any, marks: Marks, controls: frozenset[str]) -> Any:
        """The strings in a value, with marks around every special token among `controls`."""
        if isinstance(value, str):
            return self._marked(value, marks, controls)
        if isinstance(value, Mapping):
            return {name: self.marked(inner, marks, controls) for name, inner in value.items()}
        if isinstance(value, Sequence):
            return [self.marked(inner, marks, controls) for inner in value]
        return value

    def _marked(self, text: str, marks: Marks, controls: frozenset[str]) -> str:
        out, end = "", 0
        for start, stop in self.within(text):
            inside = text[start:stop]
            if inside in controls or inside not in self.ids:
                out += text[end:start] + marks.around(inside)
                end = stop
        return out + text[end:]

    def encode(self, text: str, marks: Marks) -> list[int]:
        """Ids of a rendering, in which strings between marks are plain text.

        Without marks they are the tokenizer's own.  Raises `UsageError` where the tokenizer has no
        other ids for such a string than the special one.
        """
        if marks.start not in text and marks.end not in text:
            return self.tokenizer.encode(text, add_special_tokens=False)
        first, *rest = marks.split(text)
        ids = self.tokenizer.encode(first, add_special_tokens=False) if first else []
        for place, piece in enumerate(rest):
            quoted = place % 2 == 0
            ids += self.middle(piece, quoted=quoted) if ids else self._begun(piece, quoted)
        return ids

    def _begun(self, text: str, quoted: bool) -> list[int]:
        ids = self._encoded(text, quoted) if text else []
        return ids if self._sound(text, ids, quoted) else self._in_two(text)

    def middle(self, text: str, *, quoted: bool = False) -> list[int]:
        """Ids of a text that continues another one, without the space that begins a text.

        In a quoted text, strings of special tokens are plain text.
        """
        if not text:
            return []
        ids = next(self._after_leads(text, quoted), None)
        if ids is None:
            ids = self._encoded(text, quoted)
        return ids if self._sound(text, ids, quoted) else self._in_two(text)

    def _sound(self, text: str, ids: list[int], quoted: bool) -> bool:
        """False where a vocabulary has a special token among its words and reads it in a quote."""
        if not quoted or not self.controls & set(ids):
            return True
        if len(text) > 1:
            return False
        raise UsageError(
            f"{text!r} in a message is a special token, which this tokenizer can't encode as text; "
            "leave it out"
        )

    def _in_two(self, text: str) -> list[int]:
        return self.middle(text[:1], quoted=True) + self.middle(text[1:], quoted=True)

    def _after_leads(self, text: str, quoted: bool) -> Iterator[list[int]]:
        for lead in _LEADS:
            before = self._encoded(lead, quoted)
            whole = self._encoded(lead + text, quoted)
            known = self.tokenizer.unk_token_id not in before
            if known and whole[: len(before)] == before:
                yield whole[len(before) :]

    def _encoded(self, text: str, quoted: bool) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=quoted)

    @property
    def controls(self) -> set[int]:
        """Ids of special tokens, without that of unknown text."""
        return set(self.ids.values()) - {self.tokenizer.unk_token_id}


def _any_of(strings: Collection[str]) -> re.Pattern[str]:
    """A pattern of any of the strings, the longest first."""
    longest = sorted(strings, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)) or "(?!)")
