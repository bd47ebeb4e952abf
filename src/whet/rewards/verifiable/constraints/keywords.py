"""Constraints on words and letters that must or must not occur."""

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.rewards.verifiable.constraints.constraint import (
    Relation,
    keyword,
    occurrences,
    whole,
    words,
)

TOPICAL = (
    "river", "bridge", "winter", "market", "letter", "garden", "engine", "window", "story",
    "colour", "harbour", "music", "forest", "bread", "signal", "stone", "morning", "village",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """Every keyword occurs in the reply."""

    name: ClassVar[str] = "keywords:existence"
    keywords: tuple[str, ...]

    @classmethod
    def generate(cls, rng: Random) -> "Existence":
        return cls(keywords=tuple(rng.sample(TOPICAL, rng.randint(1, 3))))

    def describe(self) -> str:
        return f"Include these keywords: {', '.join(self.keywords)}."

    def check(self, text: str) -> bool:
        return all(occurrences(keyword, text) for keyword in self.keywords)

    def mend(self, text: str) -> str:
        missing = [keyword for keyword in self.keywords if not occurrences(keyword, text)]
        return f"{text} Think of {' and '.join(missing)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """A keyword occurs at least, less than, or around a number of times."""

    name: ClassVar[str] = "keywords:frequency"
    keyword: str
    frequency: int
    relation: Relation = Relation.AT_LEAST

    @classmethod
    def generate(cls, rng: Random) -> "Frequency":
        relation = rng.choice((Relation.AT_LEAST, Relation.LESS_THAN))
        return cls(keyword=rng.choice(TOPICAL), frequency=rng.randint(2, 4), relation=relation)

    def describe(self) -> str:
        return f"Use the word {self.keyword} {self.relation} {self.frequency} times."

    def check(self, text: str) -> bool:
        return self.relation.holds(occurrences(self.keyword, text), self.frequency)

    def mend(self, text: str) -> str:
        count = occurrences(self.keyword, text)
        aim = self.relation.aim(count, self.frequency)
        if aim >= count:
            return text + f" There is a {self.keyword}." * (aim - count)
        return keyword(self.keyword).sub("it", text, count=count - aim)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """None of the words occurs, as a word of its own."""

    name: ClassVar[str] = "keywords:forbidden_words"
    forbidden_words: tuple[str, ...]

    @classmethod
    def generate(cls, rng: Random) -> "Forbidden":
        return cls(forbidden_words=tuple(rng.sample(TOPICAL, rng.randint(1, 3))))

    def describe(self) -> str:
        return f"Do not use these words: {', '.join(self.forbidden_words)}."

    def check(self, text: str) -> bool:
        return not any(whole(word, text) for word in self.forbidden_words)

    def mend(self, text: str) -> str:
        for word in self.forbidden_words:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "it", text, flags=re.IGNORECASE)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFrequency:
    """A letter or sign occurs at least, less than, or around a number of times, in any case."""

    name: ClassVar[str] = "keywords:letter_frequency"
    letter: str
    let_frequency: int
    let_relation: Relation = Relation.AT_LEAST

    @classmethod
    def generate(cls, rng: Random) -> "LetterFrequency":
        relation = rng.choice((Relation.AT_LEAST, Relation.LESS_THAN))
        letter = rng.choice("jkqvxz")
        return cls(letter=letter, let_frequency=rng.randint(2, 5), let_relation=relation)

    def describe(self) -> str:
        times = f"{self.let_relation} {self.let_frequency} times"
        return f"The letter {self.letter} should appear {times}."

    def check(self, text: str) -> bool:
        return self.let_relation.holds(self._count(text), self.let_frequency)

    def mend(self, text: str) -> str:
        count = self._count(text)
        aim = self.let_relation.aim(count, self.let_frequency)
        if aim >= count:
            return text + f" {self.letter}" * (aim - count)
        held = [word for word in words(text) if self._count(word)]
        for word in held:
            if not self.check(text):
                text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "so", text, count=1)
        return text

    def _count(self, text: str) -> int:
        return text.lower().count(self.letter.lower())
