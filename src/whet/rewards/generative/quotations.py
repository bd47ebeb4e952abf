"""What a judge says itself, apart from its thoughts and from what it quotes.

A judge reads texts of a policy, which may hold a verdict of their own, and it may repeat them.  So
a verdict counts only where it can't be a repetition, as far as the form of the text tells.
"""

import re

from whet.rewards.verifiable.extraction import without_end_marks

OPEN, CLOSE = "<think>", "</think>"
ROLE_MARK = re.compile(  # what chat templates put between turns
    r"<(?=[|\uff5c][^\s<>|\uff5c]{1,40}[|\uff5c]>)"
    r"|<(?=/?(?:s|bos|eos|unk|pad|start_of_turn|end_of_turn)>|</?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS)\])"
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_VERDICT = re.compile(r"[*_# ]*verdict[*_ ]*:[*_ ]*(yes|no)[*_. ]*", re.IGNORECASE | re.ASCII)
_SAID = re.compile(  # a verdict within a line
    r"verdict[*_ ]*(?:(?:is|was|would be|remains)\b|[:：=–—-])[*_ \"'`“”]*(yes|no)\b", re.IGNORECASE
)
_CONTINUED = re.compile(  # the end of a line that goes on in the next one
    r"(?:[-–—=→(\[{<,…‘]|[-=]>|(?:^|\s)['`]{1,2}|\.\.\."
    r"|\b(?:a|an|and|as|by|for|from|is|of|or|reads?|that|the|this|to|was|with|without"
    r"|(?:say|sai|claim|state|stating|repeat|contain|demand|insist|output|writ|wrote|print|end)"
    r"(?:s|d|e|es|ed|ing|on|ten)?|text|line))[*_ ]*$",
    re.IGNORECASE,
)
_LABEL = re.compile(  # a line that names what stands below it
    r"[#*_\[\]=~\s-]*(?:(?:begin|start|end)\b[\s_-]*)?(?:of\b[\s_-]*)?(?:the\b\s*)?"
    r"(?:(?:candidate|proposed|model|student)(?:'s)?[\s_-]*)?"
    r"(?:reply|response|answer|candidate|assistant|user|system|model|student|quote|text)"
    r"[#*_\[\]=~\s-]*",
    re.IGNORECASE,
)
_RULE = re.compile(r"[-=~_*\s]+")
_INSIDE = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|`[^`\n]*`|«[^»\n]*»|^\s*>.*")  # a line's quotations
_ANNOUNCED = re.compile(
    r"\b(?:follow(?:s|ing)|below|verbatim|quot(?:e|es|ed|ing|ation))\b", re.IGNORECASE
)
_INDENTED = re.compile(r" {0,3}\t| {4}")  # a block of code in Markdown
_OPENING_TAG = re.compile(r"<{1,2}[^<>/][^<>]*>{1,2}")
_LOOKALIKES = str.maketrans("\u0435\u043e\u0441\u0456\u0455\u0443\u0501", "eocisyd")
_BEFORE = " \t\n([{*_,;:=—-'`>"  # what stands before a mark that opens a quotation
_MARKS = (
    "“”„",
    "«»",
    "「」",
    "『』",
)  # a text that has an odd number of these has an open one


_NAMES = frozenset(  # of a verdict, or of what leads to it
    (
        *("assessment", "conclusion", "decision", "evaluation", "finally", "hence", "judgement"),
        *("judgment", "mark", "marks", "overall", "rating", "result", "ruling", "score", "scores"),
        *("summary", "therefore", "thus", "verdict"),
    )
)
_BESIDE = frozenset(
    (
        *("a", "above", "an", "analysis", "and", "are", "as", "based", "below", "final", "format"),
        *("here", "i", "in", "is", "json", "me", "my", "now", "on", "requested", "so", "the"),
        *("this", "to", "with"),
    )
)


class Unreadable(ValueError):
    """The judge's reply does not have the required form."""


def after_thoughts(text: str) -> str:
    """The reply without its thoughts, which begin it.  Raises `Unreadable` where they have no clear
    end, and where a mark of a chat template stands in the reply: behind it another speaks.

    One `<think>` at the very beginning and one `</think>` are thoughts.  Any other of these tags
    may be quoted, and what stands behind it, too.
    """
    text = without_end_marks(text)
    if ROLE_MARK.search(text):
        raise Unreadable("it has a mark of a chat template; write none")
    opened, closed = text.count(OPEN), text.count(CLOSE)
    if not opened and not closed:
        return text.strip()
    thoughts, _, said = text.partition(CLOSE)
    if (opened, closed) != (1, 1) or not thoughts.lstrip().startswith(OPEN):
        raise Unreadable(
            f"{OPEN} has to begin the reply and {CLOSE} to end the thoughts, each of them once "
            "(begun.BegunThoughts is for a model whose template begins them)"
        )
    return said.strip()


def last_verdict(text: str) -> bool:
    """Whether the last line is `Verdict: yes`.  Raises `Unreadable` where it is neither verdict, or
    where it may be quoted.

    It may be quoted in a block of code, behind a quotation mark that is never closed, or below a
    line that is a tag, begins with `>`, or ends in a colon and is no heading of the judge's own;
    where the line before is unfinished, a mere label, or announces a quotation; and where another
    line says the opposite.
    """
    lines = text.rstrip().split("\n")
    match = _VERDICT.fullmatch(lines[-1].strip())
    if match is None:
        raise Unreadable(f"the last line is no verdict: {lines[-1].strip()[:80]!r}")
    outside, fenced = _outside_fences(lines)
    said = match[1].lower()
    if fenced or _INDENTED.match(lines[-1]):
        raise Unreadable("the last line is in a block of code, so it may be quoted")
    if any(other != said for other in _verdicts(outside)):
        raise Unreadable("there are lines with both verdicts")
    above = lines[:-1]
    if why := _introduced([line for line in above if line.strip()], directly=above[-1:]):
        raise Unreadable(f"the last line may be quoted, for {why}; state the verdict apart")
    return said == "yes"


def heading(line: str) -> bool:
    """Whether a line announces the judge's own verdict: `Final verdict:`, `Here is my rating:`.

    No word of it may name another speaker, or anything but a verdict.
    """
    words = frozenset(re.findall(r"[^\W\d_]+", line.casefold()))
    return words <= _NAMES | _BESIDE and not _NAMES.isdisjoint(words)


def _outside_fences(lines: list[str]) -> tuple[list[str], bool]:
    """The lines outside of all fences, and whether the last fence is still open."""
    outside: list[str] = []
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if not fence and mark:
            fence = mark[1]
        elif fence and mark and mark[1].startswith(fence) and not mark[2].strip():
            fence = ""
        elif not fence:
            outside.append(line)
    return outside, bool(fence)


def _verdicts(lines: list[str]) -> list[str]:
    return [word.lower() for line in lines for word in _SAID.findall(_own(line))]


def _own(line: str) -> str:
    """The line without its quotations, and with Latin letters in the place of those that look like
    them.
    """
    return _INSIDE.sub("", line).translate(_LOOKALIKES)


def _introduced(above: list[str], directly: list[str]) -> str:
    """Why what stands below these lines may be a quotation; empty where nothing says so."""
    last = above[-1].strip() if above else ""
    if last.rstrip("*_ ").endswith((":", "：")) and not heading(last):
        return "a colon ends the line before"
    if _OPENING_TAG.fullmatch(last):
        return "a tag stands before it"
    spoken = next((line.strip() for line in reversed(above) if not _RULE.fullmatch(line)), "")
    if _LABEL.fullmatch(spoken) or _CONTINUED.search(spoken) or _ANNOUNCED.search(spoken):
        return "the line before leads to it"
    if any(line.lstrip().startswith(">") for line in directly):
        return "the line before is quoted"
    text = "\n".join(above)
    if _open(text) or any(sum(map(text.count, marks)) % 2 for marks in _MARKS):
        return "a quotation mark is never closed"
    return ""


def _open(text: str) -> bool:
    """Whether a straight quotation mark is never closed.  One behind a letter or digit closes, or
    is a sign of inches: it opens nothing.
    """
    is_open = False
    for mark in re.finditer('"', text):
        is_open = not is_open and (mark.start() == 0 or text[mark.start() - 1] in _BEFORE)
    return is_open
