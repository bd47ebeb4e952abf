"""Run what is missing of a study: warm-ups once per seed, arms from the same weights, rows."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import partial
from math import isfinite
from pathlib import Path

from whet.engines.models import Folder
from whet.evaluation.measure import EvalConfig
from whet.front.eventloop import finish
from whet.front.trained import Trained
from whet.front.training import Follow, train
from whet.policy import algorithms
from whet.studies.endpoint import Ended, Measurement
from whet.studies.resolved import Resolved
from whet.studies.rows import Cell, RowFile, StudyRow
from whet.studies.settings import settings_digest
from whet.training import card
from whet.training.ledger import Ledger
from whet.training.run import PeriodicEval, Run
from whet.types import IntegrityError, UsageError
from whet.types.optimizers import AdamW

_LIBRARIES = ("torch", "transformers", "numpy")
_PAUSE = 1.0  # seconds, while another process makes a warm-up that this one needs
_BASE = Path("checkpoints", "step-000000")
_WARMED = "warmed"  # a file in the folder of a warm-up that is complete
_QUIET = EvalConfig(problems=2, samples=1, k=(1,))  # of a warm-up: its arms measure it


@dataclass(frozen=True, slots=True)
class RowMade:
    """The event of a new row, and how many the study has now."""

    row: StudyRow
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class CellBegun:
    """The event of an arm that begins or goes on, or of the warm-up that it needs."""

    cell: Cell
    warming: bool


class _State(Enum):
    DONE = auto()
    STOPPED = auto()
    ELSEWHERE = auto()  # another process is at it
    WARMING = auto()  # another process makes its warm-up


class _StoppedError(Exception):
    """A run that was stopped by a signal; the same call goes on with it."""


class _WarmingError(Exception):
    """The warm-up is being made by another process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """Runs the missing rows of a study, in folders below `place`; warm-ups are beside it.

    Each run has a folder, so one that was killed goes on from its newest checkpoint.  A process
    holds a lock on the run that it is at, and on a warm-up; the lock ends with the process.
    """

    plan: Resolved
    file: RowFile
    place: Path
    tell: Callable[[RowMade | CellBegun], None]
    follow: Follow
    stop: Callable[[], bool]

    def work(self) -> bool:
        """Run until every missing row is under way in another process, or there is none.

        The result is False after a stop.  Rows are made in the order of the plan, whatever they
        say: a study does not end early.
        """
        while True:
            states = [*self._round()]
            if _State.STOPPED in states:
                return False
            if _State.DONE not in states:
                if _State.WARMING not in states:
                    return True
                time.sleep(_PAUSE)

    def missing(self) -> list[Cell]:
        """The arms and seeds without a row."""
        have = {row.cell for row in self.plan.rows(self.file)}
        return [cell for cell in self.plan.cells if cell not in have]

    def _round(self) -> Iterator[_State]:
        for cell in self.missing():
            state = _State.STOPPED if self.stop() else self._tried(cell)
            yield state
            if state is _State.STOPPED:
                return

    def _tried(self, cell: Cell) -> _State:
        folder = self.place / f"seed-{cell[1]}"
        with _claimed(folder / f"{cell[0]}.lock") as mine:
            if not mine:
                return _State.ELSEWHERE
            if cell not in self.missing():
                return _State.DONE
            try:
                self._add(self._row(cell, folder))
            except _StoppedError:
                return _State.STOPPED
            except _WarmingError:
                return _State.WARMING
        return _State.DONE

    def _add(self, row: StudyRow) -> None:
        self.file.append(row)
        have = {one.cell for one in self.file.rows()}
        planned = self.plan.cells
        self.tell(RowMade(row, len(have.intersection(planned)), len(planned)))

    def _row(self, cell: Cell, folder: Path) -> StudyRow:
        """The row of a run, which is trained to its end and measured.

        A run that can't be believed makes a row without an endpoint.
        """
        mine, warm = folder / cell[0], 0.0
        blank = partial(
            StudyRow,
            study=self.plan.study.name,
            tier=self.plan.tier.name,
            arm=cell[0],
            seed=cell[1],
            settings=self.plan.digest(cell[0]),
        )
        try:
            run, warm = self._started(cell, folder)
            resumed, start = card.exists(mine), time.process_time()
            self.tell(CellBegun(cell, warming=False))
            trained = self._trained(run, mine)
            found = _sound(self._measured(run, trained))
        except IntegrityError as error:
            return blank(endpoint=None, stopped=str(error), warmup_cpu_seconds=warm)
        held = card.read(mine)
        return blank(
            endpoint=found.endpoint,
            secondary=found.secondary,
            weights=trained.digest,
            tokens=_tokens(mine),
            cpu_seconds=round(time.process_time() - start, 2),
            warmup_cpu_seconds=round(warm, 2),
            resumed=resumed,
            commit=held["commit"],
            versions=_versions(held["whet"], held["versions"]),
        )

    def _measured(self, run: Run, trained: Trained) -> Measurement:
        ended = Ended(run=run, base=trained.base, final=trained.final)
        return finish(self.plan.endpoint.measure(ended))

    def _started(self, cell: Cell, folder: Path) -> tuple[Run, float]:
        """The run of a cell from the weights after its warm-up, and the CPU seconds of that.

        The seconds are 0 where the warm-up was there already.
        """
        run = self.plan.run_of(cell)
        if not run.warmup:
            return run, 0.0
        warm = self._warmup(run)
        place = folder.parent.parent / "warm-ups" / f"{_digest(warm)}-seed-{run.seed}"
        with _claimed(place.with_suffix(".lock")) as mine:
            if not mine:
                raise _WarmingError
            spent = self._warmed(warm, place, cell)
        return replace(run, model=Folder.as_saved(place / _BASE), warmup=()), spent

    def _warmed(self, run: Run, place: Path, cell: Cell) -> float:
        if (place / _WARMED).exists():
            return 0.0
        start = time.process_time()
        self.tell(CellBegun(cell, warming=True))
        self._trained(run, place)
        (place / _WARMED).touch()
        return time.process_time() - start

    def _warmup(self, run: Run) -> Run:
        """The run that makes the warm-up of an arm: that of the first arm with the same one.

        It has no steps of RL.  Its algorithm and optimizer are always the same, so that studies
        with the same warm-up share it.
        """
        runs = (self.plan.run_of((arm, run.seed)) for arm in self.plan.runs)
        first = next(one for one in runs if _warms_alike(one, run))
        return replace(
            first,
            steps=0,
            minibatches=1,
            objective=algorithms.load("reinforce"),
            optimizer=AdamW(),
            evaluation=_QUIET,
            periodic=PeriodicEval(every=0),
        )

    def _trained(self, run: Run, place: Path) -> Trained:
        found = train(run, place, follow=self.follow)
        if not found.complete:
            raise _StoppedError
        return found


def _warms_alike(one: Run, other: Run) -> bool:
    """Whether the warm-ups of two runs give the same weights."""
    return (one.model, one.warmup, one.engine) == (other.model, other.warmup, other.engine)


def _digest(run: Run) -> str:
    """The digest of a run's settings, without the seed."""
    return settings_digest(run, ())


@contextmanager
def _claimed(path: Path) -> Iterator[bool]:
    """Whether this process, and no other one, has the lock of a file inside the block."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} can't be written: {error.strerror}; give another --runs"
        ) from error
    with os.fdopen(number, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _sound(found: Measurement) -> Measurement:
    """The measurement; `IntegrityError` where its endpoint is not finite."""
    if not isfinite(found.endpoint):
        raise IntegrityError(f"the endpoint is {found.endpoint}")
    return found


def _tokens(folder: Path) -> int:
    """The tokens that the steps of a run sampled."""
    steps = [row["metrics"] for row in Ledger(folder).rows() if row["kind"] == "step"]
    return round(sum(metrics["tokens_decoded"]["value"] for metrics in steps))


def _versions(own: str | None, held: dict[str, str]) -> dict[str, str]:
    libraries = {name: held[name] for name in _LIBRARIES if name in held}
    return libraries if own is None else {"whet": own, **libraries}
