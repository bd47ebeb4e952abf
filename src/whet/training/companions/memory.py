"""Rollouts of earlier steps: replayed successes, second rounds, past batches."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from whet.policy.companions import ExtraRound, PastBatches, Replay
from whet.training.companions.asking import at_once
from whet.training.companions.demonstrations import right
from whet.training.companions.plain import as_plain, from_plain, remembered
from whet.training.stage import Stage
from whet.types import Group, Request, Rollout

Memories = dict[str, list[Rollout]]


def _successes(group: Group) -> list[Rollout]:
    return [remembered(r) for r in group if r.verdict is not None and r.verdict.correct]


def _saved(memories: Memories) -> dict[str, Any]:
    return {task: [as_plain(r) for r in held] for task, held in memories.items()}


def _loaded(saved: dict[str, Any]) -> Memories:
    return {task: [from_plain(held) for held in rows] for task, rows in saved.items()}


@dataclass(slots=True)
class LiveReplay:
    """Different right replies of every task, the newest last."""

    value: Replay
    memories: Memories = field(default_factory=dict)

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Memories of earlier visits join; then this visit's successes are remembered."""
        joined = [(*group, *self._recalled(stage, group)) for group in groups]
        for group in groups:
            self._remember(group)
        return joined

    def _recalled(self, stage: Stage, group: Group) -> list[Rollout]:
        task = group[0].task.id
        known = self.memories.get(task, [])
        if len(known) < self.value.least:
            return []
        dice = Random(repr(("replay", stage.run.seed, stage.number, task)))
        return dice.sample(known, min(self.value.count, len(known)))

    def _remember(self, group: Group) -> None:
        known = self.memories.setdefault(group[0].task.id, [])
        said = {r.tokens for r in known}
        for rollout in _successes(group):
            if rollout.tokens not in said:
                said.add(rollout.tokens)
                known.append(rollout)
        del known[: -self.value.most]

    def state(self) -> dict[str, Any]:
        """All memories."""
        return _saved(self.memories)

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.memories = _loaded(state)


@dataclass(slots=True)
class LiveExtraRound:
    """What the second round brought, for the next visit of its task."""

    value: ExtraRound
    memories: Memories = field(default_factory=dict)

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Groups that nobody solved: memories first, then one more round, hotter."""
        unsolved = [i for i, group in enumerate(groups) if self.value.asks(right(group))]
        how = replace(stage.run.decoding, temperature=self.value.temperature)
        tasks = [groups[i][0].task for i in unsolved]
        requests = [
            Request(task=task, seeds=stage.seeds("extra", task, self.value.samples), decoding=how)
            for task in tasks
        ]
        found = dict(zip(unsolved, await at_once(stage, requests), strict=True))
        joined = list(groups)
        for place, extra in found.items():
            task = groups[place][0].task.id
            fresh = _successes(extra)
            joined[place] = (*groups[place], *self.memories.get(task, []), *fresh)
            self.memories[task] = [*self.memories.get(task, []), *fresh][-self.value.samples :]
        return joined

    def state(self) -> dict[str, Any]:
        """All memories."""
        return _saved(self.memories)

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.memories = _loaded(state)


@dataclass(slots=True)
class LivePastBatches:
    """The groups of the last steps, newest last."""

    value: PastBatches
    past: list[list[Group]] = field(default_factory=list)

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """As many old groups as make up the share, drawn from the window."""
        if stage.number >= self.value.until:
            self.past = []
            return groups
        known = [group for batch in self.past for group in batch]
        dice = Random(repr(("past", stage.run.seed, stage.number)))
        wanted = round(len(groups) * self.value.share / (1 - self.value.share))
        old = dice.sample(known, min(wanted, len(known)))
        kept = [tuple(map(remembered, group)) for group in groups]
        self.past = [*self.past, kept][-self.value.window :]
        return [*groups, *old]

    def state(self) -> dict[str, Any]:
        """The window."""
        return {"past": [[[as_plain(r) for r in g] for g in batch] for batch in self.past]}

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.past = [[tuple(from_plain(r) for r in g) for g in batch] for batch in state["past"]]
