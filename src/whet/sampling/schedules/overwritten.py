"""Schedules that replace the same setting of every play, so that only the last one acts."""

from collections.abc import Sequence

from whet.protocols import Schedule


def overwritten(schedules: Sequence[Schedule]) -> str:
    """A sentence about the first such setting; empty for none."""
    for setting in dict.fromkeys(one.sets for one in schedules if one.sets):
        names = [type(one).__name__ for one in schedules if one.sets == setting]
        if len(names) > 1:
            return (
                f"sampling.schedules {', '.join(names)} all set the {setting} of a play, so the "
                f"last of them, {names[-1]}, decides alone; give one of them"
            )
    return ""
