"""The name that was meant."""

from collections.abc import Sequence
from difflib import get_close_matches

_LOOKED_AT = 64  # characters of a name
_LISTED = 20  # names


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """One sentence: there is no such name, the nearest one, and all that there are."""
    short = name[:_LOOKED_AT]
    close = get_close_matches(short, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    listed = ", ".join(known[:_LISTED]) or "none"
    return f"there is no {kind} {short!r}{hint} the {kind}s are {listed}"
