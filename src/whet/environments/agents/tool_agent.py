"""A tool agent: the tasks of any corpus, with tools."""

from dataclasses import dataclass

from whet.calls.call_format import CallFormat
from whet.calls.formats.pythonic import Pythonic
from whet.calls.tools import Offered, schemas_of
from whet.environments.tool_talk import overspent, talk
from whet.protocols import Environment, Policy
from whet.types import Task, UsageError, Verdict


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
        talked = await talk(task, policy, self.tools, self.calls, self.plain)
        return overspent() if talked.reply is None else None
