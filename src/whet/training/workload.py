"""The numbers of groups and rollouts that a run asks for."""

from collections.abc import Sequence

from whet.protocols import Now
from whet.sampling.strategy_checks import opened
from whet.training.run import Run
from whet.training.sampling_setup import sampling_setup
from whet.types import Request


def first_requests(run: Run) -> Sequence[Request]:
    """The requests of the first step."""
    setup = sampling_setup(run)
    now = Now(step=0, steps=run.steps, version=0, metrics={})
    return opened(run.sampling, setup).next(run.sampling.tickets, now)


def evaluation_rollouts(run: Run) -> int:
    """Rollouts of the base, periodic and final evaluations, at most: a split may have fewer."""
    every = run.periodic.every
    periodic = run.steps // every + bool(run.steps % every) if every else 0
    return 2 * run.evaluation.rollouts + periodic * run.periodic.evaluation.rollouts


def most_rollouts(run: Run) -> int:
    """The most rollouts of a step, with all rounds of its groups and without replacements."""
    first = sum(len(request.plays) for request in first_requests(run))
    return max(first, run.sampling.most_rollouts)


def evaluation_share(run: Run, each: int) -> float:
    """Share of evaluation rollouts in all rollouts, with `each` training rollouts per step."""
    asked = evaluation_rollouts(run)
    return asked / (asked + run.steps * each)
