"""The metrics of warm-up steps, RL steps and evaluations; every mean has a denominator.

`whet.training.glossary` describes each of them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import isfinite

import torch

from whet.evaluation.apart import Apart
from whet.evaluation.intervals import Estimate
from whet.evaluation.measure import Scorecard
from whet.evaluation.replies import REASONS
from whet.evaluation.scores import graded, std
from whet.rewards.judging import faults
from whet.rollouts.checks import first_taught
from whet.training.lag_metrics import of_lag
from whet.training.loop import TrainStep
from whet.training.tree_metrics import of_trees
from whet.training.warmup import SFTStep
from whet.types import (
    Batch,
    Group,
    IntegrityError,
    Mean,
    Metrics,
    Reason,
    Rollout,
    UsageError,
    spread,
)

_CLIPS = ("clipped", "clipped_high", "clipped_low", "masked")  # of sums over tokens alone


def one(value: float) -> Mean:
    """A single number, as a metric with denominator 1."""
    return Mean(total=value, count=1)


def over(values: Iterable[float]) -> Mean:
    """The mean over values, with their number as denominator."""
    known = list(values)
    return Mean(total=sum(known), count=len(known))


def of_sft(step: SFTStep) -> Metrics:
    """The metrics of a supervised step."""
    return {
        "loss": one(step.update.loss),
        "average_loss": one(step.progress.average or 0.0),
        "lr": one(step.lr),
        "seconds": one(step.seconds),
        "entropy": step.update.metrics["entropy"],
        "grad_norm": step.update.metrics["grad_norm"],
        "computed": step.update.metrics["computed"],
    }


def of_step(step: TrainStep) -> Metrics:
    """The metrics of an RL step.

    Rewards, correctness and lengths are of all rollouts that the policy sampled for the step's
    tickets, with those that a gate rejects, and without demonstrations and replayed rollouts.

    Raises `IntegrityError` for a metric that is not finite, unless it is a mean over nothing.
    """
    groups = step.sampled
    rollouts = [r for group in groups for r in group]
    metrics = {
        **_of_rewards(groups),
        **_of_lengths([int((~r.external).sum()) for r in rollouts]),
        **of_trees(groups),
        "truncated": over(r.finish.truncated for r in rollouts),
        "faults": Mean(total=len(faults(groups)), count=len(rollouts)),
        "not_applicable": over(
            r.verdict is not None and r.verdict.reason is Reason.NOT_APPLICABLE for r in rollouts
        ),
        "admitted": over(step.taken.admitted),
        "replaced": one(step.taken.replaced),
        "dropped": one(step.taken.dropped),
        "missing": one(step.taken.missing),
        "rounds": one(step.taken.rounds),
        **_of_updates(step),
        **_of_reference(step.batch.tokens),
        **of_lag(step.batch.tokens),
        **step.metrics,
        **_of_costs(step),
    }
    if taken := metrics.keys() & step.taken.metrics.keys():
        raise UsageError(
            f"sampling gives the metric {min(taken)!r}, which the run has itself; give it another "
            "name"
        )
    metrics = {**metrics, **step.taken.metrics}
    for name, mean in metrics.items():
        if mean.count and not isfinite(mean.value):
            raise IntegrityError(f"metric {name!r} is {mean.value} in step {step.number + 1}")
    return metrics


def _of_rewards(groups: Sequence[Group]) -> Metrics:
    """The metrics of the rewards, and of correctness."""
    rollouts = [r for group in groups for r in group]
    apart = [scores for group in groups if (scores := _scores(group))]
    scores = [score for mine in apart for score in mine]
    return {
        "reward": over(scores),
        "reward_std": _joint(std(scores), len(scores)),
        "reward_std_within": over(std(mine) for mine in apart if len(mine) > 1),
        "reward_min": one(min(scores)) if scores else Mean(),
        "reward_max": one(max(scores)) if scores else Mean(),
        "graded": _joint(graded(scores), len(scores)),
        "varied": over(spread(mine) > 0 for mine in apart),
        "correct": over(_right(rollouts)),
        "correct_varied": over(len(set(known)) > 1 for g in groups if (known := _right(g))),
        "shaped": over(_shaped(rollouts)),
    }


def _of_lengths(lengths: Sequence[int]) -> Metrics:
    return {
        "length": over(lengths),
        "length_min": one(min(lengths)) if lengths else Mean(),
        "length_max": one(max(lengths)) if lengths else Mean(),
    }


def _of_updates(step: TrainStep) -> Metrics:
    """The metrics of all optimizer steps.  They are sums, so that slices are weighted by size.

    A minibatch without a gradient is no optimizer step.  Drift is taken from the first update, for
    later ones compare with changed weights.  A name that no update has is a mean over nothing.
    """
    names = dict.fromkeys((*_CLIPS, *(name for u in step.updates for name in u.metrics)))
    fresh = step.updates[first_taught(step.updates)]
    drift = fresh.metrics["drift"]
    return {
        "loss": over(u.loss for u in step.updates if u.metrics["taught"].total),
        **{n: sum((u.metrics.get(n, Mean()) for u in step.updates), Mean()) for n in names},
        "drift": drift,
        "drift_max": one(fresh.drift_max) if drift.count else Mean(),
        "lr": one(step.lr),
    }


def _of_reference(batch: Batch) -> Metrics:
    """KL(μ‖π_ref) where the objective holds a reference: the k3 estimate, as TRL reports it.

    mean over tokens of e^{−x} − 1 + x,  x = log μ − log π_ref,  of the tokens that μ sampled.
    """
    if batch.reference_logp is None:
        return {}
    x = batch.behaviour_logp.double() - batch.reference_logp.double()
    if batch.external is not None:
        x = x[~batch.external]
    return {"kl": Mean(total=(torch.expm1(-x) + x).sum().item(), count=len(x))}


def _of_costs(step: TrainStep) -> Metrics:
    """Seconds and tokens.  A rate is tokens over seconds, so that rates combine like means."""
    learned = sum(u.metrics["taught"].total for u in step.updates)
    decoding = sum(step.seconds.values()) if step.beside else step.seconds.get("play", 0.0)
    return {
        **{f"seconds_{name}": one(spent) for name, spent in step.seconds.items()},
        **{f"tokens_{name}": one(count) for name, count in step.token_counts.items()},
        "decoded_per_second": Mean(total=step.token_counts.get("decoded", 0), count=decoding),
        "learned_per_second": Mean(total=learned, count=step.seconds.get("learn", 0.0)),
    }


def of_evaluation(card: Scorecard) -> Metrics:
    """The metrics of an evaluation: estimates over problems, lengths and spreads over samples."""
    greedy, samples = card.once, card.often
    replies = samples.count + greedy.count
    return {
        **{name: _joint(e.value, e.problems) for name, e in _estimates(card).items()},
        **_of_unknown(card),
        "reward_std": _joint(card.reward.std, card.reward.samples),
        "reward_std_within": _joint(card.reward.std_within, card.reward.repeated),
        "graded": _joint(card.reward.graded, card.reward.samples),
        **_apart(card),
        "length": Mean(total=samples.tokens, count=samples.count),
        "greedy_length": Mean(total=greedy.tokens, count=greedy.count),
        "truncated": Mean(total=samples.truncated, count=samples.count),
        "greedy_truncated": Mean(total=greedy.truncated, count=greedy.count),
        "correct_truncated": Mean(
            total=samples.right_truncated + greedy.right_truncated,
            count=samples.right + greedy.right,
        ),
        "faults": Mean(total=card.faults, count=replies),
        "not_applicable": Mean(total=card.not_applicable, count=card.problems),
        "tokens": one(card.tokens),
        "seconds": one(card.seconds),
    }


def _apart(card: Scorecard) -> Metrics:
    """Rewards of right and of wrong samples, and how many samples are one and the same text."""
    held = Apart.of(card.rows)
    return {
        "reward_right": over(held.right),
        "reward_wrong": over(held.wrong),
        "commonest": Mean(total=held.commonest, count=held.samples),
    }


def _of_unknown(card: Scorecard) -> Metrics:
    """How much of each estimate is known, its ends, and why verdicts are missing."""
    found: dict[str, Mean] = {}
    for name, estimate in _estimates(card).items():
        found[f"known_{name}"] = Mean(total=estimate.problems, count=estimate.of)
        found[f"least_{name}"] = _joint(estimate.least, estimate.of)
        found[f"most_{name}"] = _joint(estimate.most, estimate.of)
    replies = sum(kind.count - kind.not_applicable for kind in (card.once, card.often))
    counts = Counter(dict.fromkeys(REASONS, 0))
    for missing in (*card.once.missing, *card.often.missing):
        counts[missing.reason] += missing.count
    return found | {
        f"missing_{reason}": Mean(total=count, count=replies) for reason, count in counts.items()
    }


def intervals(card: Scorecard) -> dict[str, list[float]]:
    """The 95% intervals of an evaluation's estimates."""
    return {name: [e.low, e.high] for name, e in _estimates(card).items() if e.problems}


def _estimates(card: Scorecard) -> dict[str, Estimate]:
    named = {"reward": card.reward.mean, "greedy_reward": card.greedy_reward}
    return named | {"greedy": card.greedy} | {f"pass@{k}": e for k, e in card.pass_at.items()}


def _joint(value: float, count: int) -> Mean:
    """A metric with the denominator `of`; empty if the value is NaN."""
    return Mean(total=value * count, count=count) if isfinite(value) else Mean()


def _scores(group: Iterable[Rollout]) -> list[float]:
    return [r.score for r in group if r.verdict is not None and r.score is not None]


def _right(group: Iterable[Rollout]) -> list[bool]:
    verdicts = [r.verdict for r in group if r.verdict is not None and r.verdict.judged]
    return [v.correct for v in verdicts if v.correct is not None]


def _shaped(group: Iterable[Rollout]) -> list[bool]:
    """For each rollout of known correctness: whether `correct` differs from score ≥ 1."""
    verdicts = [r.verdict for r in group if r.verdict is not None and r.verdict.judged]
    return [v.correct != (v.score >= 1) for v in verdicts if v.correct is not None]
