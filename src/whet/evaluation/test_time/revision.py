"""Revision: the policy is shown its own former attempt, and tries again."""

from dataclasses import dataclass
from typing import ClassVar

from whet.evaluation.test_time.attempt import Answered, Attempt, AttemptContext
from whet.types import Group, Play, Prompt, Request, Task, UsageError, seed_of
from whet.types.messages import ASSISTANT

_PROMPT = "{prompt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision(Attempt):
    """An attempt, and `revisions` further ones, each behind the task and the attempt before it.

    The prompt of a revision is the task's prompt, the former reply and `ask`: in a chat a message
    of the assistant and one of the user, in plain text one behind the other.  `{prompt}` in
    `ask` stands for a plain text prompt.  Only the last attempt is judged.  Each has
    `decoding.max_new_tokens`.  Where a revision's prompt has no room for a reply, the attempt
    before it is the answer.

    Sequential revisions are one of the two axes of Snell et al. 2024 (arXiv:2408.03314), with a
    policy that was finetuned to revise.  The words are ours.
    """

    name: ClassVar[str] = "revision"

    revisions: int = 1
    ask: str = "\n\nThat was one attempt. Check it, and solve the task again.\n\n"

    def __post_init__(self) -> None:
        """Raise `UsageError` without a revision, or without words that ask for it."""
        if self.revisions < 1:
            raise UsageError(f"revision.revisions is {self.revisions}; give 1 or more")
        if not self.ask:
            raise UsageError("revision.ask is ''; give words that ask for another attempt")

    @property
    def label(self) -> str:
        """The number of revisions, and the words where they are not the default."""
        said = f", {self.ask!r}" if self.ask != Revision().ask else ""
        return f"revision({self.revisions}{said})"

    async def answer(self, task: Task, seed: int, context: AttemptContext) -> Answered:
        prompt: Prompt | None = None
        group, tokens = await _attempt(task, seed, prompt, context), 0
        tokens += group.rollouts[0].length
        for number in range(1, self.revisions + 1):
            prompt = self._asked(task.prompt, group.rollouts[0].reply)
            if _failed(group) or not _has_room(prompt, context):
                break
            group = await _attempt(task, seed_of(seed, "revision", number), prompt, context)
            tokens += group.rollouts[0].length
        [rollout] = await context.runner.score(group)
        return Answered(rollout=rollout, tokens=tokens)

    def _asked(self, prompt: Prompt, reply: str) -> Prompt:
        if isinstance(prompt, str):
            return prompt + reply + self.ask.replace(_PROMPT, prompt)
        said = {"role": ASSISTANT, "content": reply}
        return (*prompt, said, {"role": "user", "content": self.ask.strip()})


async def _attempt(task: Task, seed: int, prompt: Prompt | None, context: AttemptContext) -> Group:
    play = Play(seed=seed, decoding=context.decoding, prompt=prompt)
    group = await context.runner.play(Request(task=task, plays=(play,)))
    if len(group) != 1:
        raise UsageError(
            f"test_time revision needs one conversation a play, but task {task.id!r} had "
            f"{len(group)}; leave it out for this environment"
        )
    return group


def _failed(group: Group) -> bool:
    verdict = group.rollouts[0].verdict
    return verdict is not None and verdict.fault


def _has_room(prompt: Prompt, context: AttemptContext) -> bool:
    """Whether a reply of one token fits behind a prompt."""
    if not context.positions:
        return True
    return len(context.runner.player.renderer.opening(prompt)) < context.positions
