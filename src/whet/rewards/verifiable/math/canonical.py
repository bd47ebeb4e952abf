"""One spelling for equal answers, so that they can be counted."""

from whet.rewards.verifiable.math.normal import plain
from whet.rewards.verifiable.math.number import number

_LONGEST = 3000  # signs of a number: Python writes integers of up to 4300 digits


def canonical(answer: str) -> str | None:
    """A number by its value, other text without its layout; None for an empty text.

    A number of more than 3000 signs is other text.
    """
    known = number(answer) if len(answer) <= _LONGEST else None
    if known is not None:
        return f"{known.value} {known.unit}".strip()
    return plain(answer) or None
