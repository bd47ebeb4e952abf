"""Constraints on the numbers of words, sentences and paragraphs."""

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.rewards.verifiable.constraints.constraint import (
    Relation,
    more,
    sentences,
    without_words,
    words,
)

_RULE = re.compile(r"\s?\*\*\*\s?")
_BARE = re.compile(r"[^.,?!'\"]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """The number of sentences is at least, less than, or around a number."""

    name: ClassVar[str] = "length_constraints:number_sentences"
    num_sentences: int
    relation: Relation = Relation.AT_LEAST

    @classmethod
    def generate(cls, rng: Random) -> "Sentences":
        relation = rng.choice((Relation.AT_LEAST, Relation.LESS_THAN))
        return cls(num_sentences=rng.randint(2, 8), relation=relation)

    def describe(self) -> str:
        return f"Write {self.relation} {self.num_sentences} sentences."

    def check(self, text: str) -> bool:
        return self.relation.holds(len(sentences(text)), self.num_sentences)

    def mend(self, text: str) -> str:
        found = sentences(text)
        aim = self.relation.aim(len(found), self.num_sentences)
        stopped = text.rstrip() + ("" if text.rstrip().endswith((".", "!", "?")) else ".")
        if aim > len(found):
            return " ".join([stopped, *more(text, aim - len(found))])
        return " ".join(found[:aim])


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The number of words is at least, less than, or around a number."""

    name: ClassVar[str] = "length_constraints:number_words"
    num_words: int
    relation: Relation = Relation.AT_LEAST

    @classmethod
    def generate(cls, rng: Random) -> "Words":
        relation = rng.choice((Relation.AT_LEAST, Relation.LESS_THAN))
        return cls(num_words=10 * rng.randint(2, 10), relation=relation)

    def describe(self) -> str:
        return f"Write {self.relation} {self.num_words} words."

    def check(self, text: str) -> bool:
        return self.relation.holds(len(words(text)), self.num_words)

    def mend(self, text: str) -> str:
        count = len(words(text))
        aim = self.relation.aim(count, self.num_words)
        if aim > count:
            said = " ".join(more(text, aim - count))
            return f"{text} {without_words(said, aim - count)}."
        return f"{without_words(text, aim)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraphs:
    """Exactly `num_paragraphs` paragraphs, with `***` between them."""

    name: ClassVar[str] = "length_constraints:number_paragraphs"
    num_paragraphs: int

    @classmethod
    def generate(cls, rng: Random) -> "Paragraphs":
        return cls(num_paragraphs=rng.randint(2, 4))

    def describe(self) -> str:
        return f"Write {self.num_paragraphs} paragraphs, separated by the divider ***."

    def check(self, text: str) -> bool:
        found = _RULE.split(text)
        inner = found[1:-1]
        kept = [paragraph for paragraph in found if paragraph.strip()]
        return all(map(str.strip, inner)) and len(kept) == self.num_paragraphs

    def mend(self, text: str) -> str:
        found = [paragraph.strip() for paragraph in _RULE.split(text) if paragraph.strip()]
        found += more(text, self.num_paragraphs - len(found))
        kept = max(self.num_paragraphs - 1, 0)
        return "\n***\n".join([*found[:kept], " ".join(found[kept:])])


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstWord:
    """Exactly `num_paragraphs` paragraphs, with two line breaks between them; one has a given first
    word.
    """

    name: ClassVar[str] = "length_constraints:nth_paragraph_first_word"
    num_paragraphs: int
    nth_paragraph: int
    first_word: str

    @classmethod
    def generate(cls, rng: Random) -> "FirstWord":
        count = rng.randint(2, 4)
        word = rng.choice(("however", "meanwhile", "perhaps", "finally"))
        return cls(num_paragraphs=count, nth_paragraph=rng.randint(1, count), first_word=word)

    def describe(self) -> str:
        return (
            f"Write {self.num_paragraphs} paragraphs, with two line breaks between them and nowhere"
            f" else; paragraph {self.nth_paragraph} must start with the word {self.first_word}."
        )

    def check(self, text: str) -> bool:
        found = text.split("\n\n")
        count = sum(bool(paragraph.strip()) for paragraph in found)
        if count != self.num_paragraphs or not 1 <= self.nth_paragraph <= count:
            return False
        first = found[self.nth_paragraph - 1].split(maxsplit=1)[:1]
        return [_bare(word) for word in first] == [self.first_word.lower()]

    def mend(self, text: str) -> str:
        found = [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]
        found += more(text, self.num_paragraphs - len(found))
        kept = max(self.num_paragraphs - 1, 0)
        found = [*found[:kept], " ".join(found[kept:])]
        place = self.nth_paragraph - 1
        if 0 <= place < len(found):
            found[place] = f"{self.first_word} {found[place]}"
        return "\n\n".join(found)


def _bare(word: str) -> str:
    """The word in small letters, without quotation marks before it, and up to its punctuation."""
    found = _BARE.match(word.lstrip("'").lstrip('"'))
    return found[0].lower() if found else ""
