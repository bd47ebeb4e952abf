"""What a step was worth, for every task of a category."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from whet.protocols import Part


class ArmGain(Part):
    """The gain of every visit to a category, in [0, 1]."""

    __slots__ = ()

    @abstractmethod
    def of(self, visits: Sequence[Sequence[float]], before: float | None) -> list[float]:
        """The gain of each visit of a step, by the task metrics of its rollouts.

        `before` is the mean metric of the category in its last step; None in its first one.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvantageArmGain(ArmGain):
    """mean |x − x̄| / std(x): the mean |Â| of GRPO, with the task metric x in place of the reward.

    Of binary metrics it is 2 sqrt(p (1 − p)), which is 1 at p = 1/2 and 0 where all are equal. SEC
    (arXiv:2505.14970) takes the mean |Â| as the proxy of what was learned. It needs no memory, and
    has little noise. It can't tell a category that is learned from one that stays at p = 1/2.
    """

    def of(self, visits: Sequence[Sequence[float]], before: float | None) -> list[float]:
        del before
        return [_mean_advantage(metrics) for metrics in visits]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyArmGain(ArmGain):
    """|x̄ − x̄ of the category's last step|: learning progress, the same for all its visits.

    A category that gets worse has a gain, too: it is being forgotten. The noise of a mean over n
    rollouts is about sqrt(p (1 − p) / n), so this needs many rollouts per category and step.
    """

    def of(self, visits: Sequence[Sequence[float]], before: float | None) -> list[float]:
        metrics = [metric for visit in visits for metric in visit]
        now = sum(metrics) / len(metrics)
        return [0.0 if before is None else min(abs(now - before), 1.0)] * len(visits)


def _mean_advantage(metrics: Sequence[float]) -> float:
    mean = sum(metrics) / len(metrics)
    away = [abs(metric - mean) for metric in metrics]
    deviation = sqrt(sum(x * x for x in away) / len(away))
    return sum(away) / len(away) / deviation if deviation > 1e-6 else 0.0  # noqa: PLR2004
