"""What is written down of a lesson, a step and an evaluation: means that know their
denominators.
"""

from collections.abc import Iterable

from whet.evaluation.intervals import Estimate
from whet.evaluation.measure import Scorecard
from whet.rewards.judging import faults
from whet.rollouts.checks import first_taught
from whet.training.loop import TrainStep
from whet.training.warmup import SFTStep
from whet.types import Finish, Group, Mean, Metrics, Rollout


def one(value: float) -> Mean:
    """A number that is a mean of nothing but itself."""
    return Mean(total=value, count=1)


def over(values: Iterable[float]) -> Mean:
    """A mean over values."""
    known = list(values)
    return Mean(total=sum(known), count=len(known))


def of_sft(step: SFTStep) -> Metrics:
    """A supervised step."""
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
    """A step with rewards.  Accuracy is `correct` of all judged rollouts, admitted or not."""
    groups = step.taken.played
    rollouts = [r for group in groups for r in group]
    names = step.updates[0].metrics
    learned = {n: sum((u.metrics[n] for u in step.updates), Mean()) for n in names}
    # later updates of a step compare with weights that have moved: only the first one is drift
    fresh = step.updates[first_taught(step.updates)]
    first = {"drift": fresh.metrics["drift"], "drift_max": one(fresh.drift_max)}
    return {
        "reward": over(r.score for r in rollouts if r.score is not None),
        "correct": over(_right(rollouts)),
        "length": over(r.length for r in rollouts),
        "truncated": over(r.finish is Finish.LENGTH for r in rollouts),
        "faults": Mean(total=len(faults(groups)), count=len(rollouts)),
        "varied": over(_varied(group) for group in groups),
        "admitted": over(step.taken.admitted),
        "replaced": one(step.taken.replaced),
        "dropped": one(step.taken.dropped),
        "missing": one(step.taken.missing),
        "loss": over(u.loss for u in step.updates),
        **learned,
        **first,
        **step.metrics,
        "lr": one(step.lr),
        **{f"seconds_{name}": one(spent) for name, spent in step.seconds.items()},
        **{f"tokens_{name}": one(count) for name, count in step.token_counts.items()},
    }


def of_evaluation(card: Scorecard) -> Metrics:
    """An evaluation; estimates are over problems, lengths over samples."""
    greedy, samples = card.plays
    return {
        "greedy": _mean(card.greedy),
        **{f"pass@{k}": _mean(estimate) for k, estimate in card.pass_at.items()},
        "length": Mean(total=card.length * samples, count=samples),
        "greedy_length": Mean(total=card.greedy_length * greedy, count=greedy),
        "truncated": Mean(total=card.truncated * samples, count=samples),
        "faults": Mean(total=card.faults, count=samples + greedy),
        "tokens": one(card.tokens),
        "seconds": one(card.seconds),
    }


def intervals(card: Scorecard) -> dict[str, list[float]]:
    """The 95% bounds that belong to an evaluation's estimates."""
    named = {"greedy": card.greedy} | {f"pass@{k}": e for k, e in card.pass_at.items()}
    return {name: [e.low, e.high] for name, e in named.items() if e.problems}


def _mean(estimate: Estimate) -> Mean:
    total = estimate.value * estimate.problems if estimate.problems else 0.0
    return Mean(total=total, count=estimate.problems)


def _right(group: Iterable[Rollout]) -> list[bool]:
    found = (None if r.verdict is None else r.verdict.correct for r in group)
    return [c for c in found if c is not None]


def _varied(group: Group) -> bool:
    return len(set(_right(group))) > 1
