"""The world that answers nothing: it asks, and leaves the verdict to a reward."""

from dataclasses import dataclass

from whet.protocols import Policy
from whet.types import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One prompt, one reply."""

    async def play(self, task: Task, policy: Policy) -> None:
        """Ask once."""
        await policy(task.prompt)
