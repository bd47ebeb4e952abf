"""Fenced code blocks in a reply."""

import re

_FENCE = re.compile(r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})(?P<rest>[^\n]*)$", re.MULTILINE)


def last_block(text: str) -> str | None:
    """The content of the last fenced block that is closed; None where there is none."""
    opened: re.Match[str] | None = None
    found = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence["fence"].startswith(opened["fence"]) and not fence["rest"].strip():
            found = text[opened.end() + 1 : fence.start()]
            opened = None
    return found
