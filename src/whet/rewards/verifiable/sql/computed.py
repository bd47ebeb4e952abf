"""Values that a query computes from constants, such as `25 * 40` or `'a' || 'b'`."""

import re
import sqlite3
from collections.abc import Collection, Iterator
from itertools import groupby

from whet.rewards.verifiable.sql.answers import Read
from whet.rewards.verifiable.sql.clauses import uncommented

_TOKEN = re.compile(
    r"(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>(?<![\w.])(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.]))"
    r"|(?P<call>[A-Za-z_]\w*(?=\s*\())"
    r"|(?P<sign>\|\||<<|>>|[-+*/%&~(),])"
    r"|(?P<blank>\s+)|(?P<other>[\"`\[]|\w+|.)",
    re.DOTALL,
)
_WORDS = frozenset(
    {"in", "and", "or", "not", "as", "on", "exists", "values", "select", "from", "where"}
)
_WORDS |= {
    "having",
    "when",
    "then",
    "else",
    "over",
    "filter",
    "between",
    "like",
    "glob",
    "is",
    "by",
}
_MOST = 40  # expressions
_PLAIN = re.compile(r"\s*-?\s*(?:[\d.]+|'(?:[^']|'')*')\s*")


def computed(query: str, names: Collection[str], read: Read) -> str:
    """The computed values of a query, each behind what stands before its expression.

    `names` are those of the columns, in lower case.  The text is for `constants_of`, which needs
    the order of columns and constants.
    """
    told, end = list[str](), 0
    query = uncommented(query)
    for begin, part in _expressions(query, names):
        if len(told) >= _MOST or _PLAIN.fullmatch(part):
            continue
        try:
            value = read(f"SELECT {part}")[0][0][0]
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, LookupError):
            continue
        if isinstance(value, (int, float)):
            told += [query[end:begin], f" {value!r} "]
        elif isinstance(value, str):
            told += [query[end:begin], " '" + value.replace("'", "''") + "' "]
        end = begin + len(part)
    return "".join(told)


def _expressions(query: str, names: Collection[str]) -> Iterator[tuple[int, str]]:
    """The longest expressions without names of columns, and their places."""

    def is_constant(token: re.Match[str]) -> bool:
        return not token["other"] and (token["call"] or "").lower() not in _WORDS.union(names)

    for constant, run in groupby(_TOKEN.finditer(query), is_constant):
        if constant:
            yield from _parts([*run])


def _parts(run: list[re.Match[str]]) -> Iterator[tuple[int, str]]:
    """The expressions of a run of tokens, which brackets and commas may separate."""
    part: list[re.Match[str]] = []
    depths: list[int] = []  # the length of the part at each open bracket
    for token in run:
        if token[0] == "(":
            depths.append(len(part))
        closes = token[0] == ")" and not depths
        if closes or (token[0] == "," and not depths):
            yield from _whole(part)
            part = []
            continue
        if token[0] == ")":
            depths.pop()
        part.append(token)
    for begin, end in zip([0, *(n + 1 for n in depths)], [*depths, len(part)], strict=True):
        yield from _whole(part[begin:end])


def _whole(part: list[re.Match[str]]) -> Iterator[tuple[int, str]]:
    """A part with a constant and something else, without what can't begin an expression."""
    while part and part[0][0].strip() in ("", "*", "/", "%", "||", "&", "<<", ">>", ","):
        part = part[1:]
    text = "".join(token[0] for token in part)
    if _is_list(part):
        yield from _parts(part[1:])
        return
    if any(token["text"] or token["number"] for token in part):
        yield part[0].start(), text


def _is_list(part: list[re.Match[str]]) -> bool:
    """Whether a part is a bracket with commas, such as one behind IN."""
    depth = 0
    for place, token in enumerate(part):
        if token[0] == "," and depth == 1 and part[0][0] == "(":
            return True
        depth += (token[0] == "(") - (token[0] == ")")
        if depth == 0 and place:
            return False
    return False
