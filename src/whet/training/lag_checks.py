"""What a run with stale rollouts needs, and what does not go with them."""

from collections.abc import Iterator, Sequence

from whet.environments.opponents import Past
from whet.training.run import Run
from whet.types import Need, Task, UsageError
from whet.types.saved_rollouts import plain


def check_lag(run: Run) -> None:
    """Raise `UsageError` with the first reason why rollouts of the run can't be stale."""
    lag = run.lag
    if not lag.staleness:
        return
    for reason in _reasons(run):
        raise UsageError(f"lag.staleness is {lag.staleness}, {reason}")


def check_tasks(run: Run, tasks: Sequence[Task]) -> None:
    """Raise `UsageError` for a task that a checkpoint can't hold while it is under way."""
    if run.lag.staleness:
        for task in tasks:
            plain(task, f"task {task.id!r}")


def _reasons(run: Run) -> Iterator[str]:
    if Need.PROXIMAL not in run.objective.needs and not run.lag.on_trust:
        yield (
            "and nothing corrects for tokens of older weights; give --objective.corrections "
            "truncated, choose decoupled_ppo, or say --lag.on_trust true"
        )
    for companion in run.objective.companions:
        if not companion.lags:
            name = type(companion).__name__
            yield f"but {name} compares policies of one step; give 0, or another algorithm"
    if run.sampling.rounds > run.sampling.gate.max_rounds:
        size = type(getattr(run.sampling, "size", run.sampling)).__name__
        yield f"but {size} plays a task in several rounds of a step; give --sampling.size fixed"
    if run.sampling.gate.oversample > 1:
        yield (
            f"and sampling.gate.oversample {run.sampling.gate.oversample:g}: groups are played "
            "ahead already; give --sampling.gate.oversample 1"
        )
    if any(isinstance(opponent, Past) for opponent in run.environment.opponents):
        yield "but the opponent Past changes its weights between two steps; give 0, or another one"
    if run.sampling.replays:
        yield "but sampling.replay learns from earlier steps by itself; give 0, or no replay"
