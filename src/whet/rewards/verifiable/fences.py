"""Fenced code blocks in a reply."""

import re

_FENCE = re.compile(
    r"^(?P<indent>[ ]{0,3})(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})(?P<rest>[^\n]*)$"
    r"|(?P<end>(?<!`)`{3,})[ \t\r]*$",
    re.MULTILINE,
)


def last_block(text: str) -> str | None:
    """The content of the last fenced block; None where there is none, or where it isn't closed."""
    found, opened = _scanned(text)
    return None if opened else found


def is_open(text: str) -> bool:
    """Whether the last fenced block is never closed."""
    return _scanned(text)[1]


def _scanned(text: str) -> tuple[str | None, bool]:
    """The content of the last closed block, and whether another one is open behind it.

    A line of code may end in the closing fence; a line with both fences is no block.
    """
    opened: re.Match[str] | None = None
    found = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence if fence["fence"] else None
        elif _closes(fence, opened["fence"]):
            found = _outdented(text[opened.end() + 1 : fence.start()], opened["indent"])
            opened = None
    return found, opened is not None


def _outdented(content: str, indent: str) -> str:
    """The lines of a block without the indent of its fence, as far as they have it."""
    return re.sub(rf"^ {{1,{len(indent)}}}", "", content, flags=re.MULTILINE) if indent else content


def _closes(fence: re.Match[str], opened: str) -> bool:
    return (fence["fence"] or fence["end"]).startswith(opened) and not (fence["rest"] or "").strip()
