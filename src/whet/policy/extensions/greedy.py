"""ReMax's baseline: the reward of the greedy rollout."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from whet.policy.arithmetic import mean_within
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import AdvantageInputs, Need, Request, Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class Greedy(Companion):
    """One further, greedy rollout per task, with the baseline of the others as its reward.

    As in ReMax (arXiv:2310.10505).
    """

    provides = frozenset({Need.BASELINE})

    async def open(self, setup: SetupContext) -> "LiveGreedy":
        del setup
        return LiveGreedy()


@dataclass(slots=True)
class LiveGreedy(Extension):
    """Plays greedy rollouts of the tasks that are learned from.

    They are played when the batch is known, by the policy before the update. So tasks of rejected
    groups cost nothing, and rollouts added by other extensions have a baseline too.
    """

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Fill in the baseline; if the judge failed on it, the group's mean reward."""
        how = replace(context.decoding, temperature=0.0)
        tasks = list({r.task.id: r.task for r in rollouts}.values())
        requests = [Request.of(task, (0,), how) for task in tasks]
        played = await asyncio.gather(*map(context.play, requests))
        earned = {task.id: group[0].score for task, group in zip(tasks, played, strict=True)}
        means = mean_within(inputs.reward, inputs.group).tolist()
        baseline = [
            mean if (score := earned[r.task.id]) is None else score
            for r, mean in zip(rollouts, means, strict=True)
        ]
        return replace(inputs, baseline=torch.tensor(baseline, dtype=inputs.reward.dtype))
