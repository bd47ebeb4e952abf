"""Answers in parts: `(a) …`, `(b) …`, or `(i) …`, `(ii) …`, each for a question of its own."""

import re
from collections.abc import Mapping

from whet.rewards.verifiable.math.conclusions import even

_LABEL = re.compile(
    r"(?:(?<=\s)|(?<=^)|(?<=[$;,])|(?=\\text\{))[*_]{0,3}(?:\\text\{)?(?:[Pp]art )?"
    r"\(?(?P<label>[a-h]|i{1,3}|iv|v)\)\s{0,3}\}?[*_]{0,3}\s{0,3}[:.]?\s{0,3}[*_]{0,3}"
)
_LETTERS, _ROMAN = "abcdefgh", ("i", "ii", "iii", "iv", "v")
_END = " \n\t;,"
_LONGEST = 8000  # characters at the end of a text in which parts are looked for


def parts(text: str) -> Mapping[str, str]:
    """What stands behind each label of the last labels, in any order; empty without two of them."""
    text = text[-_LONGEST:]
    found = list(_LABEL.finditer(text))
    ends = [*(one.start() for one in found[1:]), len(text)][: len(found)]
    said: dict[str, str] = {}
    for one, end in reversed(list(zip(found, ends, strict=True))):
        if one["label"] in said:
            break
        said[one["label"]] = even(text[one.end() : end].strip(_END))
    rows = (_ROMAN[: len(said)], tuple(_LETTERS[: len(said)]))
    return said if len(said) > 1 and tuple(sorted(said)) in rows else {}
