"""Paragraphs about invented people, towns and works, and the facts that they tell."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from whet.environments.code.names import NAMES

_TOWNS, _PEOPLE = 0.2, 0.5  # of the paragraphs; the others are about works
_SHELVES = 64  # that are kept

_FACTS = {"home": "{0} lives in {1}.", "head": "{0} is led by {1}.", "maker": "{0} is by {1}."}
_MORE = {
    "home": "{0} was born near {1} and is a {2}. ",
    "head": "The road from {1} to {0} is {3} miles long, and every {2} knows it. ",
    "maker": "{0} tells of a {2} from {1}, in {3} pages. ",
}
_TRADES = ("weaver", "baker", "miller", "smith", "potter", "tailor")

TOLD: Mapping[str, re.Pattern[str]] = {
    "home": re.compile(r"lives in (\w+)\."),
    "head": re.compile(r"is led by (\w+)\."),
    "maker": re.compile(r"is by (\w+)\."),
}
"""How a paragraph tells a person's home, the head of a town, and the maker of a work."""

Writer = Callable[[Random, Sequence[str], str, str, str], str]
"""Writes a paragraph, given dice, all towns, a name, a relation, and what that relates it to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Facts by relation and name, and the paragraphs that tell them, as titles and texts."""

    facts: Mapping[str, Mapping[str, str]]
    passages: tuple[tuple[str, str], ...]

    def followed(self, start: str, path: Sequence[str]) -> list[str]:
        """The names that a path of relations leads through, from `start` to the answer."""
        names = [start]
        for relation in path:
            names.append(self.facts[relation][names[-1]])
        return names


@lru_cache(_SHELVES)
def shelf_of(seed: int, size: int, write: Writer) -> Shelf:
    """`size` paragraphs, drawn from a seed: 20 % about towns, 50 % people, 30 % works."""
    rng = Random(seed)
    names = rng.sample(NAMES, size)
    first, last = round(_TOWNS * size), round((_TOWNS + _PEOPLE) * size)
    towns, people, works = names[:first], names[first:last], names[last:]
    facts = {
        "home": {name: rng.choice(towns) for name in people},
        "head": {name: rng.choice(people) for name in towns},
        "maker": {name: rng.choice(people) for name in works},
    }
    passages = [
        (name, write(rng, towns, name, relation, other))
        for relation, told in facts.items()
        for name, other in told.items()
    ]
    rng.shuffle(passages)
    return Shelf(facts=facts, passages=tuple(passages))


def short(rng: Random, towns: Sequence[str], name: str, relation: str, other: str) -> str:
    """The fact alone, such as `Bado lives in Kiru.`"""
    del rng, towns
    return _FACTS[relation].format(name, other)


def wordy(rng: Random, towns: Sequence[str], name: str, relation: str, other: str) -> str:
    """The fact behind a sentence that names another town."""
    strange = rng.choice([town for town in towns if town != other])
    more = _MORE[relation].format(name, strange, rng.choice(_TRADES), rng.randint(10, 99))
    return more + _FACTS[relation].format(name, other)
