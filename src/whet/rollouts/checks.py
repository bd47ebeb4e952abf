"""Trust: what must be true of every step.  A violation stops the run and says its name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import ndarray

from whet.environments.single_turn import SingleTurn
from whet.protocols import Learner, Player, Update
from whet.rewards.judging import faults
from whet.types import Decoding, Group, IntegrityError, Request, Rollout, Task, Version
from whet.types.weights import Weights

PROBE = Decoding(max_new_tokens=8)
SEEDS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustLimits:
    """When a run is no longer believed.  Differences are in nats per token.

    The defaults are for float32; generator and learner in lower precision differ by more.
    """

    probe: float = 1e-4  # largest, between generator and learner on a fixed prompt after each sync
    drift: float = 1e-3  # mean, between behaviour and learner on the fresh tokens learned from
    faults: float = 0.1  # share of a step's rollouts that could not be judged


def check_rollouts(groups: Iterable[Group], version: Version, limits: TrustLimits) -> None:
    """All that must be true of what was just played with weights of `version`."""
    known = list(groups)
    everything = [rollout for group in known for rollout in group]
    check_integrity(everything)
    check_versions(everything, version)
    check_faults(known, limits)


def check_integrity(rollouts: Iterable[Rollout]) -> None:
    """Token identity: what the player sealed is what the learner gets; and it is numbers."""
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
    """Policy identity: every token was chosen by the weights that are about to learn."""
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
    """Fault ≠ failure, and too many faults are no run."""
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
    """The update of a step whose log-probs are those of the weights before it.

    It is the first one that taught anything: those before it moved nothing, and had no drift.
    """
    taught = (i for i, update in enumerate(updates) if update.metrics["taught"].total)
    return next(taught, 0)


def check_drift(update: Update, rollouts: Sequence[Rollout], limits: TrustLimits) -> None:
    """Generator and learner agree about the fresh tokens that were learned from."""
    drift = update.metrics["drift"]
    if drift.count and not drift.value <= limits.drift:
        raise IntegrityError(
            f"drift: behaviour and learner log-probs differ by {drift.value:.3g} nats per token "
            f"(limits.drift is {limits.drift}; largest {update.drift_max:.3g})",
            rollouts,
        )


def probe_of(task: Task, decoding: Decoding) -> Request:
    """Four short plays of a task, none longer than the run's own.

    A task without a prompt, which its environment words itself, is asked "?".
    """
    how = replace(PROBE, max_new_tokens=min(PROBE.max_new_tokens, decoding.max_new_tokens))
    return Request.of(task if task.prompt else replace(task, prompt="?"), SEEDS, how)


async def check_weight_sync(
    player: Player, learner: Learner, weights: Weights, probe: Request, limits: TrustLimits
) -> None:
    """Weight identity: the player holds what it was sent, and computes what the learner does."""
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
