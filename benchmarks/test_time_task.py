"""The lock with second passes: its warm-up, its reward, and labels of the policy's own steps."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from whet.data.problems import Problems
from whet.data.procedural.lock import Lock
from whet.data.spoiled import spoiled
from whet.protocols import Player, Reward
from whet.rewards.dense.placing import tokens_of
from whet.rewards.verifiable.labelled import Labelled
from whet.training.stepmodel import LabelledChain
from whet.types import Decoding, Finish, Request, Rollout, Task, Verdict, seed_of
from whet.types.messages import ASSISTANT

LOCK = Lock()
LEVELS = (3, 3)
CORPUS = Problems(family=LOCK, levels=LEVELS)
WAIT, ASK, UNSEEN = "~", "?", "!"  # marks of a second pass; the last one is in no training data
ALPHABET = LOCK.alphabet + WAIT + ASK + UNSEEN
_MARKS = re.compile(f"[{re.escape(WAIT + ASK + UNSEEN)}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Correct solutions in mixed styles, a share of them behind a first pass and a mark.

    A style writes each step down with probability keep.  The first pass is in a style of its own;
    a share `spoil` of them has a wrong digit.  It stands in the prompt with the mark behind it, so
    that neither its errors nor the mark itself are imitated.
    """

    levels: tuple[int, int] = (2, 3)
    keep: tuple[float, ...] = (1.0, 0.4, 0.0)
    weights: tuple[float, ...] = (0.45, 0.15, 0.4)
    second: float = 0.5
    spoil: float = 0.6
    seed: int = 0

    def example(self, step: int, index: int) -> tuple[Task, str]:
        """A task of the training split, and its solution."""
        rng = Random(f"{self!r}/{step}/{index}")
        problems = Problems(family=LOCK, levels=self.levels, seed=self.seed)
        task = problems.task("train", rng.getrandbits(62))
        reply = self._written(task, rng)
        if rng.random() < self.second:
            first = self._written(task, rng)
            if rng.random() < self.spoil:
                first = spoiled(first, rng) or first
            task = replace(task, prompt=f"{task.prompt}{first}{rng.choice((WAIT, ASK))}")
        return task, reply

    def _written(self, task: Task, rng: Random) -> str:
        return LOCK.worked(task, rng, rng.choices(self.keep, self.weights)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPass(Reward):
    """`Labelled` on a reply without its marks: of a label in several passes the last one counts."""

    def score(self, rollout: Rollout) -> Verdict:
        said = {"role": ASSISTANT, "content": _MARKS.sub("", rollout.reply)}
        return Labelled().score(replace(rollout, messages=(*rollout.messages[:-1], said)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """A step is a label and its digit, two tokens; the end token is a step of its own."""

    def __call__(self, rollout: Rollout) -> list[int]:
        """Every second token but the first."""
        return list(range(2, rollout.length, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnChains:
    """Chains that the policy sampled on problems of a split, each step labelled by the checker.

    The end token is good if the reply is right.
    """

    decoding: Decoding
    split: str = "train"
    seed: int = 0

    async def chains(self, player: Player, number: int, count: int) -> Sequence[LabelledChain]:
        """Chains of problems that no other number has."""
        places = range(number * count, (number + 1) * count)
        seeds = [seed_of("own chains", self.split, self.seed, place) for place in places]
        found = []
        for place, seed in zip(places, seeds, strict=True):
            task = CORPUS.task(self.split, self.seed * 10_000_000 + place)
            found.append(player.play(Request.of(task, (seed,), self.decoding)))
        return [labelled(group.rollouts[0]) for [group] in await asyncio.gather(*found)]


def labelled(rollout: Rollout) -> LabelledChain:
    """The checker's labels of a chain."""
    steps = LOCK.steps(rollout.task, rollout.reply)
    ends = [tokens_of(rollout, step.start, step.end).stop - 1 for step in steps]
    labels = [float(step.correct) for step in steps]
    if rollout.finish is Finish.STOP:
        ends.append(rollout.length - 1)
        labels.append(float(LastPass().score(rollout).correct is True))
    return LabelledChain(rollout=rollout, ends=tuple(ends), labels=tuple(labels))
