"""Text cut at signs that stand outside of all brackets."""

import re

_OPEN, _CLOSE = "([{⟪⟨⌊⌈", ")]}⟫⟩⌋⌉"
_FRENCH = re.compile(r"^\](.*)\[$", re.DOTALL)


def cut(text: str, pattern: re.Pattern[str]) -> list[str]:
    """The stripped pieces between the matches of a pattern outside of brackets and quotes."""
    found = places(text, pattern)
    begins, ends = [0, *(end for _, end in found)], [*(begin for begin, _ in found), len(text)]
    return [text[begin:end].strip() for begin, end in zip(begins, ends, strict=True)]


def places(text: str, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """Where a pattern matches outside of brackets and quotes."""
    found, depth, at, quoted = [], 0, 0, False
    while at < len(text):
        sign = text[at]
        quoted ^= sign == '"'
        depth += (sign in _OPEN) - (sign in _CLOSE)
        match = None if depth > 0 or quoted and sign != '"' else pattern.match(text, at)
        if match and match.end() > at:
            found.append(match.span())
            at = match.end()
        else:
            at += 1
    return found


def deepest(text: str) -> int:
    """How many brackets are open at once, at most."""
    depth = reached = 0
    for sign in text:
        depth += (sign in _OPEN) - (sign in _CLOSE)
        reached = max(reached, depth)
    return reached


def enclosed(text: str) -> str:
    """The two brackets around the whole text; empty where its first bracket closes before."""
    if _FRENCH.match(text):
        return "]["
    if not text[1:] or text[0] not in _OPEN or text[-1] not in _CLOSE:
        return ""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in _OPEN) - (sign in _CLOSE)
        if depth <= 0 and place < len(text) - 1:
            return ""
    return text[0] + text[-1] if depth == 0 else ""
