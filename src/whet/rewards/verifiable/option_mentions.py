"""Where a text names the options of a multiple-choice question: by letter, by place, by text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from string import ascii_uppercase
from unicodedata import normalize

from whet.rewards.verifiable.answer_words import normal_words
from whet.rewards.verifiable.math.number import number

_UNLISTED = 10  # options of a question that doesn't list them: A to J
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_SET_WORDS = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathsf|mbox)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dtc]?frac\s*\{(\w+)\}\s*\{(\w+)\}")
_FUNCTION = re.compile(r"\\(log|ln|lg|exp|sin|cos|tan|max|min)(?![A-Za-z])")
_BRACED = re.compile(r"([\^_])\{(\w)\}")  # x^{2}
_LAYOUT = re.compile(r"\$|\\[()\[\]]|\\[!,;: ]")
_OPEN, _CLOSE = r"*_`\"'“”‘’(\[«{「【", r"*_`\"'“”‘’)\]»}」】"
_MARKED = re.compile(
    rf"(?<!\w)[{_OPEN}]+\s*([A-Za-z])\s*[.):]?[{_CLOSE}]+(?!\w)"  # (b), **B**, "b"
    r"|(?<![\w(\[{])([A-Za-z])\)(?!\w)"  # b)
)
_CALLED = re.compile(
    r"(?:\b(?:options?|choices?|answer|ans|letter|statement|opci[oó]n|respuesta|r[eé]ponse|antwort"
    r"|opzione|risposta|op[cç][aã]o|resposta|lettre|letra)\b|选[项择]?|答案|Ответ)"
    r"[\s*_`\"':.=\uff1a]*(?:(?:(?:is|es|est|ist|e)\b"
    r"|[是为])[\s*_`\"':]*)?([A-Za-z])(?=[\s.,;:!*_`\"')]*(?:\n|$)|[.,;:!*_`\"')。，])",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"\b(?:option|choice)s?\s*(?:#|no\.?|number)?\s*\(?([1-9]|10|[ivx]{1,4}|one|two|three|four"
    r"|five|six|seven|eight|nine|ten)\b\)?"
    r"|\b(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\s+(?:option|choice)\b",
    re.IGNORECASE,
)
_PLACES = {
    name: place % 10
    for place, name in enumerate(
        [
            "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "i", "ii", "iii", "iv", "v", "vi",
            "vii", "viii", "ix", "x", "one", "two", "three", "four", "five", "six", "seven",
            "eight", "nine", "ten", "first", "second", "third", "fourth", "fifth", "sixth",
            "seventh", "eighth", "ninth", "tenth",
        ]
    )
}  # fmt: skip
_CAPITAL = re.compile(
    r"(?<![\w'’./+\-−^\\<>=°])([A-Z])(?![\w'’(/+^_\-−]|\s*[<>=+×·^]|\s*[*/]\s*\w)"
)
_INFLECTED = re.compile(r"[^\W\d_]{4,}")  # a word that may be a verb: `decrease`, `decreased`
_COMPARED = re.compile(r"[^\s>]\s*[<>≤≥]\s*$")  # behind a sign of order, as in `D > C`
_ROW = re.compile(r"\s*[A-Z](?:\s+[A-Z])+[\s.]*")  # letters only, as in `A C`
_PREVIOUS = re.compile(r"([^\W\d_]+)['’]?(?:s|d|ll)?\s*$")
_INTRODUCES = frozenset(
    [
        "is", "be", "was", "it", "that's", "choose", "chose", "choosing", "pick", "picked",
        "select", "selected", "say", "said", "answer", "answered", "with", "to", "for", "namely",
        "so", "hence", "thus", "therefore", "option", "options", "choice", "letter", "or", "and",
        "not", "than", "of", "over", "leaves", "leaving", "only", "but", "probably", "definitely",
        "clearly", "obviously", "certainly", "likely", "except", "think", "guess", "believe",
        "mean", "means", "both", "either", "neither", "nor", "all", "then", "that", "now",
        "still", "excludes", "exclude", "eliminates", "eliminate", "out", "mark", "correct",
        "yes", "no", "rather", "actually", "just", "instead", "also", "even", "because", "since",
        "while", "although", "whereas", "if", "when", "la", "el", "est", "es", "ist", "le", "die",
        "und", "et", "y", "o", "ou", "oder", "maybe", "perhaps", "possibly", "between",
        "against", "reject", "nicht", "sondern", "sino", "mais",
        "pas", "pero", "aber", "statement", "take", "taking", "e", "better", "consider", "favor",
        "favour", "prefer", "as", "being", "remains", "remaining", "finally",
    ]
)  # fmt: skip
_ARTICLE_ENDS = re.compile(
    r"[\s*_`\"')\]]*(?:$|\(not\b|[.,:;!)\]*\"—–→]|(?:is|are|was|and|or|but|because|since|can be"
    r"|cannot|can't|must be|isn't|fails|fits|works|seems|looks|would be|could be"
    r"|as|for|over|rather|instead)\b)"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text that names options; several where two options share a text."""

    letters: frozenset[str]
    start: int
    end: int


def prose(text: str) -> str:
    """The text without accents, and without the commands of LaTeX that only set words."""
    text = _ACCENTS.sub("", normalize("NFD", text))
    text = _BRACED.sub(r"\1\2", _FUNCTION.sub(r"\1", _SET_WORDS.sub(r"\1", text)))
    return _LAYOUT.sub("", _FRACTION.sub(r"\1/\2", text))


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a question, and how a text may name them.

    An option is named by its letter, by its place ("the third option"), or by its text.  A small
    letter, and `I`, count in brackets, marks or quotation, or after a word such as `option`.  Other
    capitals count at the beginning of a clause or after a word that may introduce a choice, so that
    `vitamin C` names nothing; the article `A` counts only before punctuation or a verb.
    """

    texts: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[object]) -> "Options":
        return cls(texts=tuple(" ".join(prose(str(text)).strip(" *").split()) for text in texts))

    @property
    def letters(self) -> str:
        return ascii_uppercase[: len(self.texts) or _UNLISTED]

    @cached_property
    def _patterns(self) -> tuple[tuple[frozenset[str], re.Pattern[str]], ...]:
        """A pattern for each different text, the longest first."""
        owners: dict[str, set[str]] = {}
        for letter, text in zip(self.letters, self.texts, strict=False):
            if text and text.upper() not in self.letters:
                owners.setdefault(text.rstrip(".").casefold(), set()).add(letter)
        longest = sorted(owners, key=len, reverse=True)
        return tuple((frozenset(owners[text]), _pattern(text)) for text in longest)

    def mentions(self, text: str) -> list[Mention]:
        """All mentions in order; a letter within the text of an option is none."""
        found: list[Mention] = []
        for mention in (*self._texts(text), *self._letters(text)):
            if all(mention.end <= one.start or one.end <= mention.start for one in found):
                found.append(mention)
        return sorted(found, key=lambda mention: mention.start)

    def whole(self, text: str) -> frozenset[str]:
        """The options that the whole text is: a letter, a text, its last words, or its number."""
        bare = text.strip(" \t\n*_`\"'“”‘’«».,!:")
        letter = bare.strip("()[]{}").strip(" .):")
        if len(letter) == 1 and letter.upper() in self.letters:
            return frozenset(letter.upper())
        same = {o for owners, pattern in self._patterns if pattern.fullmatch(bare) for o in owners}
        return frozenset(same) or self._tail(bare.casefold()) or self._number(bare)

    def _tail(self, bare: str) -> frozenset[str]:
        """The one option that ends in these words, where no other option has them."""
        if not re.fullmatch(r"[^\W\d_]{4,}(?: [^\W\d_]+)*", bare):
            return frozenset()
        holds = [re.search(rf"\b{bare}\b", text.casefold()) for text in self.texts]
        ends = [text.casefold().endswith(f" {bare}") for text in self.texts]
        return (
            frozenset(self.letters[ends.index(True)])
            if any(ends) and sum(map(bool, holds)) == 1
            else frozenset()
        )

    def _number(self, bare: str) -> frozenset[str]:
        """The one option of this value; its unit may be missing in the reply."""
        said = _measured(bare)
        if said is None:
            return frozenset()
        values = [_measured(text) for text in self.texts]
        same = {
            letter
            for letter, value in zip(self.letters, values, strict=False)
            if value is not None and value[0] == said[0] and said[1] in ("", value[1])
        }
        return frozenset(same) if len(same) == 1 else frozenset()

    def _texts(self, text: str) -> Iterator[Mention]:
        for owners, pattern in self._patterns:
            for found in pattern.finditer(text):
                yield Mention(owners, *found.span())

    def _letters(self, text: str) -> Iterator[Mention]:
        for pattern in (_CALLED, _MARKED):
            for found in pattern.finditer(text):
                letter = next(filter(None, found.groups())).upper()
                if letter in self.letters:
                    start = (
                        found.start(found.lastindex or 0) if pattern is _CALLED else found.start()
                    )
                    yield Mention(
                        frozenset(letter),
                        start,
                        found.end(found.lastindex or 0) if pattern is _CALLED else found.end(),
                    )
        for found in _PLACED.finditer(text):
            place = _PLACES[next(filter(None, found.groups())).lower()]
            if place < len(self.texts):
                yield Mention(frozenset(self.letters[place]), *found.span())
        for found in _CAPITAL.finditer(text):
            if found[1] in self.letters and _chooses(text, found):
                yield Mention(frozenset(found[1]), *found.span())


def _chooses(text: str, found: re.Match[str]) -> bool:
    """Whether a capital that stands alone is a choice, not a word or a part of a name."""
    if found[1] == "I":
        return text.strip(" .") == "I"
    before = _PREVIOUS.search(text, max(found.start() - 30, 0), found.start())
    if _COMPARED.search(text, max(found.start() - 30, 0), found.start()):
        return False
    if _ROW.fullmatch(text.rpartition(":")[2]):
        return True
    if before and before[1].lower() not in _INTRODUCES:
        return False
    return found[1] != "A" or _ARTICLE_ENDS.match(text, found.end()) is not None


def _measured(text: str) -> tuple[Fraction, str] | None:
    """The value and the unit of a number, which may be a word."""
    word, _, unit = text.partition(" ")
    if (whole := number(text)) is not None:
        return whole.value, whole.unit
    [*said] = normal_words(word)
    found = number(word) or (number(said[0]) if len(said) == 1 else None)
    return None if found is None else (found.value, found.unit or unit)


def _pattern(text: str) -> re.Pattern[str]:
    """A text of an option, in any case and spacing, that is no part of a longer word or number.

    A single word that follows another one may be inflected: `it decreases`.
    """
    body = r"\s+".join(map(re.escape, text.split()))
    before = r"(?<![\w/])(?<!\d[.,])" if text[0].isalnum() else ""
    before += r"(?<![-−+^])(?<![+^] )" if text[0].isdigit() else ""
    if _INFLECTED.fullmatch(text):
        body = rf"(?:{body}|(?<=\w ){body}(?:s|d|es|ed))"
    after = r"(?![\w/²³^%°]|[.,]\d|\s*[+^]\s*\w)" if text[-1].isalnum() else ""
    return re.compile(before + body + after, re.IGNORECASE)
