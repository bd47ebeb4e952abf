"""A tool agent: the tasks of any corpus, with tools."""

from dataclasses import dataclass

from whet.calls.call_format import CallFormat
from whet.calls.formats.pythonic import Pythonic
from whet.calls.toolbox import OpenToolbox, Toolbox
from whet.calls.tools import Offered, schemas_of
from whet.protocols import Environment, Policy
from whet.types import Finish, Reason, Task, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAgent(Environment):
    """Any task, with tools; the last reply is the answer, and a reward judges it.

    A tool is a typed function with a docstring, a class that is made for each episode and whose
    public methods are tools, or a `ToolSet` such as `Python()`.  `calls` limits the calls of an
    episode.  A call beyond the limit is answered with that, and the next reply has to be the
    answer: if it calls again, the play ends with `Finish.CALLS` and score 0.

    A chat shows the tools in its opening, in the form of the chat template.  Plain text shows
    none: its replies are read in the format `plain`, and a result is put behind the reply between
    two line breaks.

    Raises `UsageError` for tools that can't be described.
    """

    tools: tuple[Offered, ...]
    calls: int = 8
    plain: CallFormat = Pythonic()

    def __post_init__(self) -> None:
        if self.calls < 1:
            raise UsageError(f"environment.calls is {self.calls}; give 1 or more")
        if not self.tools:
            raise UsageError("environment.tools is empty; give a function or a class")
        schemas_of(self.tools)

    async def play(self, task: Task, policy: Policy) -> Verdict | None:
        async with Toolbox.open(self.tools, task, self.calls) as box:
            if isinstance(task.prompt, str):
                return await self._plain(task, policy, box)
            reply = await policy(task.prompt, tools=box.schemas)
            while reply.calls and box.open:
                reply = await policy(await box.answer(reply.calls))
            return _spent() if reply.calls else None

    async def _plain(self, task: Task, policy: Policy, box: OpenToolbox) -> Verdict | None:
        reading = self.plain.for_tools(box.schemas)
        reply = await policy(task.prompt)
        while (made := reading.read(reply)[1]) and box.open:
            results = [str(message["content"]) for message in await box.answer(made)]
            reply = await policy("\n" + "\n".join(results) + "\n")
        return _spent() if made else None


def _spent() -> Verdict:
    return Verdict.failure(Reason.NO_ANSWER, "called a tool beyond the limit", Finish.CALLS)
