"""Trust: what must be true of every step.  A violation stops the run and says its name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from whet.environments.question import Question
from whet.protocols import Learner, Sampler, Update
from whet.rewards.judging import faults
from whet.types import Broken, Decoding, Group, Request, Rollout, Task

_PROBE = Decoding(length=8)
_SEEDS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a run is no longer believed.  Differences are in nats per token.

    The defaults are for float32; sampler and learner in lower precision differ by more.
    """

    probe: float = 1e-4  # largest, between sampler and learner on a fixed prompt after each sync
    drift: float = 1e-3  # mean, between behaviour and learner on the tokens learned from
    faults: float = 0.1  # share of a step's rollouts that nobody could judge


def believe(groups: Sequence[Group], digest: str, limits: Limits) -> None:
    """All that must be true of what was just played."""
    everyone = [rollout for group in groups for rollout in group]
    whole(everyone)
    same_policy(everyone, digest)
    judged(groups, limits)


def whole(rollouts: Iterable[Rollout]) -> None:
    """Token identity: what the sampler sealed is what the learner gets; and it is numbers."""
    for rollout in rollouts:
        if rollout.seal != rollout.imprint():
            raise Broken(
                f"re-tokenised rollout: the tokens of task {rollout.task.id!r}, seed "
                f"{rollout.seed}, are not those that the sampler sealed",
                [rollout],
            )
        if not all(map(isfinite, rollout.behaviour_logp)):
            raise Broken(
                f"NaN log-prob: the sampler gave task {rollout.task.id!r}, seed {rollout.seed}, "
                "a log-prob that is not finite",
                [rollout],
            )


def same_policy(rollouts: Iterable[Rollout], digest: str) -> None:
    """Policy identity: whoever sampled had the weights that are about to learn."""
    for rollout in rollouts:
        if rollout.policy_digest != digest:
            raise Broken(
                f"stale weights: task {rollout.task.id!r} was sampled by policy "
                f"{rollout.policy_digest or '(none)'}, but the learner is {digest}",
                [rollout],
            )


def judged(groups: Sequence[Group], limits: Limits) -> None:
    """Fault ≠ failure, and too many faults are no run."""
    lost = faults(groups)
    total = sum(map(len, groups))
    if total and len(lost) > limits.faults * total:
        note = lost[0].verdict.note if lost[0].verdict else ""
        raise Broken(
            f"verifier faults: {len(lost)} of {total} rollouts could not be judged (limits.faults "
            f"is {limits.faults}); the first: {note} in task {lost[0].task.id!r}",
            lost,
        )


def near(update: Update, rollouts: Sequence[Rollout], limits: Limits) -> None:
    """Sampler and learner agree about the tokens that were learned from."""
    drift = update.metrics["drift"]
    if drift.count and not drift.value <= limits.drift:
        raise Broken(
            f"drift: behaviour and learner log-probs differ by {drift.value:.3g} nats per token "
            f"(limits.drift is {limits.drift}; largest {update.drift_max:.3g})",
            rollouts,
        )


async def delivered(sampler: Sampler, learner: Learner, task: Task, limits: Limits) -> None:
    """Weight identity: the sampler has what it was sent, and computes what the learner computes."""
    held, sent = sampler.digest(), learner.digest()
    if held != sent:
        raise Broken(f"weights not delivered: the sampler holds {held}, the learner sent {sent}")
    said = await sampler.play(Question(), Request(task=task, seeds=_SEEDS, decoding=_PROBE))
    whole(said)
    sampled = [x for r in said for x in r.behaviour_logp]
    gaps = [abs(a - b) for a, b in zip(sampled, learner.logp(said).tolist(), strict=True)]
    if not max(gaps) <= limits.probe:
        raise Broken(
            f"weights not delivered whole: on the probe, sampler and learner log-probs differ by "
            f"{max(gaps):.3g} (limits.probe is {limits.probe})",
            said,
        )
