"""A reply of the policy, as an environment reads it."""

from whet.types.tasks import Finish
from whet.types.tool_calls import BadCall, ToolCall

OPEN, _CLOSE = "<think>", "</think>"


class Reply(str):
    """Text of a reply, which says why it ended, what was thought, and what was called.

    Special tokens stay in the text, except the end token that closes the reply.  `words` is what
    follows the last closing think tag, without calls: all of the text where no thought was opened,
    and nothing where one was opened and not closed.
    """

    __slots__ = ("calls", "finish", "thoughts", "words")

    finish: Finish
    words: str
    thoughts: str
    calls: tuple[ToolCall | BadCall, ...]

    def __new__(
        cls,
        text: str,
        finish: Finish = Finish.STOP,
        *,
        before: str = "",
        calls: tuple[ToolCall | BadCall, ...] = (),
        words: str | None = None,
    ) -> "Reply":
        """A reply to an observation that ends with `before`, such as an opening think tag.

        `words` are those without calls, where a reader of calls found some.
        """
        reply = super().__new__(cls, text)
        reply.finish, reply.calls = finish, calls
        reply.thoughts, said = parted(before, text)
        reply.words = (said or "") if words is None else words
        return reply


def parted(before: str, text: str) -> tuple[str, str | None]:
    """Thoughts and words of a reply that begins behind the text `before`.

    The words are None where the thoughts never end.
    """
    opened = f"{OPEN}{text}" if before.rstrip().endswith(OPEN) else text
    begin, end = opened.rfind(OPEN), opened.rfind(_CLOSE)
    if begin > end:
        return opened[begin + len(OPEN) :], None
    if end < 0:
        return "", text
    thoughts, words = opened[:end], opened[end + len(_CLOSE) :]
    return thoughts.partition(OPEN)[2] if OPEN in thoughts else thoughts, words
