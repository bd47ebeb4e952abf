"""Household: things are found, carried, cleaned, heated, cooled and looked at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from whet.environments.game.household.house import ROOMS, Errand, House
from whet.environments.game.household.planner import planned
from whet.environments.levels import check_level
from whet.environments.moves import move_in
from whet.protocols import Bot, Policy, World
from whet.types import Finish, Prompt, Reason, Task, Verdict

_ACTION = re.compile(
    r"(?:go|open|take|put|clean|heat|cool|look)(?: [a-z]{1,9}[0-9]?)?", re.ASCII | re.IGNORECASE
)
_SIZES = {1: (1, 3), 2: (2, 5), 3: (3, 8)}  # rooms, things
_KINDS = {
    "pick": ("cup", "plate", "egg", "apple", "cloth", "book", "pen"),
    "look": ("cup", "plate", "book", "pen"),
    "clean": ("cup", "plate", "cloth", "apple"),
    "heat": ("cup", "egg", "apple"),
    "cool": ("cup", "egg", "apple"),
    "two": ("cup", "plate", "egg", "apple", "cloth", "book", "pen"),
}
_TURNS = 30
_LISTS = 1  # the level whose observations list the admissible actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Household(World):
    """An errand in a house of one to three rooms, of six types.

    Put a thing in a place (`pick`), or two of a kind (`two`), or a clean, hot or cold one, or
    `look` at one under the lamp, which is on the table.  A thing is cleaned at the sink, heated at
    the oven and cooled at the fridge, while it is in the hand, which holds one.

    A reply is `go X` (a room, or a place in this room), `open X`, `take X`, `put X`, `clean X`,
    `heat X`, `cool X`, `look X` or `look`.  An action that is not possible answers `nothing
    happens`.  Levels 1, 2 and 3 have 1, 2 and 3 rooms, with 3, 5 and 8 things; level 1 lists the
    admissible actions.  The score is 1 for the errand done in 30 turns, else 0; another reply ends
    the play.

    By level, random admissible actions have .04, .008 and .003 (2,000 plays each); the expert has
    1.00 (300 plays each).
    """

    levels: ClassVar[tuple[int, int]] = (1, 3)
    alphabet: ClassVar[str] = "abcdefghijklmnopqrstuvwxyz0123456789:,| \n"
    rules: str = (
        "You keep house, in 30 turns. Replies are `go X` (to a room, or to a place in this room), "
        "`open X`, `take X`, `put X`, `clean X` (at the sink), `heat X` (at the oven), `cool X` "
        "(at the fridge), `look X` (at the lamp, which is on the table), and `look`. You hold one "
        "thing at a time. Reply with an action alone.\n"
    )  # put before the first observation; "" for a small model

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        info = {"world": "household", "level": level, "turns": _TURNS} | _drawn(rng, level)
        house = House.of(info)
        first = f"rooms: {' '.join(house.rooms)}\n{house.seen_now()}\n" if level > _LISTS else ""
        things = ".".join(map("@".join, info["things"].items()))
        return Task(
            id=f"household/{level}/{'-'.join(info['errand'])}/{things}",
            prompt=f"{self.rules}{house.errand}\n{first}{_listed(house, level)}",
            info=info,
        )

    def canonical(self, task: Task) -> str:
        info = task.info
        return f"household/{list(info['rooms'])}/{list(info['errand'])}/{dict(info['things'])}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        house, level = House.of(task.info), task.info["level"]
        observation: Prompt = task.prompt
        for _ in range(task.info["turns"]):
            options, state = house.admissible(), house.state()
            found = move_in(await policy(observation, options=options, state=state), _ACTION)
            if found is None:
                return Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
            answer = house.act(found[0].lower())
            if house.done:
                return Verdict.binary(correct=True)
            observation = f"\n{answer}\n{_listed(house, level)}"
        return Verdict.binary(correct=False, finish=Finish.TURNS)

    def expert(self, task: Task, rng: Random) -> Bot:
        """A planner that looks for things place by place, and knows none before it is shown."""
        del rng
        house = House.of(task.info)

        async def keep(observation: Prompt, options: Sequence[str]) -> str:
            del observation
            action = options[0] if len(options) == 1 else planned(house)
            house.act(action)
            return action

        return keep


def _drawn(rng: Random, level: int) -> dict[str, Any]:
    """Rooms, an errand that is not yet done, and things in places."""
    rooms = [*ROOMS][: _SIZES[level][0]]
    places = [place for room in rooms for place in ROOMS[room]]
    kind_of_errand = rng.choice([*_KINDS])
    errand = Errand(kind_of_errand, rng.choice(_KINDS[kind_of_errand]), rng.choice(places))
    others = [kind for kind in _KINDS["pick"] if kind != errand.kind]
    kinds = [errand.kind] * errand.number
    kinds += rng.choices(others, k=_SIZES[level][1] - len(kinds))
    things: dict[str, str] = {}
    for kind in rng.sample(kinds, len(kinds)):
        number = sum(thing.startswith(kind) for thing in things) + 1
        free = [place for place in places if kind != errand.kind or place != errand.place]
        things[f"{kind}{number}"] = rng.choice(free)
    target = "" if errand.type == "look" else errand.place
    return {"rooms": rooms, "errand": [errand.type, errand.kind, target], "things": things}


def _listed(house: House, level: int) -> str:
    return f"{'|'.join(house.admissible())}\n" if level == _LISTS else ""
