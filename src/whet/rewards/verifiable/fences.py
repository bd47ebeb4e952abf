"""Fenced code blocks in a reply."""

import re
from dataclasses import dataclass

_FENCE = re.compile(
    r"^(?P<indent>[ ]{0,3})(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})(?P<rest>[^\n]*)$"
    r"|(?<=[.:!?] )(?P<behind>`{3,})(?P<label>[A-Za-z]\w*)[ \t\r]*$"
    r"|(?P<end>(?<!`)`{3,})[ \t\r]*$",
    re.MULTILINE,
)
_INLINE = re.compile(r"(?<!`)```(?:[A-Za-z]\w*[ \t])?([^`\n]+)```(?!`)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A closed block: the first word behind its fence, in lower case, its content, its place."""

    label: str
    content: str
    start: int
    end: int


def last_block(text: str) -> str | None:
    """The content of the last fenced block; None where there is none, or where it isn't closed."""
    found, opened = _scanned(text)
    return found[-1].content if found and not opened else None


def blocks(text: str) -> list[Block]:
    """The closed blocks, in order."""
    return _scanned(text)[0]


def is_open(text: str) -> bool:
    """Whether the last fenced block is never closed."""
    return _scanned(text)[1]


def inline_block(text: str) -> str | None:
    """The content of the last block that is within one line, such as "```sql SELECT 1```"."""
    found = _INLINE.findall(text)
    return found[-1] if found else None


def _scanned(text: str) -> tuple[list[Block], bool]:
    """The closed blocks, and whether another one is open behind them.

    A line of code may end in the closing fence; a line with both fences is no block.  A fence with
    a label may stand behind a sentence.
    """
    opened: re.Match[str] | None = None
    found: list[Block] = []
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence if fence["fence"] or fence["behind"] else None
        elif _closes(fence, opened["fence"] or opened["behind"]):
            content = _outdented(text[opened.end() + 1 : fence.start()], opened["indent"] or "")
            label = ((opened["rest"] or opened["label"] or "").split() or [""])[0].lower()
            found.append(Block(label=label, content=content, start=opened.start(), end=fence.end()))
            opened = None
    return found, opened is not None


def _outdented(content: str, indent: str) -> str:
    """The lines of a block without the indent of its fence, as far as they have it."""
    return re.sub(rf"^ {{1,{len(indent)}}}", "", content, flags=re.MULTILINE) if indent else content


def _closes(fence: re.Match[str], opened: str) -> bool:
    closing = fence["fence"] or fence["end"] or ""
    return closing.startswith(opened) and not (fence["rest"] or "").strip()
