"""Validation of a task's level."""

from whet.types import UsageError


def check_level(family: str, level: int, levels: tuple[int, int]) -> None:
    """Raise `UsageError` for a level that the family does not have."""
    low, high = levels
    if not low <= level <= high:
        raise UsageError(f"level of {family} is {level}; give one from {low} to {high}")
