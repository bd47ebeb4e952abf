"""What the texts of parts share: a text is made of a part, and its settings are filled in."""

from collections.abc import Callable, Mapping
from typing import Any

Text = Callable[[Any], list[str]]  # the lines of a part, of which the last assigns its symbol
Texts = Mapping[str, Text]  # by the name of the part's class

TOTAL = (
    "def total(x, row):  # the sum over the rollout of each token",
    "    return x.new_zeros(int(row.max()) + 1 if len(row) else 0).index_add(0, row, x)[row]",
)
MEAN = (
    "def mean(x, row):  # the mean over the rollout of each token",
    "    return total(x, row) / total(torch.ones_like(x), row)",
)


def number(x: float) -> str:
    """A number as Python reads it."""
    return f"float('{x}')" if x in (float("inf"), float("-inf")) else repr(x)


def lines(text: str) -> Text:
    """The same lines for every part of a class: it has no settings."""
    return lambda part: text.splitlines()


class NoTextError(ValueError):
    """A part has no text in plain torch."""


def no_text(part: Any) -> NoTextError:
    """The error for a part without a text."""
    return NoTextError(f"{type(part).__name__} has no text in plain torch")


def text_of(texts: Texts, part: Any) -> list[str]:
    """The lines of a part. Raises `NoTextError` for one without a text."""
    name = type(part).__name__
    if name not in texts:
        raise no_text(part)
    return texts[name](part)
