"""Rollouts for judges that look at groups, tokens and continuations: one token per character."""

import asyncio
from dataclasses import dataclass
from math import log

from recorded import recorded

from whet.protocols import Reward
from whet.rewards.judging import context_of, verdicts
from whet.types import Group, Reason, Task, Verdict

TASK = Task(id="t", prompt="6*7=", answer="42", info={"verifier": "exact"})


def replied(text, *, task=TASK, seed=0, probabilities=(), length=None, **columns):
    """A reply; with a `length`, so many tokens whatever it says."""
    count = len(text) if length is None else length
    logp = tuple(log(p) for p in probabilities) or (-0.5,) * count
    return recorded(
        task=task,
        seed=seed,
        turns=(str(task.prompt), text),
        tokens=(1, *range(10, 10 + count)),
        chosen=(False, *(True,) * count),
        behaviour_logp=logp,
        **{"char_ends": tuple(range(1, count + 1)) if length is None else None} | columns,
    )


def together(rollouts):
    """The group of these rollouts; of none, too."""
    rollouts = tuple(rollouts)
    return Group(task=rollouts[0].task if rollouts else TASK, rollouts=rollouts)


def asked(judge, group, play=None, step=0):
    """The verdicts of any judge, as the loop hears them."""

    async def unexpected(request):
        raise AssertionError(f"nothing should have been played: {request}")

    context = context_of(step, play or unexpected)
    return asyncio.run(verdicts(together(group), judge, context))


def scores(found):
    return [v.score for v in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks(Reward):
    """Right is what ends in the answer; who says `fault` can't be judged."""

    def score(self, rollout):
        if "fault" in rollout.reply:
            return Verdict.unjudged("asked for")
        return Verdict.binary(correct=rollout.reply.endswith(rollout.task.answer))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion(Reward):
    """The number between `<` and `>`: what a model might say of a reply."""

    def score(self, rollout):
        if "dumb" in rollout.reply:
            return Verdict.unjudged("no opinion")
        value = float(rollout.reply.partition("<")[2].partition(">")[0] or 0)
        return Verdict(reason=Reason.PARTIAL, score=value)
