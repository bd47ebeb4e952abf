"""Fenced code blocks in a reply."""

import re

_FENCE = re.compile(r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})(?P<rest>[^\n]*)$", re.MULTILINE)


def last_block(text: str) -> str | None:
    """The content of the last fenced block; None where there is none, or where it isn't closed."""
    found, opened = _scanned(text)
    return None if opened else found


def is_open(text: str) -> bool:
    """Whether the last fenced block is never closed."""
    return _scanned(text)[1]


def _scanned(text: str) -> tuple[str | None, bool]:
    """The content of the last closed block, and whether another one is open behind it."""
    opened: re.Match[str] | None = None
    found = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence["fence"].startswith(opened["fence"]) and not fence["rest"].strip():
            found = text[opened.end() + 1 : fence.start()]
            opened = None
    return found, opened is not None
