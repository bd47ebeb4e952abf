"""Answers in parts: `(a) …`, `(b) …`, or `(i) …`, `(ii) …`, each for a question of its own."""

import re
from collections.abc import Mapping

from whet.rewards.verifiable.math.conclusions import even

_LABEL = re.compile(
    r"(?:(?<=\s)|(?<=^)|(?<=[$;,]))[*_]{0,3}(?:\\text\{)?(?:[Pp]art )?"
    r"\(?(?P<label>[a-h]|i{1,3}|iv|v)\)\s{0,3}\}?[*_]{0,3}\s{0,3}[:.]?\s{0,3}[*_]{0,3}"
)
_LETTERS, _ROMAN = "abcdefgh", ("i", "ii", "iii", "iv", "v")
_END = " \n\t;,"
_LONGEST = 8000  # characters at the end of a text in which parts are looked for


def parts(text: str) -> Mapping[str, str]:
    """What stands behind each label of the last row of labels; empty without two of them."""
    text = text[-_LONGEST:]
    found = list(_LABEL.finditer(text))
    rows = [_row(found[at:]) for at, one in enumerate(found) if one["label"] in ("a", "i")]
    row = next((row for row in reversed(rows) if len(row) > 1), [])
    ends = [*(one.start() for one in row[1:]), len(text)]
    return {
        one["label"]: even(text[one.end() : end].strip(_END)) for one, end in zip(row, ends, strict=False)
    }


def _row(found: list[re.Match[str]]) -> list[re.Match[str]]:
    """The labels from the first on, as long as each is the next one."""
    order = _ROMAN if found[0]["label"] == "i" else _LETTERS
    pairs = zip(found, order, strict=False)
    row: list[re.Match[str]] = []
    for match, label in pairs:
        if match["label"] != label:
            break
        row.append(match)
    return row
