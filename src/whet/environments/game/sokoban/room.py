"""A room of walls, goals, boxes and a player, and a step in it."""

from dataclasses import dataclass, replace

STEPS = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
_SIGNS = " .$*@+"  # of floor; goals have the next one: 2 · (box, player) + goal


@dataclass(frozen=True, slots=True)
class Room:
    """Places are numbered row by row; its edge is wall."""

    columns: int
    walls: frozenset[int]
    goals: frozenset[int]
    boxes: frozenset[int]
    player: int

    @classmethod
    def read(cls, text: str) -> "Room":
        """A room from its lines: `#` wall, `@` player, `$` box, `.` goal, `+` and `*` on goals."""
        lines = text.strip("\n").split("\n")
        signs = dict(enumerate("".join(lines)))

        def among(kinds: str) -> frozenset[int]:
            return frozenset(place for place, sign in signs.items() if sign in kinds)

        return cls(len(lines[0]), among("#"), among(".*+"), among("$*"), min(among("@+")))

    def shown(self) -> str:
        """The room in lines."""
        signs = "".join(map(self._sign, range(self._size())))
        rows = (signs[n : n + self.columns] for n in range(0, len(signs), self.columns))
        return "".join(f"{row}\n" for row in rows)

    def ahead(self, place: int, move: str) -> int:
        """The place next to another one."""
        down, right = STEPS[move]
        return place + down * self.columns + right

    def moved(self, move: str) -> "Room":
        """The room after a step; a wall, or a box that can't be pushed, stops the player."""
        there = self.ahead(self.player, move)
        behind = self.ahead(there, move)
        if there in self.walls or there in self.boxes and behind in self.walls | self.boxes:
            return self
        boxes = self.boxes - {there} | {behind} if there in self.boxes else self.boxes
        return replace(self, boxes=boxes, player=there)

    @property
    def solved(self) -> bool:
        """True if every box is on a goal."""
        return self.boxes == self.goals

    def walks(self) -> dict[int, str]:
        """The places that the player can walk to, and a shortest walk to each."""
        walks, reached = {self.player: ""}, [self.player]
        for place in reached:
            for move in STEPS:
                there = self.ahead(place, move)
                if there not in walks and there not in self.walls and there not in self.boxes:
                    walks[there] = walks[place] + move
                    reached.append(there)
        return walks

    def _size(self) -> int:
        return max(self.walls) + 1

    def _sign(self, place: int) -> str:
        if place in self.walls:
            return "#"
        thing = 2 * (place in self.boxes) + 4 * (place == self.player)
        return _SIGNS[thing + (place in self.goals)]
