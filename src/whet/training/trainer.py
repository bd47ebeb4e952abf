"""A whole run in its folder: warm-ups, base evaluation, steps, final evaluation; ledger and
checkpoints.

Events come out as they happen.  Killed at any moment, the same call on the same folder goes on from
the newest checkpoint, and ends with the same weights.
"""

import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from whet.environments.opponents import Opponent
from whet.evaluation.measure import EvalConfig, measure
from whet.evaluation.recording import SampleRecorder
from whet.evaluation.sample_file import write_samples
from whet.invoked import command, shown
from whet.policy.extensions.together import Extensions
from whet.protocols import Learner, Player, SetupContext, WorldSetup
from whet.rollouts.buffer import TicketBuffer
from whet.rollouts.checks import check_weight_sync, probe_of
from whet.rollouts.conveyor import buffer_of
from whet.rollouts.runner import RolloutRunner
from whet.sampling.strategy_checks import opened
from whet.training.beside import at_once, beside
from whet.training.best import Best
from whet.training.checkpoint import Checkpoints, Newest, RunPosition
from whet.training.events import Evaluated, Event, Noticed, PhaseStarted, RunEnded
from whet.training.folder_guard import CHECKPOINTS, FolderGuard
from whet.training.known_rows import known_rows
from whet.training.ledger import Ledger
from whet.training.loop import LiveRun, TrainStep, train
from whet.training.metrics import intervals, of_evaluation, of_sft, of_step
from whet.training.preflight import shortened
from whet.training.run import Run
from whet.training.sampling_setup import sampling_setup
from whet.training.standing import clean, note_saved, notices, standing
from whet.training.ticket_runner import step_context
from whet.training.vocabularies import check_vocabularies
from whet.training.warmup import WarmupProgress, sft
from whet.types import IntegrityError, Need, WorldBug
from whet.types.weights import Drain


async def fit(
    run: Run,
    folder: Path,
    stop: Callable[[], bool] = lambda: False,
    accept: Collection[str] = (),
) -> AsyncIterator[Event]:
    """Train the rest of a run, from the state of its folder.

    `stop` is asked after every step; a yes ends the run there, with a checkpoint.  The player is
    closed however the run ends.  With "metrics" in `accept`, rows of the ledger may be lost.
    """
    player, learner = await run.engine.open(run.model, run.seed)
    opponents: Sequence[Opponent] = ()
    buffer: TicketBuffer | None = None
    try:
        check_vocabularies(run, player, learner)
        world = await run.environment.open(WorldSetup(rival=partial(run.engine.rival, run.model)))
        opponents = world.opponents
        run = shortened(run, player.renderer)
        strategy = opened(run.sampling, sampling_setup(run, player.renderer))
        buffer = buffer_of(run.sampling, strategy, run.lag)
        live = LiveRun(
            player=player.within(world),
            learner=learner,
            buffer=buffer,
            extensions=Extensions(),
            folder=folder / CHECKPOINTS,
            learning=beside if run.lag.staleness else at_once,
            opponents=opponents,
        )
        trainer = Trainer(run, folder, live, stop)
        newest = trainer.stands(accept)
        for notice in notices(trainer.checkpoints, trainer.ledger, newest):
            yield Noticed(message=notice)
        place = newest.place
        await trainer.resume(place)
        async for event in trainer.warm_up(place):
            yield event
        if not trainer.stopped:
            async for event in trainer.reinforce(place):
                yield event
        weights = await learner.publish()
        yield RunEnded(digest=weights.version.digest, complete=not trainer.stopped)
    finally:
        if buffer is not None:
            await buffer.close()
        for opponent in opponents:
            await opponent.close()
        await player.close()


@dataclass(slots=True)
class Trainer:
    """Trains a run phase by phase, and writes its ledger and checkpoints."""

    run: Run
    folder: Path
    live: LiveRun
    stop: Callable[[], bool]
    ledger: Ledger = field(init=False)
    checkpoints: Checkpoints = field(init=False)
    stopped: bool = False
    best: Best = field(init=False)
    guard: FolderGuard = field(init=False)
    _saved: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Open the ledger and the checkpoints of the run's folder."""
        warmups, keep = len(self.run.warmup), self.run.checkpoints.keep
        self.ledger = Ledger(self.folder)
        self.checkpoints = Checkpoints(self.folder / CHECKPOINTS, warmups, keep)
        self.best = Best(metric=self.run.checkpoints.best)
        self.guard = FolderGuard(self.folder)

    @property
    def learner(self) -> Learner:
        """The learner of the running engine."""
        return self.live.learner

    @property
    def player(self) -> Player:
        """The player of the running engine, which samples rollouts."""
        return self.live.player

    def stands(self, accept: Collection[str] = ()) -> Newest:
        """The newest checkpoint to go on from; leftovers of a kill are cleaned up."""
        clean(self.folder)
        self.checkpoints.mend()
        return standing(self.checkpoints, self.ledger, accept)

    async def resume(self, place: RunPosition | None) -> None:
        """Load a checkpoint, and delete later rows of the ledger."""
        if place is None:
            self.ledger.rewind((-1, 0))
        else:
            self.ledger.rewind(place.at, self.checkpoints.path(place))
        names = self.checkpoints.names()
        self.best = Best.of(self.run.checkpoints.best, self.ledger.rows(), names)
        if place is not None:
            self.checkpoints.rewind(place)
            self._begin(place.phase)
            await self.learner.load(self.checkpoints.path(place))

    async def warm_up(self, place: RunPosition | None) -> AsyncIterator[Event]:
        """Train the supervised phases that are not finished."""
        first = 0 if place is None else place.phase
        render = self.player.renderer
        for phase, warmup in list(enumerate(self.run.warmup))[first:]:
            progress = WarmupProgress()
            if place is not None and phase == place.phase:
                progress = place.progress
            else:
                self._begin(phase)
            name = f"warm-up {phase + 1} of {len(self.run.warmup)}"
            yield PhaseStarted(phase=name, done=progress.done, steps=warmup.steps)
            async for sft_step in sft(warmup, self.learner, render, self.run.seed, progress):
                progress = sft_step.progress
                self.guard.check()
                self.ledger.write("sft", (phase, progress.done), of_sft(sft_step))
                yield sft_step
                await self._save_if_due(RunPosition(phase=phase, progress=progress))
                if self.stopped:
                    return
            await self._save(RunPosition(phase=phase, progress=progress))

    async def reinforce(self, place: RunPosition | None) -> AsyncIterator[Event]:
        """Run the base evaluation, the RL steps and the final evaluation."""
        run, last = self.run, len(self.run.warmup)
        fresh = place is None or place.phase < last
        done = 0 if place is None or fresh else place.progress.done
        if fresh:
            self._begin(last)
        await self._deliver()
        if fresh:
            yield await self._evaluate("base", 0, run.evaluation, "test")
            await self._save(RunPosition(phase=last))
        await self._accompany(None if fresh else place)
        yield PhaseStarted(phase="reinforcement", done=done, steps=run.steps)
        async for step in self._steps(done):
            done = step.number + 1
            self._write(step)
            for opponent in self.live.opponents:
                await opponent.after_step(done, self.learner, self.live.folder)
            yield step
            if run.periodic.every and (done % run.periodic.every == 0 or done == run.steps):
                yield await self._evaluate("periodic", done, run.periodic.evaluation, "dev")
            await self._save_if_due(RunPosition(phase=last, progress=WarmupProgress(done=done)))
            if self.stopped:
                return
        await self._save(RunPosition(phase=last, progress=WarmupProgress(done=done)))
        if not any(row["kind"] == "final" for row in self.ledger.rows()):
            yield await self._evaluate("final", done, run.evaluation, "test")
        self.ledger.forget_after(done)
        self.ledger.end()

    async def _steps(self, start: int) -> AsyncIterator[TrainStep]:
        """Take the steps of the loop; the rollouts of a failed step are saved."""
        try:
            async for step in train(self.run, self.live, start):
                yield step
        except (IntegrityError, WorldBug) as error:
            if not error.rollouts:
                raise
            kept = self.ledger.keep("broken", start, [error.rollouts])
            told = f"the rollouts are in {shown(kept)}"
            if isinstance(error, WorldBug):
                name = error.rollouts[0].id
                told = f"play it again: {command('env', 'replay', shown(self.folder), name)}"
            raise type(error)(f"{error} ({told})", error.rollouts) from error

    async def _accompany(self, place: RunPosition | None) -> None:
        """Make the reference, the buffer and the extensions, with the state of the checkpoint."""
        objective, base = self.run.objective, self.checkpoints.base
        if objective.companions or Need.REFERENCE in objective.needs:
            self.checkpoints.check_base()
        if Need.REFERENCE in objective.needs:
            await self.learner.set_reference(base)
        setup = SetupContext(engine=self.run.engine, learner=self.learner, base=base)
        extensions = await Extensions.open(objective.companions, setup)
        known = await known_rows(self.run)
        self.live = replace(self.live, extensions=extensions, canaries=known)
        if place is None:
            return
        folder, done = self.checkpoints.path(place), place.progress.done
        for opponent in self.live.opponents:
            await opponent.load(folder)
        if done:
            await self.live.buffer.load(folder)
            await self.live.last_metrics.load(folder)
            runner = RolloutRunner(self.player, self.run.reward, done)
            await extensions.load(folder, step_context(self.run, self.live, runner))

    async def _deliver(self) -> None:
        """Give the player the learner's weights."""
        weights = await self.learner.publish()
        await self.player.update(weights, Drain())
        probe = probe_of(self.run.corpus.task("train", 0), self.run.decoding)
        await check_weight_sync(self.player, self.learner, weights, probe, self.run.limits)

    async def _evaluate(
        self, name: str, step: int, evaluation: EvalConfig, split: str
    ) -> Evaluated:
        run = self.run
        tasks = run.measured.held_out(split, evaluation.problems)
        recorder = SampleRecorder(
            policy=self.player.held().digest, split=split, check=run.measured.chain_correct
        )
        card = await measure(self.player, run.reward, tasks, evaluation, run.decoding, recorder)
        place = len(run.warmup), step
        facts = {"split": split, "samples": evaluation.samples, "intervals": intervals(card)}
        facts["digest"] = self.player.held().digest  # of the evaluated weights
        self.guard.check()
        file = f"{name}-{step:06}"
        write_samples(self.ledger.evaluation(file), card.rows)
        self.ledger.keep(file, step, card.groups)
        known = of_evaluation(card)
        self.ledger.write(name, place, known, facts)  # after what it tells of
        if name == "periodic" and self.best.metric:
            self.best.see(step, known[self.best.metric].value)
        return Evaluated(name=name, step=step, card=card)

    def _write(self, step: TrainStep) -> None:
        rollouts = step.batch.rollouts
        shares = step.batch.tokens.advantage.split([r.length for r in rollouts])
        advantages = {r.id: a.tolist() for r, a in zip(rollouts, shares, strict=True)}
        done = step.number + 1
        played = step.taken.played
        known = {r.id for group in played for r in group}
        self.guard.check()
        guests = [g for g in step.taken.groups if not any(r.id in known for r in g)]
        self.ledger.keep(f"step-{done:06}", done, [*played, *guests], advantages)
        self.ledger.write("step", (len(self.run.warmup), done), of_step(step))

    def _begin(self, phase: int) -> None:
        warm = phase < len(self.run.warmup)
        optimizer = self.run.warmup[phase].optimizer if warm else self.run.optimizer
        self.learner.reset_optimizer(optimizer)

    async def _save_if_due(self, place: RunPosition) -> None:
        self.stopped = self.stop()
        since, done = time.monotonic() - self._saved, place.progress.done
        best = self.checkpoints.path(place).name == self.best.name
        if self.stopped or best or self.run.checkpoints.is_due(done, since):
            await self._save(place)

    async def _save(self, place: RunPosition) -> None:
        live = self.live
        held = (live.learner, live.buffer, live.extensions, live.last_metrics, self.ledger)
        kept = {self.best.name}
        self.guard.check()
        path = await self.checkpoints.save(place, *held, *live.opponents, kept=kept)
        note_saved(self.folder, path.name, self.best)
        self._saved = time.monotonic()
