"""Doubts about a run before it begins: what its parts warn of, and what its settings imply."""

from collections.abc import Iterator

from whet.environments.against import Against
from whet.policy.clipping import Unclipped
from whet.policy.inspection import warnings
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood
from whet.protocols import Environment, World
from whet.training.idle_settings import idle_settings
from whet.training.run import Run
from whet.training.split_groups import split_groups
from whet.training.validation import run_spec
from whet.training.workload import evaluation_share, most_rollouts

_MUCH = 0.25  # of a run's rollouts, for evaluation


def doubts(run: Run) -> list[str]:
    """One sentence for each setting that is valid, but may be unintended or without effect."""
    said = [*_choices(run), *warnings(run, run_spec(run))]
    return [*said, *split_groups(run), *idle_settings(run)]


def _choices(run: Run) -> Iterator[str]:
    """Settings that are valid but may be unintended."""
    how = run.decoding
    if how.truncates and not run.engine.replays_truncation:
        yield (
            "sampling is truncated (top_p, top_k or min_p), but the engine does not record the "
            "tokens that are left: log-probs are of the whole distribution, and rollouts slightly "
            "off-policy"
        )
    if run.reward is None and not brings_tasks(run.environment):
        yield "the run has no reward: the environment has to judge"
    if run.minibatches > 1 and any(_unrelated(term) for term in _terms(run)):
        yield (
            "the objective has log π_θ in place of a ratio, and minibatches is "
            f"{run.minibatches}: all optimizer steps of a step but the first are off-policy, "
            "without a correction"
        )
    share = evaluation_share(run, most_rollouts(run))
    if run.steps and share > _MUCH:
        share_told = f"{share:.0%}" if run.sampling.group_size else f"at least {share:.0%}"
        yield (
            f"evaluation is {share_told} of the run's rollouts; evaluate less often "
            f"(periodic.every is {run.periodic.every}) or on less (periodic.evaluation, evaluation)"
        )
    if not run.periodic.every:
        yield "the run has no periodic evaluation (periodic.every is 0)"


def brings_tasks(environment: Environment) -> bool:
    """Whether it is a world, perhaps with an opponent: it knows its tasks, and judges each play."""
    return isinstance(environment, World | Against)


def _terms(run: Run) -> tuple[Term, ...]:
    return run.objective.terms if isinstance(run.objective, Objective) else ()


def _unrelated(term: Term) -> bool:
    """Whether a term weighs log π_θ by Â without a ratio, a clip or a correction."""
    free = isinstance(term.ratio, LogLikelihood) and isinstance(term.clipping, Unclipped)
    return free and not term.corrections and term.on is None
