"""Sources of an equation, and its unconfirmed details, as the docstrings state them."""

import re
from collections.abc import Iterable
from inspect import getdoc, getsource
from typing import Any

from whet.policy.inspection import walk

_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
_END = re.compile(r"(?<=[.])(?<!Dr\.)(?<!cf\.)(?: {2,}|\s+(?=[A-Z`β]))")
_DOUBT = re.compile(r"\bunconfirmed\b|\bnot confirmed\b|n't confirmed\b")
_OURS = re.compile(r"\bours?\b|\bthe paper\b|\bThe paper\b|\breleased\b|\boracle")


def papers(text: str) -> list[str]:
    """The arXiv ids of a text, each once."""
    return list(dict.fromkeys(_ARXIV.findall(text)))


def row_of(module: str, name: str = "") -> str:
    """The anchor of a row of docs/papers.md: of a file's part, or of a class or function in it."""
    return f"{module.removeprefix('whet.')}.{name}".rstrip(".").lower()


def sentences(text: str) -> list[str]:
    """The sentences of a docstring, by paragraph, without line breaks."""
    paragraphs = (re.sub(r"\n\s*", " ", part).strip() for part in text.split("\n\n"))
    return [s.strip() for part in paragraphs for s in _END.split(part) if s.strip()]


def own_words(module: Any, offer: Any) -> list[tuple[str, str]]:
    """The docstrings of a file and of the part that it offers, without names."""
    return [("", getdoc(module) or ""), ("", getdoc(offer) or "" if offer else "")]


def of_parts(value: Any) -> list[tuple[str, str]]:
    """The docstrings and field comments of the classes of all parts; each class once."""
    kinds = list(dict.fromkeys(type(part) for part in walk(value)))
    said = [(kind.__name__, getdoc(kind) or "") for kind in kinds]
    return said + [(kind.__name__, text) for kind in kinds for text in _comments(kind)]


def unconfirmed(said: Iterable[tuple[str, str]]) -> list[str]:
    """The sentences that call a detail unconfirmed."""
    return _matching(_DOUBT, said)


def departures(said: Iterable[tuple[str, str]]) -> list[str]:
    """The sentences about differences of paper, released code and this code.

    Sentences that call a detail unconfirmed are left out.
    """
    return [s for s in _matching(_OURS, said) if not _DOUBT.search(s)]


def _matching(pattern: re.Pattern[str], said: Iterable[tuple[str, str]]) -> list[str]:
    found = [
        f"{name}: {sentence}" if name else sentence
        for name, text in said
        for sentence in sentences(text)
        if pattern.search(sentence)
    ]
    return list(dict.fromkeys(found))


def _comments(kind: type) -> list[str]:
    """The source lines of fields with a comment that calls the value unconfirmed."""
    try:
        lines = getsource(kind).splitlines()
    except OSError:
        return []
    fields = (line.strip().split("  #") for line in lines if "  #" in line)
    return [f"{field} ({note.strip()})" for field, *rest in fields for note in rest]
