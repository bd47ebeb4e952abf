"""JSON within a longer text: where a value ends, found before it is parsed, and its writing."""

import json
import re
from typing import Any

from whet.calls.literals import read

LONGEST = 20_000  # characters of a call
DEEPEST = 32  # levels of lists and objects in the arguments of a call

_AROUND = 2  # levels of a call around its arguments: the list of calls, the call
_JSON = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_THOUGHTS = re.compile(r"</?think>")


def end_of(text: str, start: int, tokens: re.Pattern[str] = _JSON) -> int:
    """Where the bracket that begins at `start` is closed; `tokens` are strings and brackets.

    Raises `ValueError` where no bracket begins, for one that never closes, and beyond the limits.
    """
    if text[start : start + 1] not in ("[", "{"):
        raise ValueError("an object or a list must stand here")
    depth = 0
    for token in tokens.finditer(text, start, start + LONGEST):
        if token[0] in ("[", "{", "("):
            depth += 1
        elif token[0] in ("]", "}", ")"):
            depth -= 1
            if not depth:
                return token.end()
        if depth > DEEPEST + _AROUND:
            raise ValueError(f"it is nested more than {DEEPEST} deep")
    if len(text) - start > LONGEST:
        raise ValueError(f"it is longer than {LONGEST:,} characters, or its brackets don't match")
    raise ValueError("its brackets don't match")


def value_at(text: str, start: int) -> tuple[Any, int]:
    """The object or list that begins at `start`, and where it ends.

    Raises `ValueError` for invalid JSON and for what `literals.read` refuses.
    """
    end = end_of(text, start)
    return read(text[start:end]), end


def json_text(value: Any) -> str:
    """JSON of a value.  `<` is escaped where a tag of thoughts would hide the call."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c") if _THOUGHTS.search(text) else text
