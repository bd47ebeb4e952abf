"""LASER-D: target lengths that follow what right replies need."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from whet.policy.companions import LengthTargets
from whet.training.assemble import Share
from whet.training.companions.demonstrations import right
from whet.training.stage import Stage
from whet.types import Group, Mean, Metrics, Rollout, Scores


@dataclass(slots=True)
class LiveLengthTargets:
    """By bucket, the lengths of the last right replies."""

    value: LengthTargets
    lengths: dict[int, list[int]] = field(default_factory=dict)

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """All groups meet the targets of the steps before; then their lengths are remembered."""
        del stage
        buckets = [self._bucket(group) for group in groups]
        bent = [
            tuple(self._bent(r, self._target(bucket)) for r in group)
            for group, bucket in zip(groups, buckets, strict=True)
        ]
        for group, bucket in zip(groups, buckets, strict=True):
            known = self.lengths.get(bucket, [])
            known = known + [r.length for r in group if r.verdict and r.verdict.correct]
            self.lengths[bucket] = known[-self.value.window :]
        return bent

    def _bucket(self, group: Group) -> int:
        judged = sum(r.verdict is not None and r.verdict.judged for r in group)
        return self.value.bucket(right(group) / judged if judged else 0.0)

    def _target(self, bucket: int) -> int:
        return self.value.target(bucket, self.lengths.get(bucket, []))

    def _bent(self, rollout: Rollout, most: int) -> Rollout:
        verdict = rollout.verdict
        if verdict is None or not verdict.judged:
            return rollout
        earned = self.value.alpha * (bool(verdict.correct) and rollout.length <= most)
        parts = {"unshaped": verdict.score, **verdict.parts, "length": earned}
        verdict = replace(verdict, score=verdict.score + earned, parts=parts)
        return replace(rollout, verdict=verdict)

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """Tell the targets of the next step."""
        del stage, share, scores
        return {
            f"target_length_{bucket}": Mean(total=self._target(bucket), count=1)
            for bucket in range(len(self.value.targets))
        }

    def state(self) -> dict[str, Any]:
        """The lengths."""
        return {"lengths": self.lengths}

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.lengths = dict(state["lengths"])
