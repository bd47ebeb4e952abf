"""Reference answers as text: one, or several of which each is right."""

import json
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import isinf
from typing import Any
from unicodedata import category

from whet.rewards.verifiable.extraction import boxed
from whet.types import UsageError

_BLANK = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})  # spaces, and characters without a shape
_MARK = "####"
_LINE_END = re.compile(r"\r\n|\n|\r")
_FINAL = re.compile(r"####(?!#)\s*(\S+|.*\d.*)")  # GSM8K's last line: one word, or a number


def golds(answer: object, place: str) -> tuple[str, ...]:
    r"""The texts of an answer, of which each is right; empty where there is no answer.

    A list of texts or numbers has several.  Numbers, dates and bytes become text, other structures
    JSON.  Of an answer that ends in a line `#### 72`, as those of GSM8K do, or that has one
    `\boxed{72}`, as the solutions of MATH do, the 72 is the answer.
    NaN, null, and text without a visible character are no answers.  Raises `UsageError` for what
    has no form as text, and for a list with a blank entry or a list inside.
    """
    found = _target(_plain(answer))
    if not isinstance(found, list) or (found and all(isinstance(x, Mapping) for x in found)):
        text = _text(found, place)
        return (text,) if text else ()
    if any(isinstance(entry, Mapping | list) for entry in found):
        raise UsageError(
            f"{place}: answer is a list that holds lists or objects; give one text, or a list of "
            "texts of which each is right"
        )
    texts = [_text(entry, place) for entry in found]
    if any(texts) and not all(texts):
        raise UsageError(f"{place}: answer is a list with a blank entry; take it out")
    return tuple(dict.fromkeys(filter(None, texts)))


def _target(answer: Any) -> Any:
    """The value of `{"target": …}`, as Search-R1 and veRL write the answers of a question."""
    if isinstance(answer, Mapping) and answer.keys() == {"target"}:
        return _plain(answer["target"])
    return answer


def is_blank(text: str) -> bool:
    """Whether a text has no visible character: spaces, line ends, zero-width characters."""
    return all(category(sign) in _BLANK for sign in text)


def _plain(answer: Any) -> Any:
    """A value of NumPy, of an enumeration or of a tuple as one of Python's."""
    tolist = getattr(answer, "tolist", None)
    if type(answer).__module__ == "numpy" and type(answer).__name__.startswith("float"):
        return Decimal(str(answer))  # the shortest text: .1 of a float32
    if callable(tolist):
        return _plain(tolist())
    if isinstance(answer, Enum):
        return _plain(answer.value)
    if isinstance(answer, list | tuple):
        return [_plain(entry) for entry in answer]
    return answer


def _text(answer: Any, place: str) -> str:
    if answer is None or answer == {} or _is_nan(answer):
        return ""
    text = answer if isinstance(answer, str) else _written(answer, place)
    return "" if is_blank(text) else _final(text.strip())


def _is_nan(answer: Any) -> bool:
    """Whether a value differs from itself: NaN, and the missing time of pandas."""
    return isinstance(answer, float | Decimal | date) and bool(answer != answer)  # noqa: PLR0124


def _written(answer: Any, place: str) -> str:
    """The text of a value that is none."""
    try:
        match answer:
            case bytes():
                return answer.decode("utf-8")
            case bool() | dict() | list():
                return json.dumps(answer, allow_nan=False)
            case float() | Decimal():
                return _number(answer)
            case int() | Fraction() | date() | time():
                return str(answer)
    except UnicodeDecodeError:
        raise UsageError(
            f"{place}: answer is bytes that are no UTF-8 ({answer!r:.40}); give text"
        ) from None
    except (TypeError, ValueError) as error:
        raise UsageError(f"{place}: answer has no form as text ({error}); give text") from None
    raise UsageError(
        f"{place}: answer is {answer!r:.40} ({type(answer).__name__}), which has no form as text; "
        "give text"
    )


def _number(value: float | Decimal) -> str:
    """All digits and no exponent: 1e20 as its 21 digits; of a float that is whole no `.0`."""
    if isinf(value):
        raise ValueError("it is infinite")
    text = format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    return text.removesuffix(".0") if isinstance(value, float) else text


def _final(text: str) -> str:
    """The value in a last line `#### value`, the only line with that mark; else that of the one
    box of a worked solution; else the whole text.
    """
    lines = _LINE_END.split(text)
    if text.endswith(_MARK) and text.count(_MARK) == 1:
        return ""
    marked = [line for line in lines if line.lstrip().startswith(_MARK)]
    found = _FINAL.fullmatch(lines[-1].strip())
    if found and len(marked) == 1:
        return found[1].strip()
    boxes = [] if marked else [box for box in dict.fromkeys(boxed(text)) if not is_blank(box)]
    return boxes[0] if len(boxes) == 1 else text
