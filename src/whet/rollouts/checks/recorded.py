"""Rollouts as they were recorded: tokens, versions and numbers, and how many have no verdict."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy import ndarray

from whet.rewards.judging import faults
from whet.rollouts.checks.limits import TrustLimits
from whet.rollouts.checks.seeds import check_seeds
from whet.types import Group, IntegrityError, Rollout, Version


def check_rollouts(
    groups: Iterable[Group], versions: Sequence[Version], limits: TrustLimits
) -> None:
    """Check integrity, versions, seeds and faults of rollouts.

    `versions` are those that the player held while they were sampled, the newest last.
    """
    known = list(groups)
    everything = [rollout for group in known for rollout in group]
    check_integrity(everything)
    check_versions(everything, versions)
    check_seeds(known)
    check_faults(known, limits)


def check_integrity(rollouts: Iterable[Rollout]) -> None:
    """Token identity: rollouts are as the player sealed them, and their numbers are finite."""
    for rollout in rollouts:
        if rollout.seal != rollout.imprint():
            raise IntegrityError(
                f"re-tokenised rollout: the tokens of task {rollout.task.id!r}, seed "
                f"{rollout.seed}, are not those that the player sealed",
                [rollout],
            )
        for name, column in _numbers(rollout).items():
            if not np.isfinite(column).all():
                raise IntegrityError(
                    f"NaN {name}: the generator gave task {rollout.task.id!r}, seed "
                    f"{rollout.seed}, a number that is not finite",
                    [rollout],
                )


def _numbers(rollout: Rollout) -> dict[str, ndarray]:
    known = {"log-prob": rollout.behaviour_logp, **rollout.columns}
    if rollout.entropy is not None:
        known["entropy"] = rollout.entropy
    return {name: x for name, x in known.items() if np.issubdtype(x.dtype, np.floating)}


def check_versions(rollouts: Iterable[Rollout], versions: Sequence[Version]) -> None:
    """Policy identity: no token was sampled by weights other than those that were delivered."""
    for rollout in rollouts:
        odd = [s.version for s in rollout.spans if s.version not in (None, *versions)]
        if odd or not any(s.version for s in rollout.spans) and rollout.length:
            held = odd[0].digest if odd and odd[0] is not None else "(none)"
            raise IntegrityError(
                f"stale weights: task {rollout.task.id!r} was sampled by policy {held}, but the "
                f"learner is {versions[-1].digest}",
                [rollout],
            )


def check_faults(groups: Sequence[Group], limits: TrustLimits) -> None:
    """Faults are masked; if their fraction is above the limit, the run stops."""
    lost = faults(groups)
    total = sum(map(len, groups))
    if total and len(lost) > limits.faults * total:
        note = " ".join(lost[0].verdict.note.split()) if lost[0].verdict else ""
        raise IntegrityError(
            f"verifier faults: {len(lost)} of {total} rollouts could not be judged (limits.faults "
            f"is {limits.faults}); the first: {note} in task {lost[0].task.id!r}",
            lost,
        )
