"""Correct replies with one error, which a verifier should refuse."""

from random import Random

_KINDS = ("0123456789", "+-*/", "<>=")


def spoiled(reply: str, rng: Random) -> str | None:
    """One digit replaced by another digit, or one sign by another; None where there is neither.

    The place is drawn evenly among all digits and signs.
    """
    places = [(at, kind) for at, c in enumerate(reply) for kind in _KINDS if c in kind]
    if not places:
        return None
    at, kind = rng.choice(places)
    other = rng.choice([c for c in kind if c != reply[at]])
    return reply[:at] + other + reply[at + 1 :]
