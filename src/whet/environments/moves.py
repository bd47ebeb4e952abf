"""Reading of a move from a reply."""

import re

from whet.types import Reply

_BRACES = re.compile(r"\\boxed\{([^{}]*)\}")
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_SQUARE = re.compile(r"\[([^\[\]]*)\]")


def move_in(reply: Reply, grammar: re.Pattern[str]) -> re.Match[str] | None:
    r"""The move of a reply: its words, trimmed, or the last thing in a box; None if it has none.

    A box is `\boxed{…}`, `<answer>…</answer>` or `[…]`.  The whole move has to fit the grammar.
    """
    words = reply.words.strip()
    bare = grammar.fullmatch(words)
    if bare is not None:
        return bare
    boxes = [found for kind in (_BRACES, _ANSWER, _SQUARE) for found in kind.finditer(words)]
    last = max(boxes, key=lambda found: found.start(), default=None)
    return None if last is None else grammar.fullmatch(last[1].strip())
