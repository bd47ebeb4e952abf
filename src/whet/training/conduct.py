"""A whole run in its folder: warm-ups, base exam, steps, final exam; ledger and checkpoints.

Events come out as they happen.  Killed at any moment, the same call on the same folder goes on from
the newest checkpoint, and ends with the same weights.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from whet.evaluation.measure import Exam, Scorecard, measure
from whet.protocols import Learner, Sampler
from whet.training import trust
from whet.training.checkpoint import Checkpoints, Place
from whet.training.companions import Crew
from whet.training.ledger import Ledger
from whet.training.loop import Cast, Step, train
from whet.training.metrics import intervals, of_exam, of_lesson, of_step
from whet.training.run import Run
from whet.training.stage import Opening, Stage
from whet.training.warmup import Lesson, Progress, teach
from whet.types import Broken, Group, Need, Request

CHECKPOINTS = "checkpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """A phase begins, or goes on."""

    phase: str
    done: int
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """An exam was taken: `base`, `watch` or `final`."""

    name: str
    step: int
    card: Scorecard


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The run is over, or was asked to stop."""

    digest: str
    complete: bool


Event = Began | Lesson | Step | Examined | Ended


async def conduct(
    run: Run, folder: Path, stop: Callable[[], bool] = lambda: False
) -> AsyncIterator[Event]:
    """Do all of a run that its folder says is not done yet.

    `stop` is asked after every step; a yes ends the run there, with a checkpoint.
    """
    sampler, learner = run.engine.open(run.model, run.seed)
    desk = Desk(run, folder, sampler, learner, stop)
    place = desk.resume()
    for event in desk.warm_up(place):
        yield event
    if not desk.stopped:
        async for event in desk.reinforce(place):
            yield event
    yield Ended(digest=learner.digest(), complete=not desk.stopped)


@dataclass(slots=True)
class Desk:
    """Where a run is written down."""

    run: Run
    folder: Path
    sampler: Sampler
    learner: Learner
    stop: Callable[[], bool]
    crew: Crew = Crew()
    ledger: Ledger = field(init=False)
    checkpoints: Checkpoints = field(init=False)
    stopped: bool = False
    _saved: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Two books in one folder."""
        warmups, keep = len(self.run.warmup), self.run.saving.keep
        self.ledger = Ledger(self.folder)
        self.checkpoints = Checkpoints(self.folder / CHECKPOINTS, warmups, keep)

    def resume(self) -> Place | None:
        """Load the newest checkpoint and forget what was written after it."""
        place = self.checkpoints.latest()
        self.ledger.rewind((-1, 0) if place is None else place.at)
        if place is not None:
            self._begin(place.phase)
            self.learner.load(self.checkpoints.path(place))
        return place

    def warm_up(self, place: Place | None) -> Iterator[Event]:
        """The supervised phases that are left."""
        first = 0 if place is None else place.phase
        for phase, warmup in list(enumerate(self.run.warmup))[first:]:
            progress = Progress()
            if place is not None and phase == place.phase:
                progress = place.progress
            else:
                self._begin(phase)
            name = f"warm-up {phase + 1} of {len(self.run.warmup)}"
            yield Began(phase=name, done=progress.done, steps=warmup.steps)
            for lesson in teach(warmup, self.learner, self.run.seed, progress):
                progress = lesson.progress
                self.ledger.write("lesson", (phase, progress.done), of_lesson(lesson))
                yield lesson
                self._save_if_due(Place(phase=phase, progress=progress))
                if self.stopped:
                    return
            self._save(Place(phase=phase, progress=progress))

    async def reinforce(self, place: Place | None) -> AsyncIterator[Event]:
        """Base exam, steps with rewards, final exam."""
        run, last = self.run, len(self.run.warmup)
        fresh = place is None or place.phase < last
        done = 0 if place is None or fresh else place.progress.done
        if fresh:
            self._begin(last)
        await self._deliver()
        if fresh:
            yield await self._examine("base", 0, run.exam, "test")
            self._save(Place(phase=last))
        self._accompany(None if fresh else place)
        yield Began(phase="reinforcement", done=done, steps=run.steps)
        async for step in self._steps(done):
            done = step.number + 1
            self._write(step)
            yield step
            if run.watch.every and (done % run.watch.every == 0 or done == run.steps):
                yield await self._examine("watch", done, run.watch.exam, "dev")
            self._save_if_due(Place(phase=last, progress=Progress(done=done)))
            if self.stopped:
                return
        self._save(Place(phase=last, progress=Progress(done=done)))
        if not any(row["kind"] == "final" for row in self.ledger.rows()):
            yield await self._examine("final", done, run.exam, "test")

    async def _steps(self, start: int) -> AsyncIterator[Step]:
        """The loop's steps; what breaks it is kept for who wants to see it."""
        try:
            async for step in train(self.run, self._cast, start):
                yield step
        except Broken as error:
            if not error.rollouts:
                raise
            kept = self.ledger.keep("broken", start, [error.rollouts])
            raise Broken(f"{error} (the rollouts are in {kept})", error.rollouts) from error

    def _accompany(self, place: Place | None) -> None:
        """Reference and companions: new ones, or as they were."""
        objective, base = self.run.objective, self.checkpoints.base
        if Need.REFERENCE in objective.needs:
            self.learner.refer(base)
        opening = Opening(engine=self.run.engine, learner=self.learner, base=base)
        self.crew = Crew.of(objective.companions, opening)
        if place is not None:
            self.crew.load(self.checkpoints.path(place), self._stage(place.progress.done))

    @property
    def _cast(self) -> Cast:
        kept = self.folder / CHECKPOINTS
        return Cast(sampler=self.sampler, learner=self.learner, crew=self.crew, folder=kept)

    def _stage(self, number: int) -> Stage:
        """For who is loaded: nothing is played."""
        return Stage(
            run=self.run,
            number=number,
            learner=self.learner,
            episode=_nobody,
            judged=_nobody,
            folder=self._cast.folder,
        )

    async def _deliver(self) -> None:
        self.sampler.load(self.learner.weights())
        task = self.run.corpus.task("train", 0)
        await trust.delivered(self.sampler, self.learner, task, self.run.limits)

    async def _examine(self, name: str, step: int, exam: Exam, split: str) -> Examined:
        run = self.run
        tasks = run.corpus.held_out(split, exam.problems)
        card = await measure(self.sampler, run.environment, run.reward, tasks, exam, run.decoding)
        place = len(run.warmup), step
        facts = {"split": split, "samples": exam.samples, "intervals": intervals(card)}
        self.ledger.write(name, place, of_exam(card), facts)
        self.ledger.keep(f"{name}-{step:06}", step, card.groups)
        return Examined(name=name, step=step, card=card)

    def _write(self, step: Step) -> None:
        rollouts, batch = step.share
        lengths = [r.length for r in rollouts]
        shares = batch.advantage.split(lengths)
        advantages = {id(r): a.tolist() for r, a in zip(rollouts, shares, strict=True)}
        done = step.number + 1
        self.ledger.keep(f"step-{done:06}", done, step.groups, advantages)
        self.ledger.write("step", (len(self.run.warmup), done), of_step(step))

    def _begin(self, phase: int) -> None:
        warm = phase < len(self.run.warmup)
        optimiser = self.run.warmup[phase].optimiser if warm else self.run.optimiser
        self.learner.begin(optimiser)

    def _save_if_due(self, place: Place) -> None:
        self.stopped = self.stop()
        if self.stopped or time.monotonic() - self._saved >= self.run.saving.seconds:
            self._save(place)

    def _save(self, place: Place) -> None:
        self.checkpoints.save(place, self.learner, self.crew)
        self._saved = time.monotonic()


async def _nobody(asked: Request | Group) -> Group:
    task = asked.task if isinstance(asked, Request) else asked[0].task
    raise Broken(f"task {task.id!r} was to be played or judged while a run was being loaded")
