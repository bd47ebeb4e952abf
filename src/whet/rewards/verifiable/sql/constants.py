"""The constants of a query, by the column that each is compared with."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from whet.rewards.verifiable.sql.clauses import masked

_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)"
    r"|'(?P<text>(?:[^']|'')*)'"
    r"|\"(?P<double>(?:[^\"]|\"\")*)\"|`(?P<tick>[^`]*)`|\[(?P<square>[^\]]*)\]"
    r"|(?P<number>(?<![\w.])-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?(?![\w.]))|(?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)
_BREAKS = frozenset(
    [
        "select",
        "from",
        "where",
        "and",
        "or",
        "on",
        "having",
        "group",
        "order",
        "limit",
        "union",
        "intersect",
        "except",
        "when",
        "then",
        "else",
        "end",
        "case",
        "join",
        "using",
        "over",
        "partition",
    ]
)
_DATES = frozenset(["date", "datetime", "time", "julianday", "strftime", "unixepoch"])
_COUNTED = re.compile(r"\bcount\s*\([^()]*\)\s*(?:[<>=!]+|between)\s*(\d+)", re.IGNORECASE)
_LENGTH = re.compile(
    r"\blength\s*\(\s*(?:\w+\.)?(\w+)\s*\)\s*(?:[<>=!]+|between)\s*(\d{1,2})\b", re.IGNORECASE
)
_EQUAL = re.compile(
    r"(?<![\w.])(?:\w+\.)?([A-Za-z_]\w*)\s*={1,2}\s*(?:\w+\.)?([A-Za-z_]\w*)(?![\w.(])"
)
_CHECK = re.compile(r"\bCHECK\s*\(", re.IGNORECASE)
_HALVES = re.compile("[\ud800-\udfff]")  # of pairs; no database holds them
_MOST, _LONGEST, _LARGEST = 24, 60, 10**12  # constants of a column, characters, value
_GROUP = 40  # rows that COUNT may be compared with

Constant = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """What a query says of the values in its tables."""

    near: Mapping[str, tuple[Constant, ...]]  # by the name of a column, in lower case
    loose: tuple[Constant, ...]  # compared with no column that can be named
    dated: frozenset[str]  # columns that a function of dates reads
    equal: frozenset[tuple[str, str]]  # pairs of columns that are compared
    group: int = 0  # the largest number that COUNT is compared with


def constants_of(query: str, names: Collection[str]) -> Constants:
    """The constants of a query on columns of these names, which are in lower case.

    A constant belongs to the column before it in its condition, else to the next one.  SQLite takes
    `"Bob"` for a text where no column has that name.
    """
    near: dict[str, list[Constant]] = defaultdict(list)
    loose: list[Constant] = []
    dated: set[str] = set()
    column, between, function, waiting = "", False, "", list[Constant]()
    for token in _TOKEN.finditer(query):
        name = (token["name"] or token["double"] or token["tick"] or token["square"] or "").lower()
        if name in names:
            column = name
            near[column] += waiting
            waiting = []
            dated |= {name} if function else set()
        elif token["name"]:
            function = name if name in _DATES else ""
            if name in _BREAKS and not (name == "and" and between):
                loose += waiting
                column, waiting = "", []
            between = name == "between" or (between and name != "and")
        elif (constant := _constant(token)) is not None:
            (near[column] if column else waiting).append(constant)
    for name, size in _LENGTH.findall(query):
        near[name.lower()].append("x" * int(size))
    return Constants(
        near={one: tuple(dict.fromkeys(several))[:_MOST] for one, several in near.items()},
        loose=tuple(dict.fromkeys([*loose, *waiting]))[:_MOST],
        dated=frozenset(dated),
        equal=_pairs(query, names),
        group=min(_GROUP, max(map(int, (hit[:4] for hit in _COUNTED.findall(query))), default=0)),
    )


def checks_of(schema: str) -> str:
    """The conditions of all CHECK clauses, one a line, for `constants_of`."""
    hidden, found = masked(schema), []
    for check in _CHECK.finditer(hidden):
        depth, end = 1, check.end()
        while depth and end < len(hidden):
            depth += (hidden[end] == "(") - (hidden[end] == ")")
            end += 1
        found.append(schema[check.end() : end - 1])
    return "\nAND ".join(found)


def _constant(token: re.Match[str]) -> Constant | None:
    if token["number"]:
        fraction = not token["number"].lstrip("-").isdigit()
        value = float(token["number"]) if fraction else int(token["number"][:20])
        return value if abs(value) < _LARGEST else None
    text = token["text"] if token["text"] is not None else token["double"]
    if text is None or len(text) > _LONGEST or _HALVES.search(text):
        return None
    return text.replace("''", "'")


def _pairs(query: str, names: Collection[str]) -> frozenset[tuple[str, str]]:
    pairs = ((a.lower(), b.lower()) for a, b in _EQUAL.findall(masked(query)))
    return frozenset(pair for pair in pairs if pair[0] in names and pair[1] in names)
