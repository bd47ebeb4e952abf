"""Breadth-first search of Sokoban, forwards by pushes and backwards by pulls.

Sets of places are bits of an int.  A state is two of them: the boxes, and all places that the
player can walk to.  The walls around a room keep shifted bits from entering the next row.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

from whet.environments.game.sokoban.room import STEPS, Room

_State = tuple[int, int]


def solution(room: Room) -> str | None:
    """Moves with the fewest pushes; None if the room can't be solved.

    The walks between its pushes are shortest ones.
    """
    floor, goals = _floor(room), _bits(room.goals)
    boxes = _bits(room.boxes)
    start = (boxes, _flood(1 << room.player, floor & ~boxes, room.columns))
    ways: dict[_State, list[tuple[int, str]]] = {start: []}
    reached = [start]
    for state in reached:
        if state[0] == goals:
            return _walked(room, ways[state])
        for box, move, after in _pushes(state, floor, room.columns):
            if after not in ways:
                ways[after] = [*ways[state], (box, move)]
                reached.append(after)
    return None


def pulled(room: Room, pulls: int, rng: Random) -> Room | None:
    """A random room whose boxes come to the goals with `pulls` pushes, and with no fewer.

    None if this room has no such boxes.  The search goes back from the goals, from all places
    where the player may be at the end.
    """
    floor = _floor(room)
    ahead = _ends(_bits(room.goals), floor, room.columns)
    seen = {*ahead}
    for _ in range(pulls):
        fresh = dict.fromkeys(
            after for state in ahead for after in _pulls(state, floor, room.columns)
        )
        ahead = [state for state in fresh if state not in seen]
        seen.update(ahead)
    if not ahead:
        return None
    boxes, region = rng.choice(ahead)
    return replace(room, boxes=frozenset(_places(boxes)), player=rng.choice([*_places(region)]))


def _pushes(state: _State, floor: int, columns: int) -> Iterator[tuple[int, str, _State]]:
    """All pushes: the box before it, the move, and the state after it."""
    boxes, region = state
    for move, (down, right) in STEPS.items():
        step = down * columns + right
        able = boxes & _shifted(region, step) & _shifted(floor & ~boxes, -step)
        for place in _places(able):
            after = boxes ^ 1 << place ^ 1 << place + step
            yield place, move, (after, _flood(1 << place, floor & ~after, columns))


def _pulls(state: _State, floor: int, columns: int) -> Iterator[_State]:
    boxes, region = state
    for down, right in STEPS.values():
        step = down * columns + right
        able = boxes & _shifted(region, -step) & _shifted(floor & ~boxes, -2 * step)
        for place in _places(able):
            after = boxes ^ 1 << place ^ 1 << place + step
            yield after, _flood(1 << place + 2 * step, floor & ~after, columns)


def _walked(room: Room, pushes: Iterable[tuple[int, str]]) -> str:
    """The moves of pushes, with the walks between them."""
    moves = ""
    for box, move in pushes:
        down, right = STEPS[move]
        stand = box - down * room.columns - right
        moves += room.walks()[stand] + move
        room = replace(room, player=stand).moved(move)
    return moves


def _ends(goals: int, floor: int, columns: int) -> list[_State]:
    left, found = floor & ~goals, []
    while left:
        region = _flood(left & -left, floor & ~goals, columns)
        found.append((goals, region))
        left &= ~region
    return found


def _flood(seed: int, free: int, columns: int) -> int:
    """All free places that can be walked to."""
    while True:
        grown = seed | seed << 1 | seed >> 1 | seed << columns | seed >> columns
        if (grown := grown & free) == seed:
            return seed
        seed = grown


def _shifted(places: int, step: int) -> int:
    return places << step if step > 0 else places >> -step


def _floor(room: Room) -> int:
    return _bits(place for place in range(max(room.walls)) if place not in room.walls)


def _bits(places: Iterable[int]) -> int:
    return sum(1 << place for place in places)


def _places(bits: int) -> Iterator[int]:
    while bits:
        yield (bits & -bits).bit_length() - 1
        bits &= bits - 1
