"""Truth tables as bits of an integer: bit i is the truth under the i-th assignment.

Assignments are numbered in the order of `itertools.product`, with the first variable as the
slowest.

The rewards `sat` and `knights` read the same statements, one assignment at a time.  This second
reading is deliberate: tasks are drawn by counting solutions, which needs all assignments at once,
and each reading checks the other in a test.
"""

from functools import lru_cache, reduce
from operator import and_, or_

_NAMES = "abcdefghijklmnop"


def everything(count: int) -> int:
    """The table of the constant true, for `count` variables."""
    return (1 << 2**count) - 1


def truth(statement: str, count: int) -> int:
    """The table of literals, `a` or `-b`, joined by `+` (or) or by `*` (and)."""
    join = and_ if "*" in statement else or_
    return reduce(join, (_literal(part, count) for part in statement.replace("*", "+").split("+")))


def assignments(table: int, count: int) -> tuple[tuple[str, ...], ...]:
    """Every assignment that makes a table true, as one 0 or 1 per variable."""
    found = []
    while table:
        place = (table & -table).bit_length() - 1
        found.append(tuple(f"{place:0{count}b}"))
        table &= table - 1
    return tuple(found)


@lru_cache(maxsize=256)
def _literal(part: str, count: int) -> int:
    if part.startswith("-"):
        return everything(count) ^ _literal(part[1:], count)
    shift = count - 1 - _NAMES.index(part)
    return sum(1 << place for place in range(2**count) if place >> shift & 1)
