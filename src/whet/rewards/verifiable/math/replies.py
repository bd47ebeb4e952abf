"""From a reply to the answers that it gives, and whether they are the task's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from whet.rewards.verifiable.extraction import answers, behind_box, final_boxes
from whet.rewards.verifiable.math.conclusions import (
    announced_spans,
    concluded,
    doubts,
    labelled_span,
)
from whet.rewards.verifiable.math.wording import known_unit
from whet.types import Finish

_TAIL = 4000  # characters at the end of a reply in which a conclusion is looked for
_BROKEN = re.compile(r"(?<![.:;!?。*|$}>\d\n])[ \t]*\n(?=[a-z\d(])|[ \t]*\n(?=(?:or|and|but)\b)")
_ITEM = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])\s+(\S.*)$")
_HASHED = re.compile(r"(?:^[ \t*]*|\s)####\s*([-+$]{0,2}\d(?![^\n]*\d\. )[^\n]*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Given:
    """Where a reply gives its answers, and these: of several, each counts."""

    where: str
    answers: tuple[str, ...]
    added: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()  # the items of a list at the end, joined in two ways


def given(text: str, finish: Finish) -> Given:
    """The answers of a reply after its thoughts; none where it gives none, or is cut in one."""
    where, found = answers(text, finish)
    if where == "box" and found:
        behind = behind_box(text) if finish is not Finish.LENGTH else ""
        added = (*announced_spans(behind[-_TAIL:]), *doubts(behind[-_TAIL:]))
        boxes = final_boxes(text)
        joined = (", ".join(boxes),) if len(set(boxes)) > 1 else ()
        return Given(where, _with_units(text, boxes), added, listed=joined)
    if where == "answer tag" or _is_hashed(text):
        hashed = _HASHED.findall(text) if _is_hashed(text) and not found else []
        return Given(where, found or tuple(hashed[-1:]))
    if finish is Finish.LENGTH or (not found and _is_open(text)):
        return Given(where, found)
    return _in_prose(text, where, found)


def _in_prose(text: str, where: str, found: tuple[str, ...]) -> Given:
    """The answers of a reply without a box, a tag or `####`."""
    tail = _BROKEN.sub(" ", text[-_TAIL:])
    spans = announced_spans(tail) or labelled_span(tail)
    if spans:
        return Given("announcement", tuple(spans), listed=listed(text))
    if found:
        return Given(where, found)
    sentence = concluded(tail)
    return Given("conclusion", (sentence,) if sentence else (), listed=listed(text))


def listed(text: str) -> tuple[str, ...]:
    """The items of a list in the last lines of a text, with commas and with `or` between them."""
    items: list[str] = []
    for line in reversed(text[-_TAIL:].rstrip().splitlines()):
        match = _ITEM.match(line)
        if match is None:
            break
        items.insert(0, match[1].replace("**", "").rstrip(" .,;").replace("$", ""))
    return (", ".join(items), " or ".join(items)) if len(items) > 1 else ()


def _is_hashed(text: str) -> bool:
    return bool(re.search(r"(?:^[ \t*]*|\s)####", text, re.MULTILINE)) and "\\boxed" not in text


def _is_open(text: str) -> bool:
    """Whether a box or a tag was opened."""
    return "\\boxed{" in text or "<answer>" in text


def _with_units(text: str, boxes: Sequence[str]) -> tuple[str, ...]:
    r"""The boxes, the last one with the unit that stands behind it: `\boxed{5}` metres."""
    last = boxes[-1]
    word = known_unit(behind_box(text)[:80])
    if not word or not re.fullmatch(r"[\\\d.,^{}\s()a-z*/+-]+", last):
        return tuple(boxes)
    return (*boxes[:-1], rf"{last}\text{{ {word} }}")
