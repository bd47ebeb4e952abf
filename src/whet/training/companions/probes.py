"""Values from play: what continuations of a reply's beginnings earn."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import exp

import torch

from whet.policy.companions import Probes
from whet.training.companions.asking import at_once
from whet.training.stage import Stage
from whet.types import Group, Request, Rollout, Scores


@dataclass(slots=True)
class LiveProbes:
    """Of every rollout of this step: where it was cut, and what each beginning is worth."""

    value: Probes
    found: dict[int, tuple[list[int], list[float]]] = field(default_factory=dict)

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Play on from every cut; the prompt's own value is the mean of its group."""
        rollouts = [r for group in groups for r in group if r.length]
        cuts = [self.cuts(r) for r in rollouts]
        requests = [
            self._request(stage, r, cut)
            for r, mine in zip(rollouts, cuts, strict=True)
            for cut in mine
        ]
        answers = iter(await at_once(stage, requests))
        start = {group[0].task.id: _mean(group) for group in groups}
        self.found = {
            id(r): (mine, [start[r.task.id], *(_mean(next(answers)) for _ in mine)])
            for r, mine in zip(rollouts, cuts, strict=True)
        }
        return groups

    def cuts(self, rollout: Rollout) -> list[int]:
        """After every `interval`-th doubtful token, but never after the last token."""
        doubtful = [t for t, logp in enumerate(rollout.behaviour_logp) if exp(logp) < self._sure]
        ends = [t + 1 for t in doubtful[self.value.interval - 1 :: self.value.interval]]
        return [end for end in ends if end < rollout.length]

    @property
    def _sure(self) -> float:
        """A probability of exactly 1 is doubtful too where every token counts."""
        return self.value.sure if self.value.sure < 1 else float("inf")

    def _request(self, stage: Stage, rollout: Rollout, cut: int) -> Request:
        chosen = [t for t, mine in zip(rollout.tokens, rollout.chosen, strict=True) if mine]
        seeds = stage.seeds(f"probe {rollout.seed} {cut}", rollout.task, self.value.count)
        return Request(
            task=rollout.task,
            seeds=seeds,
            decoding=stage.run.decoding,
            prefix=tuple(chosen[:cut]),
        )

    def score(self, scores: Scores, rollouts: Sequence[Rollout]) -> Scores:
        """Every token has the value of its segment's beginning."""
        values: list[float] = []
        segments: list[int] = []
        for rollout in rollouts:
            cuts, worth = self.found.get(id(rollout), ([], [0.0]))
            for place in range(rollout.length):
                segment = sum(cut <= place for cut in cuts)
                segments.append(segment)
                values.append(worth[segment])
        return replace(
            scores,
            value=torch.tensor(values, dtype=scores.reward.dtype),
            segment=torch.tensor(segments, dtype=torch.long),
        )


def _mean(group: Group) -> float:
    known = [r.score for r in group if r.score is not None]
    return sum(known) / len(known) if known else 0.0
