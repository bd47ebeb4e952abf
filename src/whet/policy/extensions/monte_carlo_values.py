"""Values from play: what continuations of a reply's beginnings earn."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, log

import numpy as np
import torch

from whet.policy.extensions.groups import by_policy
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Group, Need, Request, Rollout, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class MonteCarloValues(Companion):
    """Values from play: at every cut of a reply, `count` continuations and their mean reward.

    A reply is cut after every `interval`-th token of probability below `sure` (SPO,
    arXiv:2505.23564; `count` unconfirmed); `sure` = 1 cuts by length alone (VinePPO's values,
    arXiv:2410.01679).  The prompt's own value is the mean reward of its group.
    """

    provides = frozenset({Need.VALUE, Need.SEGMENTS})

    interval: int = 5
    count: int = 9
    sure: float = 0.9

    def __post_init__(self) -> None:
        """Refuse cuts and counts of nothing."""
        for name in ("interval", "count"):
            if not getattr(self, name) > 0:
                raise UsageError(
                    f"MonteCarloValues.{name} is {getattr(self, name)}; give more than 0"
                )

    def cuts(self, rollout: Rollout) -> list[int]:
        """After every `interval`-th doubtful token, but never after the last token."""
        bound = log(self.sure) if self.sure < 1 else inf  # where all count, a sure token does too
        doubtful = np.flatnonzero(rollout.behaviour_logp < bound)
        ends = doubtful[self.interval - 1 :: self.interval] + 1
        return [int(end) for end in ends if end < rollout.length]

    async def open(self, setup: SetupContext) -> "LiveMonteCarloValues":
        """It needs nothing of a run."""
        del setup
        return LiveMonteCarloValues(self)


@dataclass(slots=True)
class LiveMonteCarloValues(Extension):
    """Continuations of the rollouts that are learned from.

    They are played when the step's rollouts are known, by the policy that is about to learn: what a
    gate rejects costs nothing, and a rollout that another extension brings has its values.
    """

    settings: MonteCarloValues

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Every token has the value of its segment's beginning.

        A beginning whose continuations are all faults has the value of the one before it.
        """
        cuts = [self.settings.cuts(r) for r in rollouts]
        pairs = [(r, cut) for r, mine in zip(rollouts, cuts, strict=True) for cut in mine]
        requests = [self._request(context, rollout, cut) for rollout, cut in pairs]
        played = iter(await asyncio.gather(*map(context.play, requests)))
        values: list[float] = []
        segments: list[int] = []
        for rollout, mine, start in zip(rollouts, cuts, _starts(inputs, rollouts), strict=True):
            worth = [start]
            for _ in mine:
                worth.append(_mean(next(played), worth[-1]))
            own = np.searchsorted(mine, np.arange(rollout.length), side="right").tolist()
            segments += own
            values += [worth[segment] for segment in own]
        return replace(
            inputs,
            value=torch.tensor(values, dtype=inputs.reward.dtype),
            segment=torch.tensor(segments, dtype=torch.long),
        )

    def _request(self, context: StepContext, rollout: Rollout, cut: int) -> Request:
        if cut > rollout.spoken[0].stop:
            raise UsageError(
                f"MonteCarloValues can't go on in reply 2 of task {rollout.task.id!r}; give an "
                "environment that asks once, or an algorithm with a critic"
            )
        prefix = tuple(rollout.chosen_ids[:cut].tolist())
        name = f"probe {rollout.seed} {cut}"
        seeds = context.seeds(name, rollout.task, self.settings.count)
        return Request.of(rollout.task, seeds, context.decoding, prefix)


def _starts(inputs: AdvantageInputs, rollouts: Sequence[Rollout]) -> list[float]:
    """Of every rollout: the mean reward of those of its group that no one else began."""
    groups = inputs.group.tolist()
    rewards: dict[int, list[float]] = {}
    unaided: dict[int, list[float]] = {}
    for rollout, group, reward in zip(rollouts, groups, inputs.reward.tolist(), strict=True):
        rewards.setdefault(group, []).append(reward)
        if by_policy(rollout) and not rollout.forced_len:
            unaided.setdefault(group, []).append(reward)
    means = {g: _average(unaided.get(g, held)) for g, held in rewards.items()}
    return [means[group] for group in groups]


def _mean(group: Group, otherwise: float) -> float:
    known = [r.score for r in group if r.score is not None]
    return _average(known) if known else otherwise


def _average(known: Sequence[float]) -> float:
    return sum(known) / len(known)
