"""Train a run in its folder, and go on with one: from Python, and for the command line."""

import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from whet.front.eventloop import finish
from whet.front.stopping import stoppable
from whet.front.trained import Trained
from whet.invoked import command, shown
from whet.training import card
from whet.training.as_json import importing, only_here
from whet.training.folder import RunProgress, fresh_folder
from whet.training.ledger import Ledger
from whet.training.preflight import preflight
from whet.training.resuming import amended, changed, check
from whet.training.run import Run
from whet.training.trainer import Event, RunEnded, fit
from whet.training.validation import validate
from whet.types import UsageError
from whet.view.console import Screen
from whet.view.live import LiveReport

Follow = Callable[[Event], None]
Stopping = Callable[[], bool]


def train(run: Run, folder: str | Path, *, follow: Follow | None = None) -> Trained:
    """Do all of a run that its folder says is not done yet.

        result = whet.train(run, "runs/mine")
        result.final["pass@1"], result.checkpoint

    A new folder is made, with the run's card; in the folder of the same run it goes on from the
    newest checkpoint, to the same weights, and returns at once where nothing is left to do.  It
    works in a notebook too.  Ctrl-C lets the step end, and saves it.

    `follow` is called with every event (`whet.training.trainer.Event`); without one, events are
    shown as the command line shows them.  The coroutine behind is `whet.training.trainer.fit`.

    Raises `UsageError` for a run that can't work, and for one that is not the folder's: the number
    of steps, limits, checkpoints and evaluations may differ, which the card records.
    """
    if script := importing.get():
        raise UsageError(
            f"{script} is being imported for a part that it defines, and trains; put that below "
            'if __name__ == "__main__":'
        )
    place = Path(folder).absolute()
    if card.exists(place):
        with stoppable() as stop:
            return watched(lambda told: go_on(run, place, told, stop), follow)
    held, notes = card.card(run), finish(preflight(run))
    with stoppable() as stop:
        return watched(lambda told: begin(run, place, held, told, stop), follow, notes)


def resume(folder: str | Path, *, follow: Follow | None = None) -> Trained:
    """Go on with the run of a folder, made again from its card.

    Raises `UsageError` where a part of it can't be imported here; then `train` goes on with it,
    where the part is defined.
    """
    place = Path(folder).absolute()
    run = load_run(place)
    with stoppable() as stop:
        return watched(lambda told: go_on_there(run, place, told, stop), follow)


def load_run(folder: str | Path) -> Run:
    """The run of a folder, made again from its card.

    Relative paths in it are of the directory where it was started.  Raises `UsageError` for a part
    that can't be imported, or that has changed since.
    """
    held = card.read(Path(folder))
    with started_in(held):
        return card.run_of(held)


@contextmanager
def started_in(held: Mapping[str, Any]) -> Iterator[None]:
    """In the directory where a run was started, to which paths in it are relative."""
    directory = held["directory"]
    if not Path(directory).is_dir():
        raise UsageError(f"the run was started in {directory!r}, which is gone")
    with chdir(directory):
        yield


def begin(run: Run, folder: Path, held: dict[str, Any], follow: Follow, stop: Stopping) -> Trained:
    """Train in a new folder, under this card; a start that fails leaves nothing behind.

    Whether the run can work was asked before: `whet.training.preflight`.
    """
    with fresh_folder(folder) as fresh:
        card.write(folder, held)

        def told(event: Event) -> None:
            fresh.keep()
            follow(event)

        return _carried_out(run, folder, told, stop)


def go_on(run: Run, folder: Path, follow: Follow, stop: Stopping) -> Trained:
    """Train what is left of a run that has begun."""
    validate(run)
    held, stands = card.read(folder), RunProgress.of(folder, run)
    check(held, run, stands.done)
    if stands.digest:
        return Trained.of(folder, run)
    if changed(held, run):
        Ledger(folder).relabel("final", "former")
        card.write(folder, amended(held, run, stands.done))
    return _carried_out(run, folder, follow, stop)


def go_on_there(run: Run, folder: Path, follow: Follow, stop: Stopping) -> Trained:
    """The same, of a run whose relative paths are of the directory where it was started."""
    place = folder.absolute()
    with started_in(card.read(place)):
        return go_on(run, place, follow, stop)


def watched(
    work: Callable[[Follow], Trained], follow: Follow | None = None, notes: Sequence[str] = ()
) -> Trained:
    """Do the work with its events followed, or shown: notes first, the next commands at the end."""
    if follow is not None:
        return work(follow)
    screen, start = Screen(), time.perf_counter()
    for note in notes:
        screen.console.print(f"note: {note}", markup=False)
    with screen.progress:
        trained = work(screen.show)
    screen.compare()
    spent = f", {time.perf_counter() - start:.0f} s, {_peak():.2f} GiB"
    for line in _last_words(trained, spent if screen.end else ", nothing was left to do"):
        screen.console.print(line, markup=False)
    return trained


def _carried_out(run: Run, folder: Path, follow: Follow, stop: Stopping) -> Trained:
    digest = ""

    async def through(live: LiveReport) -> None:
        nonlocal digest
        async for event in fit(run, folder, stop):
            follow(event)
            live.note(event)
            if isinstance(event, RunEnded):
                digest = event.digest

    with LiveReport(folder) as live:
        finish(through(live))
    return Trained.of(folder, run, digest)


def _last_words(trained: Trained, spent: str) -> Iterator[str]:
    """The weights, and what comes next: commands, or calls where no command finds every part."""
    folder = shown(trained.folder)
    again, measure = command("resume", folder), command("eval", folder, "--samples", 16)
    if only_here(card.read(trained.folder)["run"]):
        again, measure = f"whet.train(run, {folder!r})", f"whet.evaluate({folder!r})"
    if not trained.complete:
        yield f"\nstopped; go on with: {again}"
        return
    yield f"\nweights {trained.digest}{spent}"
    yield f"report  {shown(trained.report)}"
    yield f"measure {measure}"
    yield f"examine {command('doctor', folder)}"


def _peak() -> float:
    """The most memory that this process had, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
