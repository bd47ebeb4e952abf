"""Train a run in its folder, and resume it, from Python and for the command line."""

import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from whet.durable import StorageError
from whet.front.dating import dated, dated_as
from whet.front.eventloop import finish
from whet.front.stopping import stoppable
from whet.front.trained import Trained
from whet.invoked import command, shown
from whet.training import card
from whet.training.as_json import importing, only_here
from whet.training.card import Difference
from whet.training.checkpoint import Checkpoints
from whet.training.events import Event, Moved, Noticed, RunEnded
from whet.training.folder import RunProgress, fresh_folder
from whet.training.ledger import Ledger
from whet.training.lock import owned
from whet.training.preflight import examined
from whet.training.resuming import (
    AS_IT_IS,
    Resumption,
    amended,
    changed,
    check,
    check_inputs,
    moved,
)
from whet.training.run import Run
from whet.training.setting_aside import set_aside
from whet.training.trainer import CHECKPOINTS, fit
from whet.training.validation import validate
from whet.types import IntegrityError, UsageError
from whet.view.console import Screen
from whet.view.live import LiveReport

Follow = Callable[[Event], None]
Stopping = Callable[[], bool]


def train(
    run: Run, folder: str | Path, *, follow: Follow | None = None, how: Resumption = AS_IT_IS
) -> Trained:
    """Train a run in a folder, or continue the run of the folder to its end.

        result = whet.train(run, "runs/mine")
        result.final["pass@1"], result.checkpoint

    A new folder is made with the card of the run.  In a folder of the same run, training continues
    from the newest checkpoint and ends with the same weights.  A complete run returns at once.
    `train` works in a notebook, too.  After Ctrl-C the step still ends and is saved.

    `follow` is called with every event (`whet.training.trainer.Event`).  Without it, events are
    shown as on the command line.  The coroutine is `whet.training.trainer.fit`.

    Raises `UsageError` for a run that can't work, and for a run that differs from the folder's, or
    whose data, reward or models do.
    The number of steps, limits, checkpoints and evaluations may differ; the card records them.
    `how` may accept other changes, and go on from an earlier checkpoint.
    Raises `StorageError` where the disk is full or gone; the run goes on when it is back.
    """
    if script := importing.get():
        raise UsageError(
            f"{script} is being imported for a part that it defines, and trains a run; put that "
            'below if __name__ == "__main__":'
        )
    place = Path(folder).absolute()
    if card.exists(place):
        with stoppable() as stop:
            return watched(lambda told: go_on(run, place, told, stop, how), follow)
    run = dated(run)
    held, found = card.card(run), finish(examined(run))
    held = card.with_chat(held, found.chat)
    with stoppable() as stop:
        return watched(lambda told: begin(run, place, held, told, stop), follow, found.notes)


def resume(
    folder: str | Path, *, follow: Follow | None = None, how: Resumption = AS_IT_IS
) -> Trained:
    """Continue the run of a folder, rebuilt from its card.

    Raises `UsageError` for a part that can't be imported here.  Then call `train` where the part is
    defined.
    """
    place = Path(folder).absolute()
    run = load_run(place, how)
    with stoppable() as stop:
        return watched(lambda told: go_on_there(run, place, told, stop, how), follow)


def load_run(folder: str | Path, how: Resumption = AS_IT_IS) -> Run:
    """The run of a folder, rebuilt from its card.

    Its relative paths start at the directory where it was started.  Raises `UsageError` for a part
    that can't be imported, or that has changed since, unless `how` accepts it.
    """
    held = card.read(Path(folder))
    with started_in(held):
        return card.run_of(held, how.accept)


@contextmanager
def started_in(held: Mapping[str, Any]) -> Iterator[None]:
    """Work in the directory where a run was started, the base of its relative paths."""
    directory = held["directory"]
    if not Path(directory).is_dir():
        raise UsageError(f"the run was started in {directory!r}, which does not exist any more")
    with chdir(directory):
        yield


def begin(run: Run, folder: Path, held: dict[str, Any], follow: Follow, stop: Stopping) -> Trained:
    """Train in a new folder, under this card; a start that fails leaves nothing behind.

    Whether the run can work was asked before: `whet.training.preflight`.
    """
    with fresh_folder(folder) as fresh, _resumable(folder, lambda: fresh.kept):
        card.write(folder, held)
        _checkpoints(run, folder).identify(held["identity"])

        def told(event: Event) -> None:
            fresh.keep()
            follow(event)

        return _carried_out(run, folder, told, stop)


def go_on(
    run: Run, folder: Path, follow: Follow, stop: Stopping, how: Resumption = AS_IT_IS
) -> Trained:
    """Train the rest of a run in its existing folder, which it owns meanwhile."""
    validate(run)
    held = card.read(folder)
    run = dated_as(run, held)
    if not how.start and not changed(held, run) and _is_complete(run, folder):
        return Trained.of(folder, run)  # which writes nothing
    with _resumable(folder), owned(folder):
        accepted = _permitted(held, run, folder, follow, how)
        if how.start:
            _tell(folder, follow, _gone_back(run, folder, how))
        if accepted is None or (how.start and not changed(held, run) and _is_complete(run, folder)):
            return Trained.of(folder, run)
        if changed(held, run):
            Ledger(folder).relabel("final", "former")
        if place := moved(held, run):
            follow(Moved(was=place.was, now=place.now))
        if changed(held, run) or place or accepted:
            done = RunProgress.of(folder, run).done
            card.write(folder, amended(card.read(folder), run, done, accepted))
        return _carried_out(run, folder, follow, stop, how)


def _permitted(
    held: dict[str, Any], run: Run, folder: Path, follow: Follow, how: Resumption
) -> list[Difference] | None:
    """The changed inputs that were accepted; None if the run is complete and has nothing to do.

    Leftovers of a kill are cleaned up, and rows that are damaged and made again are cut off;
    nothing else is written.  Raises `UsageError` for a change that was not accepted.
    """
    checkpoints = _checkpoints(run, folder)
    checkpoints.mend()
    checkpoints.identify(held.get("identity", ""))
    if note := Ledger(folder).mend(checkpoints.newest_first()):
        _tell(folder, follow, note)
    if how.start:
        place = checkpoints.find(how.start)
        done = place.progress.done if place.phase == len(run.warmup) else 0
        check(held, run, done, how)
        return check_inputs(held, run, how)
    stands = RunProgress.of(folder, run)
    check(held, run, stands.done, how)
    return None if stands.digest else check_inputs(held, run, how)


def _tell(folder: Path, follow: Follow, message: str) -> None:
    """Say what is odd about a folder, and write it on the card."""
    follow(Noticed(message=message))
    card.write(folder, card.with_notice(card.read(folder), message))


def _checkpoints(run: Run, folder: Path) -> Checkpoints:
    return Checkpoints(folder / CHECKPOINTS, len(run.warmup), run.checkpoints.keep)


def _is_complete(run: Run, folder: Path) -> bool:
    try:
        return bool(RunProgress.of(folder, run).digest)
    except IntegrityError:  # a kill may have left a good checkpoint under another name
        return False


def _gone_back(run: Run, folder: Path, how: Resumption) -> str:
    """Go back to the checkpoint that `how` names; the result says where what was later is."""
    best, ledger = run.checkpoints.best, Ledger(folder)
    aside = set_aside(_checkpoints(run, folder), ledger, how.start, best, how.accept)
    told = "nothing was later" if aside is None else f"what was later is in {shown(aside)}"
    return f"going on from {how.start}; {told}"


def go_on_there(
    run: Run, folder: Path, follow: Follow, stop: Stopping, how: Resumption = AS_IT_IS
) -> Trained:
    """Train the rest of a run, in the directory where it was started."""
    place = folder.absolute()
    with started_in(card.read(place)):
        return go_on(run, place, follow, stop, how)


def watched(
    work: Callable[[Follow], Trained], follow: Follow | None = None, notes: Sequence[str] = ()
) -> Trained:
    """Do the work and pass its events to `follow`, or show them with notes and next commands."""
    if follow is not None:
        return work(follow)
    screen, start = Screen(), time.perf_counter()
    left = [*notes]

    def show(event: Event) -> None:
        while left:  # not before the run has begun, for an error is a line by itself
            screen.console.print(f"note: {left.pop(0)}", markup=False)
        screen.show(event)

    with screen.progress:
        trained = work(show)
    screen.compare()
    spent = f", {time.perf_counter() - start:.0f} s, {_peak():.2f} GiB"
    for line in _last_words(trained, spent if screen.end else ", nothing was left to do"):
        screen.console.print(line, markup=False)
    return trained


def _carried_out(
    run: Run, folder: Path, follow: Follow, stop: Stopping, how: Resumption = AS_IT_IS
) -> Trained:
    digest = ""

    async def through(live: LiveReport) -> None:
        nonlocal digest
        async for event in fit(run, folder, stop, how.accept):
            follow(event)
            live.note(event)
            if isinstance(event, Noticed):
                card.write(folder, card.with_notice(card.read(folder), event.message))
            if isinstance(event, RunEnded):
                digest = event.digest

    with LiveReport(folder) as live:
        finish(through(live))
    return Trained.of(folder, run, digest)


@contextmanager
def _resumable(folder: Path, is_kept: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Name the command that goes on after a `StorageError`, if the folder is kept."""
    try:
        yield
    except StorageError as error:
        if not is_kept():
            raise
        raise StorageError(f"{error}, then: {command('resume', shown(folder))}") from error


def _last_words(trained: Trained, spent: str) -> Iterator[str]:
    """The digest of the weights, and the next commands or Python calls."""
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
