"""Invariants of every step. A violation raises `IntegrityError`, which stops the run with the
reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from numpy import ndarray

from whet.environments.single_turn import SingleTurn
from whet.protocols import Learner, Player, Update
from whet.rewards.judging import faults
from whet.types import Decoding, Group, IntegrityError, Request, Rollout, Task, UsageError, Version
from whet.types.weights import Weights

PROBE = Decoding(max_new_tokens=8)
SEEDS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustLimits:
    """Limits of the invariants; differences are in nats per token.

    The defaults are for float32. In lower precision, generator and learner differ by more.
    """

    probe: float = 1e-4  # max on a fixed prompt after each sync: generator − learner
    drift: float = 1e-3  # mean over the step's fresh tokens: behaviour − learner
    faults: float = 0.1  # fraction of a step's rollouts without a verdict

    def __post_init__(self) -> None:
        for name, most in (("probe", inf), ("drift", inf), ("faults", 1.0)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                legal = "0 or more" if most == inf else "0 to 1"
                raise UsageError(f"limits.{name} is {value}; give {legal}")


def check_rollouts(groups: Iterable[Group], version: Version, limits: TrustLimits) -> None:
    """Check integrity, versions and faults of rollouts that weights of `version` sampled."""
    known = list(groups)
    everything = [rollout for group in known for rollout in group]
    check_integrity(everything)
    check_versions(everything, version)
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


def check_versions(rollouts: Iterable[Rollout], version: Version) -> None:
    """Policy identity: no token was sampled by weights other than the learner's current ones."""
    for rollout in rollouts:
        odd = [s.version for s in rollout.spans if s.version not in (None, version)]
        if odd or not any(s.version for s in rollout.spans) and rollout.length:
            held = odd[0].digest if odd and odd[0] is not None else "(none)"
            raise IntegrityError(
                f"stale weights: task {rollout.task.id!r} was sampled by policy {held}, but the "
                f"learner is {version.digest}",
                [rollout],
            )


def check_faults(groups: Sequence[Group], limits: TrustLimits) -> None:
    """Faults are masked; if their fraction is above the limit, the run stops."""
    lost = faults(groups)
    total = sum(map(len, groups))
    if total and len(lost) > limits.faults * total:
        note = lost[0].verdict.note if lost[0].verdict else ""
        raise IntegrityError(
            f"verifier faults: {len(lost)} of {total} rollouts could not be judged (limits.faults "
            f"is {limits.faults}); the first: {note} in task {lost[0].task.id!r}",
            lost,
        )


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


def probe_of(task: Task, decoding: Decoding) -> Request:
    """Four short plays of a task, not longer than the run's replies.

    A task without a prompt, as its environment makes it, gets the prompt "?".
    """
    how = replace(PROBE, max_new_tokens=min(PROBE.max_new_tokens, decoding.max_new_tokens))
    return Request.of(task if task.prompt else replace(task, prompt="?"), SEEDS, how)


async def check_weight_sync(
    player: Player, learner: Learner, weights: Weights, probe: Request, limits: TrustLimits
) -> None:
    """Weight identity: the player has the learner's weights, and computes its log-probs."""
    held, sent = player.held(), weights.version
    if held != sent:
        raise IntegrityError(
            f"weights not delivered: the player holds {held.digest} (version {held.step}), the "
            f"learner sent {sent.digest} (version {sent.step})"
        )
    groups = await player.within(SingleTurn()).play(probe)
    probed = [rollout for group in groups for rollout in group]
    check_integrity(probed)
    sampled = np.concatenate([r.behaviour_logp for r in probed])
    gap = np.abs(sampled - (await learner.logp(probed)).numpy()).max().item()
    if not gap <= limits.probe:
        raise IntegrityError(
            f"weights not delivered whole: on the probe, generator and learner log-probs differ "
            f"by {gap:.3g} (limits.probe is {limits.probe})",
            probed,
        )
