"""Breadth-first search of Sokoban, forwards by pushes and backwards by pulls."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from whet.environments.game.sokoban.room import STEPS, Room

_State = tuple[frozenset[int], int]  # the boxes, and the least place that the player can walk to


def solution(room: Room) -> str | None:
    """Moves with the fewest pushes; None if the room can't be solved.

    The walks between its pushes are shortest ones.
    """
    ways, rooms = {_state(room): ""}, [room]
    for here in rooms:
        if here.solved:
            return ways[_state(here)]
        for moves, there in _pushes(here):
            if (state := _state(there)) not in ways:
                ways[state] = ways[_state(here)] + moves
                rooms.append(there)
    return None


def pulled(room: Room, pulls: int, rng: Random) -> Room | None:
    """A random room whose boxes come to the goals with `pulls` pushes, and with no fewer.

    None if this room has no such boxes.  The search goes back from the goals, from all places
    where the player may be at the end.
    """
    ahead = _ends(room)
    seen = set(ahead)
    for _ in range(pulls):
        found: dict[_State, Room] = {}
        for here in ahead.values():
            for there in _pulls(here):
                if (state := _state(there)) not in seen:
                    found.setdefault(state, there)
        seen.update(found)
        ahead = found
    if not ahead:
        return None
    chosen = rng.choice([*ahead.values()])
    return replace(chosen, player=rng.choice(sorted(chosen.walks())))


def _state(room: Room) -> _State:
    return room.boxes, min(room.walks())


def _ends(room: Room) -> dict[_State, Room]:
    found: dict[_State, Room] = {}
    full = replace(room, boxes=room.goals)
    for place in range(max(room.walls)):
        if place not in full.walls and place not in full.boxes:
            end = replace(full, player=place)
            found.setdefault(_state(end), end)
    return found


def _pushes(room: Room) -> Iterator[tuple[str, Room]]:
    walks = room.walks()
    for box in sorted(room.boxes):
        for move, (down, right) in STEPS.items():
            stand = box - down * room.columns - right
            if stand in walks:
                there = replace(room, player=stand).moved(move)
                if there.boxes != room.boxes:
                    yield walks[stand] + move, there


def _pulls(room: Room) -> Iterator[Room]:
    walks = room.walks()
    for box in sorted(room.boxes):
        for move in STEPS:
            stand = room.ahead(box, move)
            back = room.ahead(stand, move)
            if stand in walks and back not in room.walls and back not in room.boxes:
                yield replace(room, boxes=room.boxes - {box} | {stand}, player=back)
