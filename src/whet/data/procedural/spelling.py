"""The entries of a chain of thought, in the one spelling that step checkers compare."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from whet.rewards.verifiable.extraction import without_end_marks

_ENTRY = re.compile(r"[^;]+")
_RESULT = re.compile(r"#\s+")


class SpelledItem(NamedTuple):
    """reply[start:end], and what it says."""

    start: int
    end: int
    said: str


def entries(reply: str) -> Iterator[SpelledItem]:
    """The texts between `;`; blank ones are left out, as judges do not see them either.

    What an entry says has no blanks around it or behind `#`, and no mark of an end of text.
    """
    for found in _ENTRY.finditer(reply):
        said = _RESULT.sub("#", without_end_marks(found[0]).strip())
        if said:
            yield SpelledItem(found.start(), found.end(), said)
