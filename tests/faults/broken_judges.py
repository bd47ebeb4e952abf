"""Judges that give verdicts to the wrong rows; known rows among the replies find them."""

import asyncio
from dataclasses import dataclass, field

from small import FirstDigit

from whet.protocols import GroupReward, Reward
from whet.types import Reason, Verdict

SOUND = FirstDigit()


def turned(verdict):
    """The opposite verdict."""
    return Verdict.binary(correct=not verdict.correct)


@dataclass(frozen=True)
class Reversed(Reward):
    """Right is wrong, and wrong is right, after so many calls."""

    after: int = 0
    calls: list[int] = field(default_factory=list)

    def score(self, rollout):
        self.calls.append(1)
        found = SOUND.score(rollout)
        return turned(found) if len(self.calls) > self.after else found


@dataclass(frozen=True)
class Constant(Reversed):
    """Everything is right, after so many calls."""

    def score(self, rollout):
        self.calls.append(1)
        late = len(self.calls) > self.after
        return Verdict.binary(correct=True) if late else SOUND.score(rollout)


@dataclass(frozen=True)
class Racing(Reward):
    """One slot for all calls: a call that waits finds the rollout of another in it."""

    slot: list = field(default_factory=list)
    waits: bool = True

    async def score(self, rollout):
        self.slot[:] = [rollout]
        if self.waits:
            await asyncio.sleep(0.001)
        return SOUND.score(self.slot[0])


@dataclass(frozen=True)
class Shifted(GroupReward):
    """Verdict i for rollout i + `by`."""

    by: int = 1

    async def score_group(self, group, context):
        found = [SOUND.score(rollout) for rollout in group]
        by = self.by % len(found)
        return found[-by:] + found[:-by] if by else found


@dataclass(frozen=True)
class Scored(Reward):
    """The same verdicts as scores, without `correct`."""

    sign: int = 1

    def score(self, rollout):
        right = bool(SOUND.score(rollout).correct) == (self.sign > 0)
        return Verdict(reason=Reason.PARTIAL, score=0.7 if right else -0.2)
