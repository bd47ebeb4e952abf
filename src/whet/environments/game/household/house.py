"""A house: rooms, places in them, things on the places, and what is done with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ROOMS: Final = {
    "kitchen": ("sink", "oven", "fridge", "table"),
    "study": ("desk", "shelf", "box"),
    "bedroom": ("bed", "chest", "stand"),
}
PLACES: Final = {place: room for room, places in ROOMS.items() for place in places}
CLOSED: Final = ("oven", "fridge", "box", "chest")  # at first
DEVICES: Final = {"clean": "sink", "heat": "oven", "cool": "fridge", "look": "table"}
MARKS: Final = {"clean": "clean", "heat": "hot", "cool": "cold", "look": "seen"}
NOTHING: Final = "nothing happens"
_HAND = "hand"


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be done: one of six types, with a kind of thing, and perhaps a place for it."""

    type: str
    kind: str
    place: str = ""

    @property
    def number(self) -> int:
        """How many things have to be there."""
        return 2 if self.type == "two" else 1

    @property
    def mark(self) -> str:
        """What has to be done to the thing; empty where it only has to be put."""
        return MARKS.get(self.type, "")

    def __str__(self) -> str:
        if self.type == "look":
            return f"look at {self.kind} at lamp"
        manner = {"pick": "", "two": "two "}.get(self.type, f"{self.mark} ")
        return f"put {manner}{self.kind} in {self.place}"


@dataclass(slots=True)
class House:
    """The state of one play: `where` has the place of each thing, or `hand`.

    `seen` are the places whose things have been shown.
    """

    rooms: tuple[str, ...]
    errand: Errand
    where: dict[str, str]
    room: str
    at: str = ""  # a place in the room; at first none
    marks: dict[str, frozenset[str]] = field(default_factory=dict)
    opened: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> "House":
        """The house of a task, at its beginning."""
        rooms = tuple(info["rooms"])
        return cls(rooms, Errand(*info["errand"]), dict(info["things"]), rooms[0])

    @property
    def held(self) -> str:
        """The thing in the hand, or empty."""
        return next((thing for thing, place in self.where.items() if place == _HAND), "")

    def is_closed(self, place: str) -> bool:
        """True for a place that can be opened."""
        return place in CLOSED and place not in self.opened

    def here(self) -> tuple[str, ...]:
        """The things that can be seen."""
        shut = not self.at or self.is_closed(self.at)
        return () if shut else tuple(t for t, place in self.where.items() if place == self.at)

    def finished(self, thing: str) -> bool:
        """True for a thing with which all is done that the errand asks for."""
        done = not self.errand.mark or self.errand.mark in self.marks.get(thing, ())
        there = not self.errand.place or self.where[thing] == self.errand.place
        return kind_of(thing) == self.errand.kind and done and there

    @property
    def done(self) -> bool:
        """True once the errand is done."""
        return sum(map(self.finished, self.where)) >= self.errand.number

    def admissible(self) -> tuple[str, ...]:
        """The actions that do something."""
        goals = [*ROOMS[self.room], *(room for room in self.rooms if room != self.room)]
        found = [f"go {goal}" for goal in goals if goal != self.at]
        if self.is_closed(self.at):
            found.append(f"open {self.at}")
        if not self.held:
            found += [f"take {thing}" for thing in self.here()]
        elif self.at:
            found += [f"put {self.held}"] * (not self.is_closed(self.at))
            found += [f"{word} {self.held}" for word, at in DEVICES.items() if at == self.at]
        return (*found, "look")

    def act(self, action: str) -> str:
        """Do an action, and say what is seen."""
        if action not in self.admissible():
            return NOTHING
        word, _, thing = action.partition(" ")
        if word == "go":
            return self._gone(thing)
        if word == "open":
            self.opened |= {thing}
        elif word in ("take", "put"):
            self.where[thing] = _HAND if word == "take" else self.at
        elif thing:
            return self._marked(word, thing)
        return self.seen_now()

    def seen_now(self) -> str:
        """The place where one is and its things, or the room and its places; then the hand."""
        hand = f", hand: {self.held}" if self.held else ""
        if not self.at:
            return f"{self.room}: {' '.join(ROOMS[self.room])}{hand}"
        if self.is_closed(self.at):
            return f"{self.at}: closed{hand}"
        self.seen |= {self.at}
        return f"{self.at}: {' '.join(self.here()) or 'empty'}{hand}"

    def state(self) -> str:
        """All that matters, in one line."""
        marks = ",".join(f"{thing}={'+'.join(sorted(m))}" for thing, m in self.marks.items())
        places = ",".join(f"{thing}@{place}" for thing, place in self.where.items())
        shown = f"{' '.join(sorted(self.opened))}/{' '.join(sorted(self.seen))}"
        return f"{self.room}/{self.at}/{places}/{marks}/{shown}"

    def _gone(self, goal: str) -> str:
        self.room, self.at = (goal, "") if goal in ROOMS else (self.room, goal)
        return self.seen_now()

    def _marked(self, word: str, thing: str) -> str:
        """A thing is hot or cold, not both."""
        opposite = {"hot": "cold", "cold": "hot"}.get(MARKS[word], "")
        self.marks[thing] = self.marks.get(thing, frozenset()) - {opposite} | {MARKS[word]}
        return f"{thing} is {MARKS[word]}"


def kind_of(thing: str) -> str:
    """The kind of a thing: `cup` of `cup1`."""
    return thing.rstrip("0123456789")
