"""What the policy reads of a tool: its result, or the error that it raised."""

import json
import re
from typing import Any

_FOLDERS = re.compile(  # of a path
    r"(?<![\w/:.<])/(?:[^\s/'\":]+/)*(?=[^\s/'\":])|\b[A-Za-z]:\\(?:[^\s\\'\":]+\\)*"
)
_LINE = 300  # characters of an error


def text_of_result(value: Any, most: int) -> str:
    """A string as it is, else JSON with sorted keys; the middle of a long text is left out.

    Raises `TypeError`, `ValueError` or `RecursionError` for what is no JSON: bytes, NaN, cycles.
    """
    if isinstance(value, str):
        text = str(value)
    else:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
    return clean(_cut(text, most))


def text_of_error(error: BaseException) -> str:
    """`TypeName: message`: the first line of it, without folders, 300 characters."""
    try:
        told = str(error)
    except Exception:  # noqa: BLE001 (an exception that can't be printed is still told by its type)
        told = ""
    first = _FOLDERS.sub("", _line(told))
    name = type(error).__name__
    return clean(f"{name}: {first}" if first else name)[:_LINE]


def clean(text: str) -> str:
    """The text with a `?` for every half of a surrogate pair, so that it can be encoded."""
    return text.encode(errors="replace").decode()


def _line(told: str) -> str:
    stripped = told.strip()[: 4 * _LINE]
    return stripped.splitlines()[0] if stripped else ""


def _cut(text: str, most: int) -> str:
    left_out = len(text) - most
    if left_out <= 0:
        return text
    head = (most + 1) // 2
    return f"{text[:head]}… {left_out} characters left out …{text[head + left_out :]}"
