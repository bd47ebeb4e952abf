"""Validation: every part of a run checks the other parts, before any compute."""

from collections.abc import Iterator
from dataclasses import fields
from math import isinf, isnan

from whet.environments.single_turn import SingleTurn
from whet.policy.extensions.together import refuse_rivals
from whet.policy.inspection import errors, trains_external, walk
from whet.protocols import GroupReward
from whet.protocols.algorithm import BatchCriterion, Clipping
from whet.sampling.strategy_checks import check
from whet.training.glossary import EVALUATION
from whet.training.lag_checks import check_lag
from whet.training.run import Run
from whet.types import Need, RunSpec, UsageError

_EXTENTS = frozenset({"limit_s", "total_s", "workers"})  # with 0, no call could end


def run_spec(run: Run) -> RunSpec:
    """The numbers of a run that its parts may check."""
    return RunSpec(
        samples=run.sampling.group_size,
        max_new_tokens=run.decoding.max_new_tokens,
        steps=run.steps,
        minibatches=run.minibatches,
        replays=run.lag.staleness > 0
        or run.sampling.replays
        or any(Need.MEMORIES in c.provides for c in run.objective.companions),
        weighs=run.sampling.weighs,
        rounds=run.sampling.rounds - run.sampling.gate.max_rounds,
        demonstrates=run.demonstrator is not None,
        trains_external=trains_external(run.objective),
        forks=run.sampling.forks,
        vocabulary=run.model.size().vocabulary if Need.CANDIDATES in run.objective.needs else 0,
        several_turns=not isinstance(run.environment, SingleTurn),
    )


def validate(run: Run) -> None:
    """Raise `UsageError` with the first reason of a part against the run."""
    check(run.sampling)
    refuse_rivals(run.objective.companions)
    here = run_spec(run)
    _check_numbers(run)
    if Need.PAIRS in run.objective.needs and here.samples == 1:
        raise UsageError(
            "sampling.size.rollouts is 1, but the algorithm learns from right and wrong rollouts "
            "of one task; give 2 or more"
        )
    if run.minibatches > run.sampling.tickets:
        raise UsageError(
            f"minibatches is {run.minibatches}, but a step has {run.sampling.tickets} groups; "
            f"give 1 to {run.sampling.tickets}"
        )
    if run.decoding.top_k == 1:
        raise UsageError(
            "sampling.decoding.top_k is 1, so all rollouts of a group are equal and have no "
            "advantage; give 0 (all tokens), or 2 or more"
        )
    _check_rounds(run)
    check_lag(run)
    _check_best(run)
    _check_weights(run)
    for reason in errors(run, here):
        raise UsageError(" ".join(str(reason).split()))


def _check_best(run: Run) -> None:
    """Raise `UsageError` for a best checkpoint by a metric that its evaluations don't have."""
    best, known = run.checkpoints.best, {f"pass@{k}" for k in run.periodic.evaluation.k}
    known |= {m.name for m in EVALUATION if not m.clock and "@" not in m.name and "*" not in m.name}
    if best and best not in known:
        raise UsageError(f"checkpoints.best is {best!r}; give one of {', '.join(sorted(known))}")


def _check_weights(run: Run) -> None:
    """Raise `UsageError` for a replay with weights where the loss would lose them."""
    if not run.sampling.weighs:
        return
    parts = [part for part in walk(run.objective) if isinstance(part, Clipping | BatchCriterion)]
    reasons = [run.objective.advantage.why_no_reward, *(part.why_unweighted for part in parts)]
    if reason := next(filter(None, reasons), ""):
        raise UsageError(
            "sampling.replay weighs groups by their rewards, through their advantages, but of this "
            f"algorithm: {reason}; give --sampling.replay trajectory_replay, or another algorithm"
        )


def _check_rounds(run: Run) -> None:
    """Raise `UsageError` for a reward that compares rollouts where it sees one round at a time."""
    if run.sampling.rounds <= run.sampling.gate.max_rounds:
        return
    judges = [part for part in walk(run.reward) if isinstance(part, GroupReward) and part.compares]
    if judges:
        raise UsageError(
            f"sampling.size has its rounds judged apart, and reward {type(judges[0]).__name__} "
            "compares the rollouts of a group; give --sampling.size fixed, or a reward that judges "
            "each reply by itself (compares = False)"
        )


def _check_numbers(run: Run) -> None:
    """Raise `UsageError` for a NaN in any part, for a time or a pool without extent, and for an
    infinite setting of the sampling.
    """
    for name, field, value in _numbers(run):
        if isnan(value):
            raise UsageError(f"{name}.{field} is nan; give a number")
        if field in _EXTENTS and value <= 0:
            raise UsageError(f"{name}.{field} is {value}; give more than 0")
    for name, field, value in _numbers(run.sampling):
        if isinf(value):
            raise UsageError(f"sampling: {name}.{field} is {value}; give a finite number")


def _numbers(whole: object) -> Iterator[tuple[str, str, float]]:
    """Every number in the parts of a value, with the names of its part and its field."""
    for part in walk(whole):
        for field in fields(part):
            held = getattr(part, field.name)
            for value in held if isinstance(held, tuple) else (held,):
                if isinstance(value, int | float):
                    yield type(part).__name__, field.name, value
