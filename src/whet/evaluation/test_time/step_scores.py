"""A number for a reply from a step model: how good its steps are."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import isawaitable
from math import nan, prod
from typing import Protocol, runtime_checkable

from whet.rewards.dense.cutting import Cuts, Separated, spans
from whet.rewards.dense.placing import last_reply
from whet.rewards.dense.step_models import StepModel
from whet.types import Rollout, UsageError


@runtime_checkable
class Fold(Protocol):
    """One number from the probabilities of the steps."""

    def __call__(self, good: Sequence[float]) -> float:
        """The number; there is at least one step."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Least:
    """min_k p_k: a chain is as good as its worst step."""

    def __call__(self, good: Sequence[float]) -> float:
        return min(good)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Π_k p_k: the probability that every step is good, as in Lightman et al. (arXiv:2305.20050).

    A longer chain has a smaller product.
    """

    def __call__(self, good: Sequence[float]) -> float:
        return prod(good)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastStep:
    """p_K: the probability at the end of the chain."""

    def __call__(self, good: Sequence[float]) -> float:
        return good[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScores:
    """Scores replies with a step model: p_k at the last token of step k, folded into a number.

    A reply without a token has no score.  Scoring reads tokens and decodes none.
    """

    model: StepModel
    cuts: Cuts = Separated()
    fold: Fold = Least()

    async def scores(self, rollouts: Sequence[Rollout]) -> list[float]:
        """One number per rollout.  Raises `UsageError` for what is no probability."""
        if not rollouts:
            return []
        rows = await token_scores(self.model, rollouts)
        return [self._of(*pair) for pair in zip(rollouts, rows, strict=True)]

    def _of(self, rollout: Rollout, row: Sequence[float]) -> float:
        steps = [s for s in spans(self.cuts(rollout), last_reply(rollout)) if s.stop > s.start]
        return self.fold([row[step.stop - 1] for step in steps]) if steps else nan


async def token_scores(model: StepModel, rollouts: Sequence[Rollout]) -> Sequence[Sequence[float]]:
    """The model's probability after every sampled token.

    Raises `UsageError` unless there is one for each, from 0 to 1.
    """
    said = model.scores(rollouts)
    rows = await said if isawaitable(said) else said
    for rollout, row in zip(rollouts, rows, strict=True):
        if len(row) != rollout.length or not all(0 <= p <= 1 for p in row):
            raise UsageError(
                f"step_model gave {len(row)} numbers for {rollout.length} tokens of task "
                f"{rollout.task.id!r}, or some that are no probability; give one from 0 to 1 each"
            )
    return rows
