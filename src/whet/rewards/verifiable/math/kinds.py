"""What the text of an answer can be."""

from dataclasses import dataclass
from fractions import Fraction

from whet.rewards.verifiable.math.amounts import Amount
from whet.rewards.verifiable.math.evaluation import Value
from whet.rewards.verifiable.math.flats import Flat
from whet.rewards.verifiable.math.regions import Region
from whet.rewards.verifiable.math.syntax import Tree


@dataclass(frozen=True, slots=True)
class Several:
    """Answers together: `set`, `list` (no brackets), `()`, `[]`, or `column`; with their names."""

    items: tuple["Meaning", ...]
    kind: str
    labels: tuple[str, ...] = ()


def by_name(one: Several) -> tuple["Meaning", ...]:
    """The items in the order of their names; as they are where an item has none."""
    if not all(one.labels) or len(one.labels) != len(one.items):
        return one.items
    pairs = sorted(zip(one.labels, one.items, strict=True), key=lambda pair: pair[0])
    return tuple(item for _, item in pairs)


@dataclass(frozen=True, slots=True)
class CurveEquation:
    """Two sides that are equal."""

    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Residue:
    """A class of integers."""

    residue: Fraction
    modulus: Fraction


@dataclass(frozen=True, slots=True)
class SolutionFamily:
    """The values of formulas for all integers in the place of the parameter."""

    formulas: tuple[Tree, ...]
    parameter: str


@dataclass(frozen=True, slots=True)
class Based:
    """Digits and their base."""

    digits: str
    base: int

    @property
    def value(self) -> Fraction:
        return Fraction(int(self.digits, self.base))


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """Minutes after midnight; `half` is False where nothing says which half of the day it is."""

    minutes: int
    half: bool


@dataclass(frozen=True, slots=True)
class Date:
    """A day of a year; 0 where the year is not said."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Piecewise:
    """Formulas, and the numbers for which each one holds."""

    parts: tuple[tuple[Tree, Region], ...]

    def at(self, point: Value) -> Tree | None:
        """The formula that holds at a point; None where none does."""
        return next((formula for formula, where in self.parts if where.holds(point)), None)


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The readings of one item of a list."""

    readings: tuple["Meaning", ...]


@dataclass(frozen=True, slots=True)
class Proportion:
    """`3 : 2`, or more parts."""

    parts: tuple[Amount, ...]


Meaning = (
    Amount
    | Several
    | Region
    | CurveEquation
    | Residue
    | SolutionFamily
    | Based
    | TimeOfDay
    | Date
    | Proportion
    | Piecewise
    | Alternatives
    | Flat
)
