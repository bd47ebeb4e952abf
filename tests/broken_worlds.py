"""A sound world, and worlds that break one promise each."""

import asyncio
import random
from dataclasses import dataclass, replace
from random import Random
from typing import Any, ClassVar

from whet.protocols import World
from whet.types import Finish, Reason, Task, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound(World):
    """Say the next letter after the one that is shown; a hidden number of times."""

    levels: ClassVar = (1, 2)
    alphabet: ClassVar = "abcdefgh"

    def draw(self, rng, level):
        start, secret = rng.choice("abcdef"), rng.randrange(10_000, 99_999)
        info = {"world": "sound", "level": level, "turns": level, "start": start, "secret": secret}
        return Task(id=f"sound/{start}/{secret}", prompt=self.opening(start, secret), info=info)

    def opening(self, start, secret):
        return f"start with {start}\n"

    shown: ClassVar = frozenset({"start"})

    def canonical(self, task):
        return f"{task.info['start']}/{task.info['secret']}"

    def answer(self, task, turn):
        return chr(ord(task.info["start"]) + turn + 1)

    async def play(self, task, policy):
        observation = task.prompt
        for turn in range(task.info["turns"]):
            reply = await policy(observation, options=list(self.alphabet))
            if reply.strip() not in [*self.alphabet]:
                return self.illegal(reply)
            if reply.strip() != self.answer(task, turn):
                return self.lost(turn)
            observation = self.observation(turn)
        return self.won(task)

    def observation(self, turn):
        return f"yes, {turn}\n"

    def illegal(self, reply):
        return Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)

    def lost(self, turn) -> Any:
        return Verdict.binary(correct=False)

    def won(self, task):
        return Verdict.binary(correct=True)

    def expert(self, task, rng):
        turns = iter(range(99))

        async def reply(observation, options):
            return self.answer(task, next(turns))

        return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaks(Sound):
    """hidden"""

    def opening(self, start, secret):
        return f"start with {start} ({secret})\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalDice(Sound):
    """global state"""

    def observation(self, turn):
        return f"yes, {random.random()}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedsGlobalDice(Sound):
    """global state"""

    def opening(self, start, secret):
        random.seed(3)
        return f"start with {start}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawsFromGlobalDice(Sound):
    """tasks"""

    def draw(self, rng, level):
        return Sound.draw(self, Random(random.random()), level)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptsIllegalMoves(Sound):
    """illegal moves"""

    def illegal(self, reply):
        return Verdict.binary(correct="move" in reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfBounds(Sound):
    """noise survives"""

    def lost(self, turn):
        return Verdict(reason=Reason.WRONG, score=-1.0, correct=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongTurnRewards(Sound):
    """noise survives"""

    def lost(self, turn):
        return Verdict.points(0.0, correct=False, turn_rewards=(0.0,) * (turn + 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverEnds(Sound):
    """silence loses"""

    async def play(self, task, policy):
        while True:
            await policy(task.prompt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangs(Sound):
    """random player"""

    def draw(self, rng, level):
        return replace(Sound.draw(self, rng, level))

    async def play(self, task, policy):
        await policy(task.prompt)
        await asyncio.sleep(1e6)
        return self.won(task)


PLAYED = []


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesState(Sound):
    """isolation"""

    def observation(self, turn):
        return f"yes, {len(PLAYED)}\n"

    async def play(self, task, policy):
        PLAYED.append(task.id)
        return await Sound.play(self, task, policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesItsTask(Sound):
    """replay equal"""

    def won(self, task):
        return Verdict.binary(correct=True)

    async def play(self, task, policy):
        task.info["turns"] += 1
        return await Sound.play(self, task, policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashOrder(Sound):
    """second process"""

    def observation(self, turn):
        return f"yes, {next(iter(set('abcdefgh')))}\n"

    def opening(self, start, secret):
        return f"start with {start} of {''.join(set('abcdefgh'))}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceWins(Sound):
    """silence loses"""

    def illegal(self, reply):
        return Verdict.binary(correct=not reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashesOnNoise(Sound):
    """noise survives"""

    def illegal(self, reply):
        return Verdict.binary(correct=not reply.encode("ascii"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertLoses(Sound):
    """expert wins"""

    def expert(self, task, rng):
        async def reply(observation, options):
            return "z"

        return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class NoVerdict(Sound):
    """random player"""

    def lost(self, turn) -> Any:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsteadyName(Sound):
    """tasks"""

    def canonical(self, task):
        PLAYED.append(task.id)
        return f"{len(PLAYED)}"
