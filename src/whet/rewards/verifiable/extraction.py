"""Where the answer stands in a reply, as functions from text to text."""

import re
from collections.abc import Sequence

from whet.types import Finish
from whet.types.replies import parted

_BRACES = re.compile(
    r"\\(?:boxed|fbox)\s*(?P<box>\{)"
    r"|\\(?:boxed|fbox)\s+(?P<token>[^\s{}$\\]+)"
    r"|\\\\(?!boxed|fbox)|\\[{}]|(?P<open>\{)|(?P<close>\})"  # a line break, then a brace
)
_ANCHOR = re.compile(
    r"(?:final answer is|answer\s*[:\uff1a]|答案(?:[是为為]|\s*[:\uff1a]))"
    r"[\s:\uff1a*]*(?=[^\s:\uff1a*])",
    re.IGNORECASE,
)
_HASHES = re.compile(r"[ \t*]*####[ \t:*]*(?=[^\s:*])")  # as GSM8K's last line
_NUMBERED = re.compile(  # a line of a number alone
    r"^[ \t]*####[ \t:*]*(?=[-+$]{0,2}[\d.,]*\d[%.]?[ \t\r*]*$)", re.MULTILINE
)
_END_MARK = re.compile(
    r"(?:<\|(?:im_end|endoftext|end_of_text|eot_id|eom_id|end|return|END_OF_TURN_TOKEN)\|>"
    r"|<\uff5cend\u2581of\u2581sentence\uff5c>|<end_of_turn>|</s>|<eos>)\Z"
)
_OFFERED = re.compile(
    r"\W*(?:or|alternatively|either|and|maybe|perhaps|otherwise)\W+(?:boxed\W)?", re.IGNORECASE
)
_TAKEN_BACK = re.compile(
    r"\b(?:is|was|were|be) (?:wrong|incorrect|mistaken|an error|a mistake|not (?:right|correct))\b"
    r"|\b(?:made|makes) (?:a|an) (?:\w+ )?(?:mistake|error|slip)\b|\bshould (?:be|have been)\b"
    r"|\bthe (?:correct|right|true|actual) (?:value|answer|result|number|one) is\b",
    re.IGNORECASE,
)
_NEXT_SENTENCE = re.compile(r"[.;!]\$?\s+[^\W\d_]")
_ANOTHER = re.compile(
    r"^[\s$.,;]*and\b|\band[\s$]*$|\b(?:or|also|alternatively|otherwise|either|maybe|perhaps|possibly|could|might|may|another"
    r"|other|second|first|both|as well|too|then again|not sure)\b|\(\w+\)|\?",
    re.IGNORECASE,
)
_MARK = 32  # characters, at least as many as the longest mark has
_FORMULA = re.compile(r"\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]")
_SENTENCE_END = re.compile(r"\.(?:\s|$)|。")
_ENDED = re.compile(r"\.\s|。")  # at the end of a cut reply, the full stop may be a decimal point
_LINE = 2000  # characters; what is searched for formulas must be short, for the search is quadratic


def with_open_think(turns: Sequence[str]) -> str:
    """The last reply; where its prompt ended in `<think>`, with that tag in front.

    Marks of an end, such as `<|im_end|>`, are no part of it, even if they are not the model's own.
    """
    reply = without_end_marks(turns[-1]) if turns else ""
    asked = turns[-2] if len(turns) > 1 else ""
    return f"<think>{reply}" if asked.rstrip().endswith("<think>") else reply


def after_think(reply: str) -> str | None:
    """The text after the thoughts; None where the thoughts never end."""
    return parted("", reply)[1]


def without_end_marks(reply: str) -> str:
    """The reply without the marks of an end of text or turn that close it."""
    while mark := _END_MARK.search(reply.rstrip()[-_MARK:]):
        reply = reply.rstrip()[: -len(mark[0])]
    return reply


def answers(text: str, finish: Finish = Finish.STOP) -> tuple[str, tuple[str, ...]]:
    r"""The kind of announcement, and all answers that it announces, in order.

    These are the last `<answer>…</answer>` and the boxes in it; else every balanced \boxed{…}; else
    the text after the last `final answer is` or `Answer:`, the last line `#### …`, or a line before
    it that is `####` and a number.  A number elsewhere is not an answer.  Nor is one that has no
    end: see `unfinished`.
    """
    if unfinished(text, finish):
        return "announcement", ()
    content = tagged(text)
    if content is not None:
        where, found = "answer tag", (content,)
    elif boxes := boxed(text):
        where, found = "box", boxes
    else:
        where, found = "announcement", (_announced(text, finish),)
    inner = (box for answer in found for box in boxed(answer) or (answer,))
    return where, tuple(answer for answer in inner if answer)


def unfinished(text: str, finish: Finish) -> bool:
    r"""Whether the text ends inside an answer: its last `<answer>` or \boxed{ is never closed.

    An earlier answer does not count then.  A complete box behind the open tag or box does.  The
    word after `\boxed ` has no end of its own, so it is unfinished where a cut reply ends in it.
    """
    closed, open_box = _boxes(text)
    last = closed[-1] if closed else (-1, -1)
    begun = max(open_box, _open_tag(text))
    return begun > last[0] or (finish is Finish.LENGTH and last[1] == len(text))


def _open_tag(text: str) -> int:
    """Where the last `<answer>` begins, if it is never closed; else −1."""
    begin = text.rfind("<answer>")
    return begin if begin > text.rfind("</answer>") else -1


def tagged(text: str) -> str | None:
    """The content of the last `<answer>…</answer>`; None where the last tag is never closed."""
    end = text.rfind("</answer>")
    begin = text.rfind("<answer>", 0, max(end, 0))
    if begin < 0 or _open_tag(text) >= 0:
        return None
    return text[begin + len("<answer>") : end].strip()


def boxed(text: str) -> tuple[str, ...]:
    r"""The content of each outermost \boxed{…} with balanced braces; an unclosed box is skipped."""
    return tuple(text[start:end].strip() for start, end in _boxes(text)[0])


def behind_box(text: str) -> str:
    """The text behind the last closed box."""
    return text[_boxes(text)[0][-1][1] + 1 :]


def final_boxes(text: str) -> tuple[str, ...]:
    r"""The boxes that are the answer: those in the last line with a box, and what is offered.

    Boxes in earlier lines are steps, or were corrected, unless only a word such as `or` is between.
    So are boxes in earlier sentences of the line, if no word such as `also` is between.
    """
    spans = _boxes(text)[0]
    kept = spans[-1:]
    for (_, end), (begin, _) in zip(spans[-2::-1], spans[:0:-1], strict=False):
        between = text[end:begin]
        if _is_taken_back(between) or ("\n" in between and not _OFFERED.fullmatch(between)):
            break
        if _NEXT_SENTENCE.search(between) and not _ANOTHER.search(between):
            break
        kept.insert(0, spans[len(spans) - len(kept) - 1])
    outer = [text[begin:end].strip() for begin, end in kept]
    return tuple(inner for one in outer for inner in boxed(one) or (one,))


def _is_taken_back(between: str) -> bool:
    """Whether the words between two boxes say that the first one is wrong."""
    return _TAKEN_BACK.search(between) is not None


def _boxes(text: str) -> tuple[list[tuple[int, int]], int]:
    """The span of each outermost closed box, and the start of the last open one, or −1."""
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
    return found, max((start for start in pending if start is not None), default=-1)


def _announced(text: str, finish: Finish) -> str:
    """The formula in the line of the last announcement, or the line's first sentence.

    Empty where a cut reply ends in that sentence.
    """
    begin = _announcement(text)
    if begin < 0:
        return ""
    line, newline, _ = text[begin:].partition("\n")
    cut = finish is Finish.LENGTH and not newline
    formula = _FORMULA.search(line[:_LINE])
    if formula:
        return next(filter(None, formula.groups())).strip()
    if cut and not _ENDED.search(line):
        return ""
    return _SENTENCE_END.split(line[:_LINE], maxsplit=1)[0].strip(" *")


def announced_line(text: str, finish: Finish = Finish.STOP) -> str:
    """The whole line of the last announcement; empty where there is none, or where it is cut."""
    begin = _announcement(text)
    line, newline, _ = text[begin:].partition("\n")
    cut = finish is Finish.LENGTH and not newline
    return "" if begin < 0 or cut else line.strip(" *\t\r")


def _announcement(text: str) -> int:
    """Where the last announced answer begins, or −1."""
    anchors = [mark.end() for kind in (_ANCHOR, _NUMBERED) for mark in kind.finditer(text)]
    whole = text.rstrip()
    hashes = _HASHES.match(whole, whole.rfind("\n") + 1)
    return max([*anchors, hashes.end() if hashes else -1])
