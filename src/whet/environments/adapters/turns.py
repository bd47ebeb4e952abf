"""Observations of foreign environments as turns of a chat, and their rewards as verdicts."""

from collections.abc import Sequence
from math import isfinite

from whet.types import Fault, Finish, Prompt, Reason, Task, UsageError, Verdict
from whet.types.messages import content_of

LUCK = 2**31  # seeds of tasks
_NOTHING = "(no observation)"  # an empty message would continue the reply


def opening(prompt: Prompt, text: str) -> Prompt:
    """The prompt with a text behind it: behind the last message in a chat, as TRL has it."""
    if isinstance(prompt, str):
        return prompt + text
    if not prompt:
        return ({"role": "user", "content": text},)
    return (*prompt[:-1], {**prompt[-1], "content": content_of(prompt[-1]) + text})


def following(prompt: Prompt, text: str) -> str:
    """A later observation: between line breaks after plain text, as it is in a chat."""
    return f"\n{text}\n" if isinstance(prompt, str) else text or _NOTHING


def graded(
    score: float,
    solved: float = 1.0,
    turn_rewards: Sequence[float] = (),
    finish: Finish | None = None,
    note: str = "",
) -> Verdict:
    """The verdict of a sum of rewards; it is correct from `solved` on.

    Raises `Fault` for rewards that are not finite.
    """
    if not isfinite(score):
        raise Fault(f"the environment gave {score} as reward, which is not finite")
    correct = score >= solved and finish is not Finish.ILLEGAL
    reason = Reason.OK if correct else Reason.PARTIAL if score > 0 else Reason.WRONG
    return Verdict(
        reason=Reason.BAD_FORMAT if finish is Finish.ILLEGAL else reason,
        score=score,
        correct=correct,
        measured=score,
        turn_rewards=tuple(turn_rewards),
        finish=finish,
        note=note,
    )


def check_turns(turns: int) -> None:
    """Raise `UsageError` unless a play may have a reply."""
    if turns < 1:
        raise UsageError(f"environment.turns is {turns}; give 1 or more")


def drawn(world: str, luck: int, turns: int, prompt: str) -> Task:
    """The task of a seed, whose first observation is known when it is played."""
    info = {"world": world, "luck": luck, "turns": turns}
    return Task(id=f"{world}/{luck}", prompt=prompt, info=info)


def luck_of(task: Task) -> int:
    """The seed of a task's luck.  Raises `UsageError` for a task of another environment."""
    luck = task.info.get("luck")
    if not isinstance(luck, int):
        raise UsageError(
            f"task {task.id!r} has no number `luck` in its info, which seeds a foreign "
            "environment; give it one, or take the tasks of Problems(family=…)"
        )
    return luck
