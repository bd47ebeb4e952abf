"""A whole run in its folder: warm-ups, base exam, steps, final exam; ledger and checkpoints.

Events come out as they happen.  Killed at any moment, the same call on the same folder goes on from
the newest checkpoint, and ends with the same weights.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from whet.evaluation.measure import Exam, Scorecard, measure
from whet.policy.extensions.together import Extensions
from whet.protocols import Learner, Player, SamplingSetup, SetupContext
from whet.rollouts.buffer import Buffer
from whet.rollouts.checks import check_weight_sync, probe_of
from whet.rollouts.runner import RolloutRunner
from whet.training.checkpoint import Checkpoints, Place
from whet.training.ledger import Ledger
from whet.training.loop import Live, Step, train
from whet.training.metrics import intervals, of_exam, of_lesson, of_step
from whet.training.round import step_context
from whet.training.run import Run
from whet.training.warmup import Lesson, Progress, teach
from whet.types import Broken, Need
from whet.types.weights import Drain

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


async def fit(
    run: Run, folder: Path, stop: Callable[[], bool] = lambda: False
) -> AsyncIterator[Event]:
    """Do all of a run that its folder says is not done yet.

    `stop` is asked after every step; a yes ends the run there, with a checkpoint.  The player is
    closed however the run ends.
    """
    player, learner = await run.engine.open(run.model, run.seed)
    try:
        strategy = run.sampling.open(
            SamplingSetup(corpus=run.corpus, seed=run.seed, steps=run.steps)
        )
        live = Live(
            player=player.within(run.environment),
            learner=learner,
            buffer=Buffer(run.sampling, strategy),
            extensions=Extensions(),
            folder=folder / CHECKPOINTS,
        )
        trainer = Trainer(run, folder, live, stop)
        place = await trainer.resume()
        async for event in trainer.warm_up(place):
            yield event
        if not trainer.stopped:
            async for event in trainer.reinforce(place):
                yield event
        weights = await learner.publish()
        yield Ended(digest=weights.version.digest, complete=not trainer.stopped)
    finally:
        await player.close()


@dataclass(slots=True)
class Trainer:
    """Takes a run through its phases, and writes down what happens."""

    run: Run
    folder: Path
    live: Live
    stop: Callable[[], bool]
    ledger: Ledger = field(init=False)
    checkpoints: Checkpoints = field(init=False)
    stopped: bool = False
    _saved: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Ledger and checkpoints stand in the run's folder."""
        warmups, keep = len(self.run.warmup), self.run.saving.keep
        self.ledger = Ledger(self.folder)
        self.checkpoints = Checkpoints(self.folder / CHECKPOINTS, warmups, keep)

    @property
    def learner(self) -> Learner:
        """The live learner."""
        return self.live.learner

    @property
    def player(self) -> Player:
        """The live player."""
        return self.live.player

    async def resume(self) -> Place | None:
        """Load the newest checkpoint and forget what was written after it."""
        place = self.checkpoints.latest()
        self.ledger.rewind((-1, 0) if place is None else place.at)
        if place is not None:
            self.checkpoints.rewind(place)
            self._begin(place.phase)
            await self.learner.load(self.checkpoints.path(place))
        return place

    async def warm_up(self, place: Place | None) -> AsyncIterator[Event]:
        """The supervised phases that are left."""
        first = 0 if place is None else place.phase
        render = self.player.renderer
        for phase, warmup in list(enumerate(self.run.warmup))[first:]:
            progress = Progress()
            if place is not None and phase == place.phase:
                progress = place.progress
            else:
                self._begin(phase)
            name = f"warm-up {phase + 1} of {len(self.run.warmup)}"
            yield Began(phase=name, done=progress.done, steps=warmup.steps)
            async for lesson in teach(warmup, self.learner, render, self.run.seed, progress):
                progress = lesson.progress
                self.ledger.write("lesson", (phase, progress.done), of_lesson(lesson))
                yield lesson
                await self._save_if_due(Place(phase=phase, progress=progress))
                if self.stopped:
                    return
            await self._save(Place(phase=phase, progress=progress))

    async def reinforce(self, place: Place | None) -> AsyncIterator[Event]:
        """Base evaluation, steps with rewards, final evaluation."""
        run, last = self.run, len(self.run.warmup)
        fresh = place is None or place.phase < last
        done = 0 if place is None or fresh else place.progress.done
        if fresh:
            self._begin(last)
        await self._deliver()
        if fresh:
            yield await self._examine("base", 0, run.exam, "test")
            await self._save(Place(phase=last))
        await self._accompany(None if fresh else place)
        yield Began(phase="reinforcement", done=done, steps=run.steps)
        async for step in self._steps(done):
            done = step.number + 1
            self._write(step)
            yield step
            if run.watch.every and (done % run.watch.every == 0 or done == run.steps):
                yield await self._examine("watch", done, run.watch.exam, "dev")
            await self._save_if_due(Place(phase=last, progress=Progress(done=done)))
            if self.stopped:
                return
        await self._save(Place(phase=last, progress=Progress(done=done)))
        if not any(row["kind"] == "final" for row in self.ledger.rows()):
            yield await self._examine("final", done, run.exam, "test")

    async def _steps(self, start: int) -> AsyncIterator[Step]:
        """The loop's steps; the rollouts of a step that breaks are kept."""
        try:
            async for step in train(self.run, self.live, start):
                yield step
        except Broken as error:
            if not error.rollouts:
                raise
            kept = self.ledger.keep("broken", start, [error.rollouts])
            raise Broken(f"{error} (the rollouts are in {kept})", error.rollouts) from error

    async def _accompany(self, place: Place | None) -> None:
        """Reference, buffer and extensions: new ones, or as they were."""
        objective, base = self.run.objective, self.checkpoints.base
        if objective.companions or Need.REFERENCE in objective.needs:
            self.checkpoints.check_base()
        if Need.REFERENCE in objective.needs:
            await self.learner.set_reference(base)
        setup = SetupContext(engine=self.run.engine, learner=self.learner, base=base)
        extensions = await Extensions.open(objective.companions, setup)
        self.live = replace(self.live, extensions=extensions)
        if place is None:
            return
        folder, done = self.checkpoints.path(place), place.progress.done
        if done:
            await self.live.buffer.load(folder)
            await self.live.reported.load(folder)
            runner = RolloutRunner(self.player, self.run.reward, done)
            await extensions.load(folder, step_context(self.run, self.live, runner))

    async def _deliver(self) -> None:
        """Give the player the learner's weights."""
        weights = await self.learner.publish()
        await self.player.update(weights, Drain())
        probe = probe_of(self.run.corpus.task("train", 0), self.run.decoding)
        await check_weight_sync(self.player, self.learner, weights, probe, self.run.limits)

    async def _examine(self, name: str, step: int, exam: Exam, split: str) -> Examined:
        run = self.run
        tasks = run.corpus.held_out(split, exam.problems)
        card = await measure(self.player, run.reward, tasks, exam, run.decoding)
        place = len(run.warmup), step
        facts = {"split": split, "samples": exam.samples, "intervals": intervals(card)}
        self.ledger.write(name, place, of_exam(card), facts)
        self.ledger.keep(f"{name}-{step:06}", step, card.groups)
        return Examined(name=name, step=step, card=card)

    def _write(self, step: Step) -> None:
        rollouts = step.batch.rollouts
        shares = step.batch.tokens.advantage.split([r.length for r in rollouts])
        advantages = {r.id: a.tolist() for r, a in zip(rollouts, shares, strict=True)}
        done = step.number + 1
        played = step.taken.played
        known = {r.id for group in played for r in group}
        guests = [g for g in step.taken.groups if not any(r.id in known for r in g)]
        self.ledger.keep(f"step-{done:06}", done, [*played, *guests], advantages)
        self.ledger.write("step", (len(self.run.warmup), done), of_step(step))

    def _begin(self, phase: int) -> None:
        warm = phase < len(self.run.warmup)
        optimiser = self.run.warmup[phase].optimiser if warm else self.run.optimiser
        self.learner.reset_optimizer(optimiser)

    async def _save_if_due(self, place: Place) -> None:
        self.stopped = self.stop()
        since = time.monotonic() - self._saved
        if self.stopped or self.run.saving.is_due(place.progress.done, since):
            await self._save(place)

    async def _save(self, place: Place) -> None:
        live = self.live
        held = (live.learner, live.buffer, live.extensions, live.reported)
        await self.checkpoints.save(place, *held)
        self._saved = time.monotonic()
