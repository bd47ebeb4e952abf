"""One play of a world with bots in place of the policy, recorded turn by turn."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whet.protocols import Bot, Environment
from whet.types import Prompt, Reply, Task, UsageError, Verdict
from whet.types.messages import messages_of, text_of

_SPARE = 8  # replies of a seat beyond the limit that the task states


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An observation, its options, and the reply to it."""

    seat: str
    asked: Prompt
    options: tuple[str, ...]
    reply: str
    tools: tuple[Mapping[str, Any], ...] = ()  # that the observation shows

    @property
    def observation(self) -> str:
        """What the seat was asked, as text."""
        return text_of(messages_of(self.asked)) if self.asked else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What happened in a play: its turns, and a verdict for each seat that was asked."""

    turns: tuple[Turn, ...]
    verdicts: Mapping[str, Verdict | None]

    def said(self) -> str:
        """All of it as text, which is equal for equal plays."""
        turns = [[t.seat, t.observation, list(t.options), t.reply] for t in self.turns]
        ends = {
            seat: None
            if v is None
            else [v.reason, repr(v.score), v.correct, v.finish, v.turn_rewards]
            for seat, v in sorted(self.verdicts.items())
        }
        return json.dumps([turns, ends])


class NeverEnds(Exception):
    """A seat was asked more often than its task allows."""


@dataclass(slots=True)
class _Play:
    """The turns of a play while it goes on."""

    most: int
    seed: int
    seated: Callable[[str], Bot]
    turns: list[Turn] = field(default_factory=list)
    handles: "dict[str, _Handle]" = field(default_factory=dict)

    def handle(self, seat: str) -> "_Handle":
        if seat not in self.handles:
            self.handles[seat] = _Handle(self, seat, self.seated(seat))
        return self.handles[seat]


@dataclass(slots=True)
class _Handle:
    """The handle of one seat."""

    play: _Play
    name: str
    bot: Bot
    asked: int = 0
    verdict: Verdict | None = None

    @property
    def seed(self) -> int:
        return self.play.seed

    async def __call__(
        self,
        observation: Prompt,
        *,
        options: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
        **how: Any,
    ) -> Reply:
        del how
        self.asked += 1
        if self.asked > self.play.most:
            raise NeverEnds(f"seat {self.name!r} was asked more than {self.play.most} times")
        reply = Reply(await self.bot(observation, options))
        turn = Turn(
            seat=self.name,
            asked=observation,
            options=tuple(options),
            reply=str(reply),
            tools=tuple(tools),
        )
        self.play.turns.append(turn)
        return reply

    def fork(self, number: int) -> Sequence[Any]:
        raise UsageError(f"the world forks into {number}; worlds on trial are played without forks")

    def seat(self, name: str) -> "_Handle":
        return self.play.handle(name)

    def end(self, verdict: Verdict) -> None:
        self.verdict = verdict


async def play(
    world: Environment, task: Task, seated: Callable[[str], Bot], seed: int = 0
) -> Played:
    """Play a task with a bot at each seat.

    Raises `NeverEnds` where a seat is asked far more often than `task.info["turns"]` allows, and
    what the world raises.
    """
    going = _Play(most=int(task.info.get("turns", 50)) + _SPARE, seed=seed, seated=seated)
    verdict = await world.play(task, going.handle(""))
    asked = {name: h for name, h in going.handles.items() if h.asked}
    verdicts = {name: h.verdict or verdict for name, h in asked.items()} or {"": verdict}
    return Played(turns=tuple(going.turns), verdicts=verdicts)
