"""Special tokens of a tokenizer: which strings are some, and how to encode such strings as text."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whet.types import UsageError

Encode = Callable[[str], list[int]]
Tokenizer = Any  # a Hugging Face tokenizer; the library is imported in engines only

_LEADS = ("\n", ".", "a", "0")  # texts before a piece, so that it is encoded as one in the middle
_SHORT = 200  # characters of a text whose ids are kept
_KEPT = 10_000  # such texts
_PRIVATE = range(0xE000, 0xF8FF, 2)  # characters without a meaning, for marks
_ESCAPED = re.compile(r"u([ef][0-9a-f]{3})")


@dataclass(frozen=True, slots=True)
class QuoteMarks:
    """Two characters around a special token's string that is quoted as text."""

    start: str
    end: str
    quoted: set[str] = field(default_factory=set)  # the strings that got marks

    @classmethod
    def unused(cls, text: str) -> "QuoteMarks":
        """Marks that do not occur in `text`, nor their escaped forms."""
        known = {*text, *(chr(int(code, 16)) for code in _ESCAPED.findall(text))}
        for place in _PRIVATE:
            if not {chr(place), chr(place + 1)} & known:
                return cls(chr(place), chr(place + 1))
        raise UsageError("prompt holds all characters for private use; leave some of them out")

    def around(self, text: str) -> str:
        """The text between marks."""
        self.quoted.add(text)
        return f"{self.start}{text}{self.end}"

    def split(self, text: str) -> list[str]:
        """The pieces of a text: plain, quoted, plain, …; a mark that stands alone is a border."""
        quoted = f"{self.start}({any_of(self.quoted).pattern}){self.end}"
        return [piece or "" for piece in re.split(f"{quoted}|[{self.start}{self.end}]", text)]

    def restored(self, text: str) -> str:
        """A rendering in which escaped marks, as JSON and Python write them, are marks again."""
        for mark in (self.start, self.end):
            text = re.sub(rf"(?<!\\)\\+u{ord(mark):04x}", mark, text)
        return text

    def removed(self, text: str) -> str:
        """The text without marks."""
        return text.replace(self.start, "").replace(self.end, "")


@dataclass(slots=True)
class SpecialTokens:
    """The special tokens of one tokenizer, by their strings."""

    tokenizer: Tokenizer
    ids: Mapping[str, int] = field(init=False)
    added: Mapping[str, int] = field(init=False)  # and the added tokens that are not special
    _pattern: re.Pattern[str] = field(init=False)
    _normalised: bool = field(init=False)
    _known: dict[tuple[str, str], list[int]] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Read the added tokens, and the named ones."""
        added = self.tokenizer.added_tokens_decoder.items()
        named = self.tokenizer.all_special_tokens
        self.ids = {
            **{token: self.tokenizer.convert_tokens_to_ids(token) for token in named},
            **{token.content: i for i, token in added if token.special},
        }
        self.added = {**{token.content: i for i, token in added}, **self.ids}
        self._pattern = any_of(self.ids)
        self._normalised = any(token.special and token.normalized for _, token in added)

    def count(self, strings: Collection[str]) -> None:
        """Count these added tokens as special from now on."""
        self.ids = {**self.ids, **{text: self.added[text] for text in strings}}
        self._pattern = any_of(self.ids)

    def within(self, text: str) -> Iterator[tuple[int, int]]:
        """Places of special tokens in a text that is encoded by itself, in order."""
        found = [match.span() for match in self._pattern.finditer(text)]
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

    def marked(self, value: Any, marks: QuoteMarks, controls: frozenset[str]) -> Any:
        """The strings in a value, with marks around every special token among `controls`."""
        if isinstance(value, str):
            return self._marked(value, marks, controls)
        if isinstance(value, Mapping):
            return {
                self.marked(name, marks, controls): self.marked(inner, marks, controls)
                for name, inner in value.items()
            }
        if isinstance(value, Sequence):
            return [self.marked(inner, marks, controls) for inner in value]
        return value

    def _marked(self, text: str, marks: QuoteMarks, controls: frozenset[str]) -> str:
        out, end = "", 0
        for start, stop in self.within(text):
            inside = text[start:stop]
            if inside in controls or inside not in self.ids:
                out += text[end:start] + marks.around(inside)
                end = stop
        return out + text[end:]

    def encode(self, text: str, marks: QuoteMarks) -> list[int]:
        """Ids of a rendering, in which strings between marks are plain text.

        Without marks they are the tokenizer's own.  Raises `UsageError` where the tokenizer has no
        other ids for such a string than the special one.
        """
        if marks.start not in text and marks.end not in text:
            return self._parsed(text)
        first, *rest = marks.split(text)
        return (self._parsed(first) if first else []) + self._pieces(rest)

    def encode_within(self, text: str, marks: QuoteMarks) -> list[int]:
        """Ids of a part of a rendering that continues another part, as of `encode`."""
        first, *rest = marks.split(text)
        return self.middle(first) + self._pieces(rest)

    def _pieces(self, rest: Sequence[str]) -> list[int]:
        """Ids of pieces in turn: quoted, plain, quoted, …; of equal pieces they are found once."""
        known: dict[tuple[str, int], list[int]] = {}
        ids: list[int] = []
        for place, piece in enumerate(rest):
            key = piece, place % 2
            if key not in known:
                known[key] = self.middle(piece) if place % 2 else self.quoted(piece)
            ids += known[key]
        return ids

    def middle(self, text: str) -> list[int]:
        """Ids of a text that continues another one, without the space that begins a text."""
        return self._after(text, self._parsed)

    def quoted(self, text: str) -> list[int]:
        """Ids of a text that continues another one, in which special tokens are plain text.

        Where the vocabulary has a special token among its words, the token is read in two parts.
        """
        ids = self._read_as_text(text)
        if ids is not None:
            return ids
        ids, end = list[int](), 0
        for start, stop in [*self.within(text), (len(text), len(text))]:
            ids += self._split(text[end:start]) + self._split(text[start:stop])
            end = stop
        return ids

    def _split(self, text: str) -> list[int]:
        """Ids of a text; its first letters are read by themselves until the rest has no control."""
        out: list[int] = []
        for place in range(len(text)):
            ids = self._read_as_text(text[place:])
            if ids is not None:
                return out + ids
            first = self._read_as_text(text[place])
            if first is None:
                raise UsageError(
                    f"{text[place]!r} in a message is a special token, which this tokenizer can't "
                    "encode as text; leave it out"
                )
            out += first
        return out

    def _read_as_text(self, text: str) -> list[int] | None:
        """Ids of a text that continues another one; None where one of them is a control."""
        ids = self._after(text, self._literal)
        return None if self.controls & set(ids) else ids

    def _after(self, text: str, encode: Encode) -> list[int]:
        """Ids of a text behind another one; those of short texts are kept."""
        key = encode.__name__, text
        found = self._known.get(key)
        if found is None:
            found = self._behind(text, encode)
            if len(text) > _SHORT:
                return found
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = found
        return [*found]

    def _behind(self, text: str, encode: Encode) -> list[int]:
        """Ids of a text behind another one, found with the first lead that stays what it is."""
        for lead in _LEADS if text else ():
            before, whole = encode(lead), encode(lead + text)
            if self.tokenizer.unk_token_id not in before and whole[: len(before)] == before:
                return whole[len(before) :]
        return encode(text) if text else []

    def _parsed(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False)

    def _literal(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)

    @property
    def controls(self) -> set[int]:
        """Ids of special tokens, without that of unknown text."""
        return set(self.ids.values()) - {self.tokenizer.unk_token_id}


def any_of(strings: Collection[str]) -> re.Pattern[str]:
    """A pattern of any of the strings, the longest first."""
    longest = sorted(strings, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)) or "(?!)")
