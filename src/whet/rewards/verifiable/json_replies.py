"""The JSON value that a reply ends with."""

import re
from typing import Any

from whet.calls.json_values import end_of
from whet.calls.literals import read
from whet.rewards.verifiable.extraction import tagged, unfinished
from whet.rewards.verifiable.fences import Block, blocks, inline_block, is_open
from whet.types import Finish

_BRACKET = re.compile(r"(?<!\\boxed)[\[{]")
_LABELS = frozenset(("", "json", "jsonc", "json5", "jsonl", "javascript", "js"))


class Unfinished(ValueError):
    """A reply that ends within its answer."""


def value_in(text: str, finish: Finish, begins: str) -> Any:
    """The JSON value of a text without thoughts.

    It is the whole text; or the content of the last `<answer>…</answer>`; there or in the text, the
    last fenced block of JSON, with a label of JSON or with none; else the last object or list among
    the words, whose first sign is in `begins`.  What stands within another object or list is not
    looked at.  Raises `Unfinished`, or `ValueError` where that place holds no JSON.
    """
    try:
        return read(text.strip())
    except ValueError:
        pass
    content = tagged(text)
    held = text if content is None else content
    if unfinished(text, finish) or is_open(held):
        raise Unfinished("the answer never ends")
    found = blocks(held)
    json = [block for block in found if block.label in _LABELS]
    if json:
        return read(json[-1].content.strip())
    if content is not None and not found:
        try:
            return read(content)
        except ValueError:
            pass
    if (inline := inline_block(held)) is not None:
        return read(inline.strip())
    return _last(_without(held, found), begins)


def _without(text: str, found: list[Block]) -> str:
    """The text between its blocks."""
    ends = [0, *(block.end for block in found)]
    starts = [*(block.start for block in found), len(text)]
    return "\n".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _last(text: str, begins: str) -> Any:
    """The last object or list of a text; a bracket that never closes has no value behind it."""
    at, last = 0, ""
    while (bracket := _BRACKET.search(text, at)) is not None:
        at = end_of(text, bracket.start())
        last = text[bracket.start() : at] if bracket[0] in begins else last
    return read(last)
