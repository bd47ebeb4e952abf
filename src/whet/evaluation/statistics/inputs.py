"""What every statistic refuses: too few units, and numbers that are not finite."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from whet.types import UsageError

Values = Sequence[float] | np.ndarray
Rows = Sequence[Values] | np.ndarray  # rows of a matrix, or of unequal lengths


def finite(values: Values, name: str, *, least: int = 1) -> np.ndarray:
    """The values as a float64 vector.

    Raises `UsageError` with fewer than `least` of them, with NaN or ±∞, or with more than one axis.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise UsageError(f"{name} has the shape {found.shape}; give one number for each unit")
    enough(len(found), name, least=least)
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found))[0])
        raise UsageError(f"{name}[{place}] is {found[place]}; give finite numbers")
    return found


def enough(count: int, name: str, *, least: int = 2) -> int:
    """The count; `UsageError` where it is below `least`."""
    if count < least:
        raise UsageError(f"{name} has {count} of the {least} units that it needs; give more")
    return count


def matched(one: Mapping[str, float], other: Mapping[str, float], unit: str) -> list[str]:
    """The sorted names that two mappings share; `UsageError` where a name is in one of them."""
    same_names(one, other, unit)
    return sorted(one)


def same_names(one: Collection[object], other: Collection[object], unit: str) -> None:
    """`UsageError` where a name is in one of two collections only."""
    alone = sorted(map(str, set(one) ^ set(other)))
    if alone:
        raise UsageError(
            f"{unit} {', '.join(alone[:3])}: {len(alone)} of the names are on one side only; "
            f"give both sides the same {unit}"
        )


def positive(value: float, name: str) -> float:
    """The value; `UsageError` unless it is finite and above 0."""
    if not (np.isfinite(value) and value > 0):
        raise UsageError(f"{name} is {value}; give a finite number above 0")
    return value


def inside(value: float, name: str, least: float, most: float) -> float:
    """The value; `UsageError` unless least < value < most."""
    if not least < value < most:
        raise UsageError(f"{name} is {value}; give a number between {least} and {most}")
    return value
