"""`whet study run FILE` and `whet study show FILE`: experiments, row by row, and their verdicts."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whet import studies
from whet.cli.arguments import StudyOptions
from whet.cli.options import parse
from whet.cli.studies import resolved
from whet.front.stopping import stoppable
from whet.front.studying import CellBegun, Laboratory, RowMade
from whet.registry import nearest
from whet.studies.page import StudyPage
from whet.studies.resolved import Resolved
from whet.studies.rows import RowFile
from whet.training.events import Event, PhaseStarted
from whet.training.loop import TrainStep
from whet.training.warmup import SFTStep
from whet.types import UsageError
from whet.view.pace import Pace, duration

_ACTIONS = ("run", "show")
_FULL = "full"
_SILENCE = 30.0  # seconds between lines of one run
_UNSOUND = 1


def main(words: Sequence[str]) -> int:
    """Make the missing rows for `run`, then print the page."""
    asked = parse(StudyOptions, words, "study")
    if asked.action not in _ACTIONS:
        raise UsageError(f"action {asked.action!r} is unknown; {nearest(asked.action, _ACTIONS)}")
    if not asked.runs.strip():
        raise UsageError(f"runs is {asked.runs!r}; give the folder of run folders, such as runs")
    plan = resolved(asked.study, asked.tier)
    file = RowFile(Path(asked.out) if asked.out else beside(asked.study, plan))
    if asked.action == "run" and (code := ran(plan, file, Path(asked.runs))):
        return code
    page = StudyPage(plan, plan.rows(file))
    print(json.dumps(page.document(), indent=1) if asked.json else "\n".join(page.lines()))
    return 0 if page.sound else _UNSOUND


def beside(study: str, plan: Resolved) -> Path:
    """The default file of the rows: beside the study's file, or here for a study of the library."""
    file, tier = plan.study.file, plan.tier.name
    folder = Path() if study in studies.names() else file.parent
    return folder / f"{plan.study.name}{'' if tier == _FULL else f'.{tier}'}.jsonl"


def ran(plan: Resolved, file: RowFile, runs: Path) -> int:
    """Run what is missing, and tell of it on stderr; the result is 0, or the code of a signal."""
    board = StudyProgress(plan)
    with stoppable() as stop:
        laboratory = Laboratory(
            plan=plan,
            file=file,
            place=runs / f"study-{plan.study.name}-{plan.tier.name}",
            tell=board.tell,
            follow=board.follow,
            stop=stop,
        )
        board.begin(len(laboratory.missing()))
        if laboratory.work():
            board.end(len(laboratory.missing()))
            return 0
        print("whet: stopped; the same command goes on", file=sys.stderr)
        return stop.exit_code


@dataclass(slots=True)
class StudyProgress:
    """Lines on stderr: each row, with the rate and the time that is left, and long runs between.

    The rate is that of all new rows of this study, also those that other processes made, over the
    time of this process.
    """

    plan: Resolved
    pace: Pace = field(default_factory=Pace)
    _at: str = ""
    _phase: str = ""
    _steps: int = 0
    _said: float = field(default_factory=time.monotonic)

    def begin(self, missing: int) -> None:
        """Say how many rows are missing."""
        of = len(self.plan.cells)
        self.pace.begin(of - missing, of)
        self._say(f"{self.plan.study.name}: {missing} of {of} rows are missing")

    def end(self, missing: int) -> None:
        """Say what another process is still at."""
        if missing:
            self._say(f"  {missing} rows are under way in another process")

    def tell(self, event: RowMade | CellBegun) -> None:
        """Say what was begun, or what a row has."""
        if isinstance(event, CellBegun):
            arm, seed = event.cell
            self._at = f"{'warm-up' if event.warming else arm}, seed {seed}"
            self._say(f"  {self._at} …")
            return
        row = event.row
        self.pace.advance(event.done - self.pace.done)
        told = f"stopped: {row.stopped}" if row.endpoint is None else f"{row.endpoint:.4f}"
        spent = f"{row.cpu_seconds:.0f} CPU s"
        self._say(
            f"  {row.arm}, seed {row.seed}: {told}, {spent}; {event.done} of {event.of} rows"
            f"{self._left()}"
        )

    def follow(self, event: Event) -> None:
        """Say where a long run is, from time to time."""
        if isinstance(event, PhaseStarted):
            self._phase, self._steps = event.phase, event.steps
        done = event.number + 1 if isinstance(event, TrainStep) else 0
        done = event.progress.done if isinstance(event, SFTStep) else done
        if done and time.monotonic() - self._said > _SILENCE:
            self._say(f"  {self._at}: {self._phase}, step {done} of {self._steps}{self._left()}")

    def _left(self) -> str:
        left, each = self.pace.left, self.pace.seconds_per_step
        if left is None or not each:
            return ""
        return f", {60 / each:.1f} rows/min, left {duration(left)}"

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        print(line, file=sys.stderr, flush=True)
