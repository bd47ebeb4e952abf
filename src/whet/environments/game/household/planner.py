"""A planner that knows of a thing only after its place has been shown."""

from whet.environments.game.household.house import DEVICES, PLACES, ROOMS, House, kind_of


def planned(house: House) -> str:
    """The next action: look for a thing, take it, do what the errand asks for, put it down.

    A thing of another kind is put down at once.

    A house without an unseen place and a thing to take has nothing to plan: `look`.
    """
    if house.held:
        return _with(house, house.held)
    known = [t for t, p in house.where.items() if p in house.seen and not house.finished(t)]
    wanted = [thing for thing in known if kind_of(thing) == house.errand.kind]
    if wanted:
        nearest = min(wanted, key=lambda thing: _distance(house, house.where[thing]))
        return _way(house, house.where[nearest]) or f"take {nearest}"
    unseen = [p for room in house.rooms for p in ROOMS[room] if p not in house.seen]
    if not unseen:
        return "look"
    place = min(unseen, key=lambda one: _distance(house, one))
    return _way(house, place) or f"open {place}"


def _with(house: House, thing: str) -> str:
    errand = house.errand
    if kind_of(thing) != errand.kind:
        if not house.at:
            return f"go {ROOMS[house.room][0]}"
        return f"open {house.at}" if house.is_closed(house.at) else f"put {thing}"
    if errand.mark and errand.mark not in house.marks.get(thing, ()):
        return _way(house, DEVICES[errand.type]) or f"{errand.type} {thing}"
    closed = house.is_closed(errand.place)
    return _way(house, errand.place) or (f"open {errand.place}" if closed else f"put {thing}")


def _way(house: House, place: str) -> str:
    """The next step to a place; empty for the place itself."""
    if PLACES[place] != house.room:
        return f"go {PLACES[place]}"
    return "" if house.at == place else f"go {place}"


def _distance(house: House, place: str) -> int:
    return 0 if place == house.at else 1 if PLACES[place] == house.room else 2
