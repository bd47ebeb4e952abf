"""Monte Carlo values: mean rewards of continuations from cuts of a reply."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, log

import numpy as np
import torch

from whet.policy.extensions.groups import by_policy
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Group, Need, Play, Request, Rollout, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class MonteCarloValues(Companion):
    """Monte Carlo values: the mean reward of `count` continuations from every cut of a reply.

    A reply is cut after every `interval`-th token of probability below `sure` (SPO,
    arXiv:2505.23564; `count` unconfirmed). With `sure` = 1 it is cut by length alone (VinePPO's
    values, arXiv:2410.01679). The value of the prompt is the mean reward of its group.

    A continuation begins with the recorded tokens of its rollout, in any of its replies. For a
    later reply the environment is played again with the recorded ones, so it has to answer as
    before, and to give its opening without a changed prompt.
    """

    provides = frozenset({Need.VALUE, Need.SEGMENTS})

    interval: int = 5
    count: int = 9
    sure: float = 0.9

    def __post_init__(self) -> None:
        for name in ("interval", "count"):
            if not getattr(self, name) > 0:
                raise UsageError(
                    f"MonteCarloValues.{name} is {getattr(self, name)}; give more than 0"
                )

    def cuts(self, rollout: Rollout) -> list[int]:
        """Cuts after every `interval`-th token below `sure`, except after the last token."""
        bound = (
            log(self.sure) if self.sure < 1 else inf
        )  # at sure = 1 tokens of probability 1 count too
        doubtful = np.flatnonzero(rollout.behaviour_logp < bound)
        ends = doubtful[self.interval - 1 :: self.interval] + 1
        return [int(end) for end in ends if end < rollout.length]

    async def open(self, setup: SetupContext) -> "LiveMonteCarloValues":
        del setup
        return LiveMonteCarloValues(self)


@dataclass(slots=True)
class LiveMonteCarloValues(Extension):
    """Plays continuations of the rollouts that are learned from.

    They are played when the batch is known, by the policy before the update. So rejected groups
    cost nothing, and rollouts added by other extensions have values too.
    """

    settings: MonteCarloValues

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Fill in values: every token has the value of its segment's first state.

        If all continuations of a cut are faults, the value is that of the cut before it.
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
        """Plays that go on from a cut, with the settings that the rollout was sampled with."""
        if rollout.seat:
            raise UsageError(
                f"MonteCarloValues can't go on from a reply of seat {rollout.seat!r}; give an "
                "environment of one seat, or an algorithm with a critic"
            )
        how = context.decoding if rollout.version is None else rollout.decoding
        begun = replace(rollout, decoding=how), cut
        name = f"probe {rollout.seed} {cut}"
        seeds = context.seeds(name, rollout.task, self.settings.count)
        plays = (Play(seed=seed, decoding=how, begun=begun) for seed in seeds)
        return Request(task=rollout.task, plays=tuple(plays))


def _starts(inputs: AdvantageInputs, rollouts: Sequence[Rollout]) -> list[float]:
    """Value of each rollout's prompt: the mean reward of the group's rollouts without a prefix."""
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
