"""Where the answer stands in a reply, as functions from text to text."""

import re
from collections.abc import Sequence

_BRACES = re.compile(
    r"\\(?:boxed|fbox)\s*(?P<box>\{)"
    r"|\\(?:boxed|fbox)\s+(?P<token>[^\s{}$\\]+)"
    r"|\\[{}]|(?P<open>\{)|(?P<close>\})"
)
_ANCHOR = re.compile(r"(?:final answer is|####|answer\s*:)[\s:*]*([^\s:*][^\n]*)", re.IGNORECASE)
_FORMULA = re.compile(r"\$([^$]+)\$|\\\((.+?)\\\)")
_SENTENCE_END = re.compile(r"\.(?:\s|$)")
_LINE = 2000  # characters; what is searched for formulas must be short, for the search is quadratic


def with_open_think(turns: Sequence[str]) -> str:
    """The last reply; where its prompt ended in `<think>`, with that tag in front."""
    reply = turns[-1] if turns else ""
    asked = turns[-2] if len(turns) > 1 else ""
    return f"<think>{reply}" if asked.rstrip().endswith("<think>") else reply


def after_think(reply: str) -> str | None:
    """The text after the thoughts; None where the thoughts never end."""
    begin, end = reply.rfind("<think>"), reply.rfind("</think>")
    if begin > end:
        return None
    return reply[end + len("</think>") :] if end >= 0 else reply


def answers(text: str) -> tuple[str, tuple[str, ...]]:
    r"""The kind of announcement, and all answers that it announces, in order.

    These are the last `<answer>…</answer>` and the boxes in it; else every balanced \boxed{…}; else
    the text after the last `final answer is`, `####` or `Answer:`.  A number elsewhere is not an
    answer.
    """
    content = tagged(text)
    if content is not None:
        where, found = "answer tag", (content,)
    elif boxes := boxed(text):
        where, found = "box", boxes
    else:
        where, found = "announcement", (_announced(text),)
    inner = (box for answer in found for box in boxed(answer) or (answer,))
    return where, tuple(answer for answer in inner if answer)


def tagged(text: str) -> str | None:
    """The content of the last complete `<answer>…</answer>`."""
    end = text.rfind("</answer>")
    begin = text.rfind("<answer>", 0, max(end, 0))
    return text[begin + len("<answer>") : end].strip() if begin >= 0 else None


def boxed(text: str) -> tuple[str, ...]:
    r"""The content of each outermost \boxed{…} with balanced braces; an unclosed box is skipped."""
    pending: list[int | None] = []  # of each open brace: where its box begins, if it is a box's
    found: list[tuple[int, int]] = []
    for brace in _BRACES.finditer(text):
        if brace["token"]:
            found.append(brace.span("token"))
        elif brace["box"] or brace["open"]:
            pending.append(brace.end() if brace["box"] else None)
        elif brace["close"] and pending and (start := pending.pop()) is not None:
            while found and found[-1][0] >= start:
                found.pop()
            found.append((start, brace.start()))
    return tuple(text[start:end].strip() for start, end in found)


def _announced(text: str) -> str:
    """The formula in the line of the last announcement, or the line's first sentence."""
    lines = _ANCHOR.findall(text)
    line = lines[-1][:_LINE] if lines else ""
    formula = _FORMULA.search(line)
    if formula:
        return (formula[1] or formula[2]).strip()
    return _SENTENCE_END.split(line, maxsplit=1)[0].strip(" *")
