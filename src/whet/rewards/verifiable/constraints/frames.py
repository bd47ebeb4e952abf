"""Constraints on the beginning, the end, repetition and spelling of a reply."""

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.rewards.verifiable.constraints.constraint import Relation, words
from whet.rewards.verifiable.languages import chance, share

_BREAK = re.compile(r"[\s\[\](){}<>,;:@#$%&?!\"“”…]+|--+|\.{2,}|``")
_SUFFIX = re.compile(r"(?<=[^'])('(?:s|m|d|ll|re|ve)|n't)$", re.IGNORECASE)
_LATIN = 0.9  # share of the letters
_ENGLISH = 0.01  # probability: a sentence of another language has less, a few words have more


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoResponses:
    """Two replies of different words, with six asterisks between them."""

    name: ClassVar[str] = "combination:two_responses"

    @classmethod
    def generate(cls, rng: Random) -> "TwoResponses":
        return cls()

    def describe(self) -> str:
        return "Give two different responses, separated by six asterisks: ******."

    def check(self, text: str) -> bool:
        parts = [part.strip() for part in text.split("******")]
        said = [part for part in parts if part]
        told = {tuple(words(part.casefold())) for part in said}
        return len(said) == len(told) == 2 and all(parts[1:-1])  # noqa: PLR2004

    def mend(self, text: str) -> str:
        first = " ".join(text.split("******")).strip() or "One way to see it."
        return f"{first}\n******\nOr take the other side."


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatPrompt:
    """The reply begins with the request, word for word, in any case."""

    name: ClassVar[str] = "combination:repeat_prompt"
    prompt_to_repeat: str

    @classmethod
    def generate(cls, rng: Random) -> "RepeatPrompt":
        return cls(prompt_to_repeat=f"Say something about a {rng.choice(('river', 'market'))}.")

    def describe(self) -> str:
        return f"First repeat this request word for word, then answer: {self.prompt_to_repeat}"

    def check(self, text: str) -> bool:
        asked = self.prompt_to_repeat.strip().lower()
        return text.strip().lower().startswith(asked)

    def mend(self, text: str) -> str:
        return f"{self.prompt_to_repeat.strip()} {text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPhrase:
    """The reply ends with a phrase, in any case; quotation marks after it are ignored."""

    name: ClassVar[str] = "startend:end_checker"
    end_phrase: str

    @classmethod
    def generate(cls, rng: Random) -> "EndPhrase":
        return cls(end_phrase=rng.choice(("Is there anything else?", "That is all.", "Done.")))

    def describe(self) -> str:
        return f"End with exactly this phrase, and nothing after it: {self.end_phrase}"

    def check(self, text: str) -> bool:
        end, said = self.end_phrase.strip().lower(), text.strip().strip('"').lower()
        before = said.removesuffix(end)
        return before != said and not (end[:1].isalnum() and before[-1:].isalnum())

    def mend(self, text: str) -> str:
        return f"{text} {self.end_phrase}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """The whole reply stands between double quotation marks; the first is not closed before the
    end.
    """

    name: ClassVar[str] = "startend:quotation"

    @classmethod
    def generate(cls, rng: Random) -> "Quotation":
        return cls()

    def describe(self) -> str:
        return "Put the whole response between double quotation marks."

    def check(self, text: str) -> bool:
        text = text.strip()
        return len(text) > 1 and text[0] == text[-1] == '"' and not _closes(text[:-1])

    def mend(self, text: str) -> str:
        return f'"{text.strip()}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitalWords:
    """The number of words in capital letters is at least, less than, or around a number."""

    name: ClassVar[str] = "change_case:capital_word_frequency"
    capital_frequency: int
    capital_relation: Relation = Relation.AT_LEAST

    @classmethod
    def generate(cls, rng: Random) -> "CapitalWords":
        relation = rng.choice((Relation.AT_LEAST, Relation.LESS_THAN))
        return cls(capital_frequency=rng.randint(1, 5), capital_relation=relation)

    def describe(self) -> str:
        times = f"{self.capital_relation} {self.capital_frequency} times"
        return f"Use words in all capital letters {times}."

    def check(self, text: str) -> bool:
        return self.capital_relation.holds(len(_capitals(text)), self.capital_frequency)

    def mend(self, text: str) -> str:
        capitals = _capitals(text)
        aim = self.capital_relation.aim(len(capitals), self.capital_frequency)
        for word in capitals[aim:]:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", word.lower(), text, count=1)
        return text + " LOOK" * (aim - len(capitals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Capital:
    """The reply is English in capital letters."""

    name: ClassVar[str] = "change_case:english_capital"

    @classmethod
    def generate(cls, rng: Random) -> "Capital":
        return cls()

    def describe(self) -> str:
        return "Answer in English and in capital letters only."

    def check(self, text: str) -> bool:
        return text.isupper() and _may_be_english(text)

    def mend(self, text: str) -> str:
        return text.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowercase:
    """The reply is English in small letters."""

    name: ClassVar[str] = "change_case:english_lowercase"

    @classmethod
    def generate(cls, rng: Random) -> "Lowercase":
        return cls()

    def describe(self) -> str:
        return "Answer in English and in lowercase letters; no capital letters are allowed."

    def check(self, text: str) -> bool:
        return text.islower() and _may_be_english(text)

    def mend(self, text: str) -> str:
        return text.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoComma:
    """The reply has no comma."""

    name: ClassVar[str] = "punctuation:no_comma"

    @classmethod
    def generate(cls, rng: Random) -> "NoComma":
        return cls()

    def describe(self) -> str:
        return "Use no commas."

    def check(self, text: str) -> bool:
        return "," not in text

    def mend(self, text: str) -> str:
        return text.replace(",", "")


def _closes(text: str) -> bool:
    """Whether the quotation that begins a text ends in it; a mark after a blank opens another."""
    depth = 0
    for mark in re.finditer(r'(^|\s|[(\[{:,])?"', text):
        depth += 1 if mark[1] is not None else -1
        if depth <= 0:
            return True
    return False


def _may_be_english(text: str) -> bool:
    return share(text, "en") >= _LATIN and chance(text, "en") >= _ENGLISH


def _capitals(text: str) -> list[str]:
    """The words in capital letters, cut as nltk cuts English: `U.S.` is one, `DON'T` are two."""
    pieces = (_SUFFIX.split(piece) for piece in _BREAK.split(text))
    return [word for several in pieces for word in several if word.isupper()]
