"""LASER-D: length targets from the lengths of correct replies."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from whet.policy.extensions.by_ticket import ByTicket
from whet.policy.extensions.groups import attempts, by_policy, judgement, successes
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import (
    AdvantageInputs,
    Group,
    Mean,
    Metrics,
    Need,
    Rollout,
    RunSpec,
    Ticket,
    TrainBatch,
    UsageError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthTargets(Companion):
    """LASER-D with targets that adapt to the policy (arXiv:2505.15612; how they do is ours).

    R = rule + α c 1[|y| ≤ L_T],  c = 1 if the reply is correct

    L_T depends on the group's success rate p̂, which `bounds` divide into buckets, the hardest
    first. It starts as the bucket's entry of `targets`. Once `least` correct replies of a bucket
    are known, L_T is the `quantile` of the lengths of its last `window` correct ones, but never
    above the entry. Demonstrations are neither counted nor shaped.
    """

    needs = frozenset({Need.CORRECTNESS})

    targets: tuple[int, ...] = (4096, 2048, 1024)
    bounds: tuple[float, ...] = (1 / 3, 2 / 3)
    alpha: float = 0.5
    quantile: float = 0.5
    least: int = 32
    window: int = 256

    def __post_init__(self) -> None:
        edges = (0.0, *self.bounds, 1.0)
        rising = all(a < b for a, b in zip(edges, edges[1:], strict=False))
        if len(self.targets) != len(self.bounds) + 1 or not rising:
            raise UsageError(
                f"LengthTargets.bounds is {self.bounds} for targets {self.targets}; give rates "
                f"that rise between 0 and 1, one fewer than targets"
            )
        if not 0 < self.quantile <= 1:
            raise UsageError(f"LengthTargets.quantile is {self.quantile}; give a number in (0, 1]")
        if not 1 <= self.least <= self.window:
            raise UsageError(
                f"LengthTargets.least is {self.least} and window {self.window}; "
                f"give 1 ≤ least ≤ window"
            )

    def bucket(self, solved: float) -> int:
        """Bucket index of a success rate, the hardest first."""
        return sum(solved >= bound for bound in self.bounds)

    def target(self, bucket: int, lengths: Sequence[int]) -> int:
        """L_T of a bucket, from the lengths of its correct replies."""
        if len(lengths) < self.least:
            return self.targets[bucket]
        ordered = sorted(lengths)
        place = max(round(self.quantile * len(ordered)) - 1, 0)
        return min(ordered[place], self.targets[bucket])

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a bonus of 0; targets beyond the longest reply adapt."""
        del spec
        return "" if self.alpha else "length_targets.alpha is 0, so it has no effect; give more"

    async def open(self, setup: SetupContext) -> "LiveLengthTargets":
        del setup
        return LiveLengthTargets(self)


Seen = list[tuple[int, list[int]]]
"""Per group: its bucket, and the lengths of its correct replies."""


@dataclass(slots=True)
class LiveLengthTargets(Extension):
    """Lengths of the last correct replies, per bucket.

    All tickets of a step use the targets of the steps before. Their lengths are added after the
    update, in ticket order.
    """

    settings: LengthTargets
    lengths: dict[int, list[int]] = field(default_factory=dict)
    seen: ByTicket[Seen] = field(default_factory=ByTicket[Seen])

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Add α to the score of every correct reply within its target length."""
        del context
        buckets = [self._bucket(group) for group in groups]
        self.seen.put(
            ticket,
            [
                (bucket, [r.length for r in successes(attempts(group))])
                for group, bucket in zip(groups, buckets, strict=True)
            ],
        )
        return [
            replace(group, rollouts=tuple(self._shaped(r, self._target(bucket)) for r in group))
            for group, bucket in zip(groups, buckets, strict=True)
        ]

    def _bucket(self, group: Group) -> int:
        tried = attempts(group)
        return self.settings.bucket(len(successes(tried)) / len(tried) if tried else 0.0)

    def _target(self, bucket: int) -> int:
        return self.settings.target(bucket, self.lengths.get(bucket, []))

    def _shaped(self, rollout: Rollout, most: int) -> Rollout:
        verdict = judgement(rollout) if by_policy(rollout) else None
        if verdict is None:
            return rollout
        earned = self.settings.alpha * (bool(verdict.correct) and rollout.length <= most)
        parts = {"unshaped": verdict.score, **verdict.parts, "length": earned}
        verdict = replace(verdict, score=verdict.score + earned, parts=parts)
        return replace(rollout, verdict=verdict)

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Add this step's lengths; the metrics are the targets of the next step."""
        del batch, inputs
        for seen in self.seen.over(context):
            for bucket, lengths in seen:
                known = self.lengths.get(bucket, []) + lengths
                self.lengths[bucket] = known[-self.settings.window :]
        return {
            f"target_length_{bucket}": Mean(total=self._target(bucket), count=1)
            for bucket in range(len(self.settings.targets))
        }

    def state_dict(self) -> dict[str, Any]:
        return {"lengths": dict(self.lengths), "seen": self.seen.as_plain(list)}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.lengths = dict(state["lengths"])
        self.seen.load(state["seen"], list)
