"""One spelling for equal answers, so that they can be counted."""

from whet.rewards.verifiable.math.normal import plain
from whet.rewards.verifiable.math.number import number


def canonical(answer: str) -> str | None:
    """A number by its value, other text without its layout; None for an empty text."""
    known = number(answer)
    if known is not None:
        return f"{known.value} {known.unit}".strip()
    return plain(answer) or None
