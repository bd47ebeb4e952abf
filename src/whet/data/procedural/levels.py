"""The levels that a family has."""

from whet.types import Refusal


def check_level(family: str, level: int, levels: tuple[int, int]) -> None:
    """Refuse a level that the family doesn't have."""
    low, high = levels
    if not low <= level <= high:
        raise Refusal(f"level of {family} is {level}; give one from {low} to {high}")
