"""Running a run for a command: its events on the screen, signals, and the exit code."""

from collections.abc import Callable, Sequence

from whet.front.stopping import Stop, stoppable
from whet.front.trained import Trained
from whet.front.training import Follow, watched


def execute(work: Callable[[Follow, Stop], Trained], notes: Sequence[str] = ()) -> int:
    """Train the rest of a run, print the outcome, and return the exit code."""
    with stoppable() as stop:
        trained = watched(lambda told: work(told, stop), notes=notes)
    return 0 if trained.complete else stop.exit_code
