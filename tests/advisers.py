"""Advisers that answer from a script: judges are tried without a model."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from recorded import recorded

from whet.types import ChatDecoding, ChatReply, Rollout, Task

FENCED = re.compile(
    r"<<(?P<name>[\w ]+) (?P<nonce>[0-9a-f]{16})>>\n(.*?)\n<<end (?P=nonce)>>", re.S
)


@dataclass(frozen=True)
class Reading:
    """A question, as the chat model sees it: its duty, its texts and how often it was put."""

    user: str
    system: str
    texts: dict[str, str]
    decoding: ChatDecoding
    repair: bool


@dataclass(eq=False)
class Scripted:
    """Says what a function makes of the question: one text, or one per sample."""

    say: Callable[[Reading], "str | Sequence[str | ChatReply]"]
    heard: list[Reading] = field(default_factory=list)

    async def complete(self, messages, decoding):
        reading = read(messages, decoding)
        self.heard.append(reading)
        said = self.say(reading)
        replies = [said] * decoding.samples if isinstance(said, str) else list(said)
        assert len(replies) == decoding.samples
        return tuple(
            r if isinstance(r, ChatReply) else ChatReply(text=r, prompt_tokens=10, reply_tokens=2)
            for r in replies
        )


def read(messages, decoding) -> Reading:
    user = messages[1]["content"]
    texts = {match["name"]: match[3] for match in FENCED.finditer(user)}
    return Reading(user, messages[0]["content"], texts, decoding, repair=len(messages) > 2)


def saying(*texts: str) -> Scripted:
    """The texts, one question after the other; the last for ever."""
    left: Iterator[str] = iter(texts)
    last = [texts[-1]]

    def say(reading: Reading) -> list[str]:
        return [next(left, last[0]) for _ in range(reading.decoding.samples)]

    return Scripted(say)


def rolled(reply: str, prompt="What is 6 * 7?", answer="42", **info) -> Rollout:
    """A rollout of one turn and two chosen tokens."""
    task = Task(id="t", prompt=prompt, answer=answer, info=info)
    return recorded(
        task=task,
        seed=0,
        turns=(str(prompt), reply),
        tokens=(1, 2, 3),
        chosen=(False, True, True),
        behaviour_logp=(-0.5, -0.5),
    )
