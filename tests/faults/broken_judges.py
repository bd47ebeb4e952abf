"""Judges that give verdicts to the wrong rows; known rows among the replies find them."""

import asyncio
import re
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


@dataclass(frozen=True)
class Scale(Reward):
    """A score for a right and one for a wrong reply; `correct` is “1 or more”, or is not said."""

    right: float
    wrong: float
    says: bool = True
    form: str = ""  # a reply that has no answer in this form is wrong
    after: int = 10**9  # calls until right and wrong are exchanged
    calls: list[int] = field(default_factory=list)

    def score(self, rollout):
        self.calls.append(1)
        found = re.search(self.form or "(.?)", rollout.reply)
        right = found is not None and found[1] == rollout.task.answer
        score = self.right if right != (len(self.calls) > self.after) else self.wrong
        correct = score >= 1 if self.says else None
        return Verdict(reason=Reason.PARTIAL, score=score, correct=correct)


SCALES = {
    "0 to 100": Scale(100.0, 30.0),
    "below 0": Scale(-0.1, -5.0),
    "-1 and 0": Scale(0.0, -1.0, says=False),
    "graded": Scale(0.9, 0.3),
    "positive": Scale(1.0, 0.1, says=False),
    "boxed": Scale(1.0, 0.0, form=r"\\boxed\{([^{}]*)\}"),
}
