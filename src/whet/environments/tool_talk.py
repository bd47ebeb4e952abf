"""A conversation in which the policy calls tools until it answers, in a chat or in plain text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from whet.calls.call_format import CallFormat
from whet.calls.formats.pythonic import Pythonic
from whet.calls.toolbox import OpenToolbox, Toolbox
from whet.calls.tools import Offered, Tool
from whet.protocols import Policy
from whet.types import Finish, Prompt, Reason, Reply, Task, Verdict

PLAIN = Pythonic()
"""How calls are written in plain text: alone on a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talked:
    """What a conversation with tools came to.

    `reply` is the first one that calls nothing, or None where the policy went on to call beyond the
    limit.  `results` are the texts of all results that it read, in order.
    """

    reply: Reply | None
    results: tuple[str, ...] = ()


async def talk(
    task: Task,
    policy: Policy,
    tools: Sequence[Offered],
    calls: int,
    plain: CallFormat = PLAIN,
    guesses: Sequence[str] = (),
) -> Talked:
    """Ask a task, and answer calls until a reply calls nothing.

    `guesses` are answers without any call, for players that draw one.

    `calls` limits the calls; with 0 the tools are neither shown nor read.  A call beyond the limit
    is answered with that, and the next reply has to be the answer.

    A chat shows the tools in its opening, in the form of the chat template.  Plain text shows
    none: its replies are read in the format `plain`, and the results are put behind the reply
    between two line breaks.
    """
    if not calls:
        return Talked(reply=await policy(task.prompt, options=guesses))
    async with Toolbox.open(tools, task, calls) as box:
        return await talk_with(box, task.prompt, policy, plain, guesses)


async def talk_with(
    box: OpenToolbox,
    prompt: Prompt,
    policy: Policy,
    plain: CallFormat = PLAIN,
    guesses: Sequence[str] = (),
) -> Talked:
    """The same, with tools that are open already."""
    if isinstance(prompt, str):
        return await _plain(await policy(prompt, options=guesses), policy, box, plain)
    reply, read = await policy(prompt, tools=box.schemas, options=guesses), list[str]()
    while reply.calls and box.open:
        results = await box.answer(reply.calls)
        read += [str(message["content"]) for message in results]
        reply = await policy(results)
    return Talked(reply=None if reply.calls else reply, results=tuple(read))


async def _plain(reply: Reply, policy: Policy, box: OpenToolbox, plain: CallFormat) -> Talked:
    reading, read = plain.for_tools(box.schemas), list[str]()
    while (made := reading.read(reply)[1]) and box.open:
        results = [str(message["content"]) for message in await box.answer(made)]
        read += results
        reply = await policy("\n" + "\n".join(results) + "\n")
    return Talked(reply=None if made else reply, results=tuple(read))


def quick(function: Callable[..., Any]) -> Tool:
    """A tool of a function that takes microseconds: it is called without a thread of its own."""

    async def call(**arguments: Any) -> Any:
        return function(**arguments)

    return replace(Tool.of(function), call=call)


def overspent() -> Verdict:
    """The verdict of a policy that called beyond the limit: score 0, with `Finish.CALLS`."""
    return Verdict.failure(Reason.NO_ANSWER, "called a tool beyond the limit", Finish.CALLS)
