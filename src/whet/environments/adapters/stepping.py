"""The play of an environment that is reset once and then answers each reply."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from whet.environments.adapters.turns import check_turns, following, graded, opening
from whet.environments.moves import move_in
from whet.protocols import Policy
from whet.types import Finish, Reply, Task, UsageError, Verdict


@runtime_checkable
class Stepped(Protocol):
    """An episode.

    `call("reset", seed)` and `call("step", words)` return `text`, and perhaps `options`: the legal
    actions.  A step returns `reward`, `ended` and `cut`, too, or `illegal` alone: why the words are
    no action.
    """

    async def call(self, method: str, *arguments: Any) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayLimits:
    """Legal replies of a play, illegal ones before it ends, and the score that is correct."""

    turns: int
    corrections: int
    solved: float

    def __post_init__(self) -> None:
        check_turns(self.turns)
        if self.corrections < 0:
            raise UsageError(f"environment.corrections is {self.corrections}; give 0 or more")

    @property
    def most(self) -> int:
        """The most replies of a play."""
        return self.turns + self.corrections


async def stepped(
    env: Stepped, task: Task, policy: Policy, seed: int, limits: PlayLimits
) -> Verdict:
    """Play to the end; the score is the sum of the rewards, each of which is one of a reply."""
    shown = await env.call("reset", seed)
    observation = opening(task.prompt, shown["text"])
    rewards, left, turns = list[float](), limits.corrections, limits.turns
    while True:
        options = shown.get("options", ())
        reply = await policy(observation, options=options)
        found = await _answer(env, reply, options)
        rewards.append(found.get("reward", 0.0))
        finish = _finish(found, left, turns)
        if finish is not None:
            note = found.get("illegal", "")
            return graded(sum(rewards), limits.solved, rewards, finish, note)
        if "illegal" in found:
            left -= 1
            observation = following(task.prompt, _correction(found, options))
        else:
            shown, turns = found, turns - 1
            observation = following(task.prompt, found["text"])


def _finish(found: Mapping[str, Any], left: int, turns: int) -> Finish | None:
    """Why the play ends with this answer; None where it goes on."""
    if "illegal" in found:
        return None if left else Finish.ILLEGAL
    if found["ended"] or found["cut"]:
        return Finish.STOP
    return Finish.TURNS if turns == 1 else None


async def _answer(env: Stepped, reply: Reply, options: Sequence[str]) -> dict[str, Any]:
    if not options:
        return await env.call("step", reply.words)
    grammar = re.compile("|".join([*map(re.escape, options), r"-?\d+"]), re.IGNORECASE)
    move = move_in(reply, grammar)
    if move is None:
        return {"illegal": f"{reply.words.strip()[:80]!r} is no action"}
    return await env.call("step", move[0])


def _correction(found: Mapping[str, Any], options: Sequence[str]) -> str:
    legal = f"; reply with one of {', '.join(options)}" if options else ""
    return f"{found['illegal']}{legal}"
