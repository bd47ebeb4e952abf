"""A*-PO: the optimal value of every prompt, from samples of the policy before training."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import expm1, log1p
from typing import Any

import torch

from whet.policy.domains import COUNT, POSITIVE, check
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import (
    AdvantageInputs,
    Group,
    Mean,
    Metrics,
    Need,
    Request,
    Rollout,
    Task,
    Ticket,
    TrainBatch,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceValues(Companion):
    """The soft value V* of each prompt as its baseline (A*-PO, arXiv:2505.20686).

    V* = β log mean exp(R/β),  over `count` rollouts of the reference, sampled once

    The reference is the policy before the first step, which samples all prompts that the run is
    going to ask for.  A prompt that was not foreseen, because the order of prompts adapts, is
    sampled by the policy at its first visit: `late_values` is the share of such rollouts.  Where
    the judge failed on all samples, the value is that of the group's own rewards.
    """

    provides = frozenset({Need.BASELINE})

    beta: float = 0.5
    count: int = 8

    def __post_init__(self) -> None:
        check(self, beta=POSITIVE, count=COUNT)

    def value(self, rewards: Sequence[float]) -> float:
        """β log mean exp(R/β) of some rewards, also where R/β is far below 1."""
        best = max(rewards)
        below = sum(expm1((reward - best) / self.beta) for reward in rewards) / len(rewards)
        return best + self.beta * log1p(below)

    async def open(self, setup: SetupContext) -> "LiveReferenceValues":
        del setup
        return LiveReferenceValues(self)


@dataclass(slots=True)
class LiveReferenceValues(Extension):
    """Values by task, and the tasks that were sampled too late.

    The first ticket of the run samples all tasks, and the others wait for it.  The samples depend
    on seed, step and task only, so any ticket would find the same.
    """

    settings: ReferenceValues
    values: dict[str, float] | None = None
    late: set[str] = field(default_factory=set)
    sampling: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Sample the prompts of the whole run, before anything is learned."""
        del ticket
        async with self.sampling:
            if self.values is None:
                ahead = context.upcoming(context.steps - context.step)
                self.values = await self._sampled(context, ahead)
        return groups

    async def _sampled(self, context: StepContext, tasks: Iterable[Task]) -> dict[str, float]:
        distinct = {task.id: task for task in tasks}
        requests = [self._request(context, task) for task in distinct.values()]
        played = await asyncio.gather(*map(context.play, requests))
        scores = {
            name: [r.score for r in group if r.score is not None]
            for name, group in zip(distinct, played, strict=True)
        }
        return {name: self.settings.value(held) for name, held in scores.items() if held}

    def _request(self, context: StepContext, task: Task) -> Request:
        seeds = context.seeds("reference value", task, self.settings.count)
        return Request.of(task, seeds, context.decoding)

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Fill in V* of each rollout's prompt."""
        known = self.values if self.values is not None else {}
        unforeseen = {r.task.id: r.task for r in rollouts if r.task.id not in known}
        if unforeseen:
            known = known | await self._sampled(context, unforeseen.values())
            self.late |= unforeseen.keys()
        own: dict[int, list[float]] = {}
        for group, reward in zip(inputs.group.tolist(), inputs.reward.tolist(), strict=True):
            own.setdefault(group, []).append(reward)
        otherwise = {group: self.settings.value(held) for group, held in own.items()}
        found = [
            known.get(r.task.id, otherwise[group])
            for r, group in zip(rollouts, inputs.group.tolist(), strict=True)
        ]
        self.values = known
        return replace(inputs, baseline=torch.tensor(found, dtype=inputs.reward.dtype))

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """The share of rollouts with a value that was sampled late."""
        del context, inputs
        late = sum(r.task.id in self.late for r in batch.rollouts)
        return {"late_values": Mean(total=late, count=len(batch.rollouts))}

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values, "late": sorted(self.late)}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.values = None if state["values"] is None else dict(state["values"])
        self.late = set(state["late"])
