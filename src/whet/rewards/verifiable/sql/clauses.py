"""Parts of a query, found in its text: comments and quotations are never taken for words."""

import re
from dataclasses import dataclass

_QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))",
    re.DOTALL,
)
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)
_LIMIT = re.compile(r"\blimit\b", re.IGNORECASE)
_WINDOW = re.compile(r"\s*(\d+)(?:\s+offset\s+(\d+)|\s*(,)\s*(\d+))?[\s;]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clauses:
    """The outermost parts of a SELECT: `head` [ORDER BY `order`] [LIMIT a [OFFSET b]]."""

    head: str
    order: str = ""
    limit: tuple[int, int] | None = None  # the first row and the number of rows
    readable: bool = True  # the limit is made of numbers

    def sorted_by(self, more: str) -> str:
        """The query without its limit; rows with equal keys are sorted by `more`."""
        return f"{self.head} ORDER BY {self.order}, {more}" if self.order else self.head


def masked(query: str) -> str:
    """The query with blanks in the place of comments, texts and quoted names."""
    return _QUOTED.sub(lambda hit: " " * len(hit[0]), query)


def uncommented(query: str) -> str:
    """The query with blanks in the place of comments, without a semicolon at its end."""
    plain = _QUOTED.sub(lambda hit: " " * len(hit[0]) if hit["comment"] else hit[0], query)
    return plain.rstrip("; \t\r\n")


def outermost(query: str) -> str:
    """The masked query with blanks in the place of what stands in brackets."""
    depth, outer = 0, []
    for sign in masked(query):
        depth += (sign == "(") - (sign == ")")
        outer.append(sign if depth == 0 else " ")
    return "".join(outer)


def is_ordered(query: str) -> bool:
    """Whether the outermost SELECT has ORDER BY."""
    return _ORDER.search(outermost(query)) is not None


def clauses(query: str) -> Clauses:
    """The outermost parts of a query, without its comments."""
    query = uncommented(query)
    outer = outermost(query)
    order, limit = _ORDER.search(outer), _LIMIT.search(outer)
    end = limit.start() if limit else len(query)
    keys = query[order.end() : end].strip() if order else ""
    head = query[: order.start() if order else end].strip()
    if limit is None:
        return Clauses(head=head, order=keys)
    window = _WINDOW.fullmatch(query[limit.end() :])
    if window is None:
        return Clauses(head=head, order=keys, readable=False)
    first, second = int(window[1]), int(window[2] or window[4] or 0)
    place = (first, second) if window[3] else (second, first)
    return Clauses(head=head, order=keys, limit=place)
