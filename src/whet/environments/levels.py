"""A check of the level that a world is asked for."""

from whet.protocols import World
from whet.types import UsageError


def check_level(world: World, level: int) -> None:
    """Raise `UsageError` for a level that the world does not have."""
    low, high = world.levels
    if not low <= level <= high:
        raise UsageError(
            f"level is {level}, but {type(world).__name__} has levels {low} to {high}; give one of "
            "them"
        )
