"""Drift: generator and learner compute the same log-probs of the tokens that were sampled."""

from collections.abc import Sequence

from whet.protocols import Update
from whet.rollouts.checks.limits import TrustLimits
from whet.types import IntegrityError, Rollout


def first_taught(updates: Sequence[Update]) -> int:
    """Index of the first update of a step that had a gradient.

    Its log-probs are those of the weights before the step, because earlier updates changed nothing.
    """
    taught = (i for i, update in enumerate(updates) if update.metrics["taught"].total)
    return next(taught, 0)


def check_drift(update: Update, rollouts: Sequence[Rollout], limits: TrustLimits) -> None:
    """Generator and learner agree on log-probs of the fresh tokens that were learned from."""
    drift = update.metrics["drift"]
    if drift.count and not drift.value <= limits.drift:
        raise IntegrityError(
            f"drift: behaviour and learner log-probs differ by {drift.value:.3g} nats per token "
            f"(limits.drift is {limits.drift}; largest {update.drift_max:.3g})",
            rollouts,
        )
