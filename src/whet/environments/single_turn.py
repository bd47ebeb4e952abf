"""One question, one answer: a corpus as an environment."""

from dataclasses import dataclass

from whet.protocols import Environment, Policy
from whet.types import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleTurn(Environment):
    """The task's prompt, put once; what the reply is worth is left to a reward."""

    async def play(self, task: Task, policy: Policy) -> None:
        """Ask.  A prompt may be a chat, which engines take like text."""
        await policy(task.prompt)
