"""Drift: generator and learner compute the same log-probs of the tokens that were sampled."""

from collections.abc import Sequence

from whet.protocols import Update
from whet.rollouts.checks.limits import TrustLimits
from whet.types import IntegrityError, Rollout, TrainBatch


def first_taught(updates: Sequence[Update]) -> int:
    """Index of the first update of a step that had a gradient.

    Its log-probs are those of the weights before the step, because earlier updates changed nothing.
    """
    taught = (i for i, update in enumerate(updates) if update.metrics["taught"].total)
    return next(taught, 0)


def check_report(update: Update, batch: TrainBatch) -> None:
    """A learner reports of the batch that it was given.

    Raises `IntegrityError` for the number of tokens, or for a rollout, of another batch.
    """
    tokens, told = len(batch.tokens.row), update.metrics["taught"].count
    if told != tokens:
        raise IntegrityError(
            f"metrics of another step: the learner reports of {told} tokens, but was given {tokens}"
        )
    if update.drift_worst and update.drift_worst not in {r.id for r in batch.rollouts}:
        raise IntegrityError(
            "metrics of another step: the learner reports the drift of rollout "
            f"{update.drift_worst!r}, which is not in the batch that it was given"
        )


def check_drift(
    update: Update, rollouts: Sequence[Rollout], limits: TrustLimits, dtype: str = "float32"
) -> None:
    """Generator and learner agree on log-probs of the fresh tokens that were learned from.

    |log μ − log π| is limited as the mean over all of them, as the mean over each rollout, and for
    each token.  `dtype` is that of the weights, which the limits follow.
    """
    drift = update.metrics["drift"]
    if not drift.count:
        return
    within, named = limits.of(dtype), [r for r in rollouts if r.id == update.drift_worst]
    whose = f"of task {named[0].task.id!r}, seed {named[0].seed}, " if named else ""
    for name, value, where, odd in (
        ("drift", drift.value, "", rollouts),
        ("drift_rollout", update.drift_rollout, f"in a rollout {whose}", named or rollouts),
        ("drift_max", update.drift_max, "of one token ", rollouts),
    ):
        limit = getattr(within, name)
        if not value <= limit:
            unit = "nats" if name == "drift_max" else "nats per token"
            raise IntegrityError(
                f"drift: {where}behaviour and learner log-probs differ by {value:.3g} {unit} "
                f"(limits.{name} is {limit}{_meaning(name, limits, dtype)}; largest "
                f"{update.drift_max:.3g}): the log-probs are of other weights, of another "
                "temperature or truncation, of other tokens, or of a kernel that rounds more",
                odd,
            )


def _meaning(name: str, limits: TrustLimits, dtype: str) -> str:
    """That a limit was not given, but follows from the dtype."""
    return f", above the rounding of {dtype}" if getattr(limits, name) is None else ""
