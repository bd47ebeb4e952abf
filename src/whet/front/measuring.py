"""Evaluate a model or a run, from Python and for `whet eval`."""

import re
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

from whet.engines.openai.engine import OpenAI
from whet.environments.single_turn import SingleTurn
from whet.evaluation.journal import Watched
from whet.evaluation.measure import EvalConfig, Scorecard, measure
from whet.evaluation.preflight import Preflight, preflight
from whet.evaluation.recording import SampleRecorder
from whet.evaluation.samples import problems_of
from whet.evaluation.test_time.attempt import Attempt, AttemptContext
from whet.evaluation.test_time.curve import Point, points
from whet.evaluation.test_time.measure import check_attempts, measure_attempts
from whet.front.drawing import EvalTasks as EvalTasks
from whet.front.drawing import drawn_tasks
from whet.front.eventloop import finish
from whet.front.subject import Subject as Subject
from whet.front.subject import checkpoint_of_run as checkpoint_of_run
from whet.front.subject import subject_of as subject_of
from whet.protocols import Corpus, Judge, WorldSetup
from whet.rollouts.runner import RolloutRunner
from whet.types import Decoding, UsageError

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of an object without a text of its own
USUAL = EvalConfig(samples=16, k=(1, 4, 16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The result of an evaluation, with its tasks and the digest of the weights."""

    scores: Scorecard
    drawn: EvalTasks
    digest: str  # of the weights; of a server the name of its model
    preflight: Preflight  # of the reward, before the first sample
    caveats: Sequence[str] = ()  # what was done otherwise, or is not known, one sentence each
    points: tuple[Point, ...] = ()  # of the strategies of test-time compute


def evaluate(  # noqa: PLR0913  (each has a default, and a name)
    model: str | Path | Subject,
    tasks: str | Corpus | None = None,
    reward: str | Judge | None = None,
    *,
    evaluation: EvalConfig | None = None,
    decoding: Decoding | None = None,
    split: str = "",
    out: str | Path | None = None,
) -> Scorecard:
    """Evaluate a model: rewards, greedy and sampled pass@1, unbiased pass@k, 95% intervals.

        whet.evaluate("runs/mine").pass_at[16].value
        whet.evaluate("path/to/hf-folder", "aime.jsonl", evaluation=EvalConfig(problems=30))

    `model` is a run folder or a Hugging Face folder; a `Subject` sets the engine, too, and is made
    of a server by `Subject.served(Server(model="NAME", urls=("http://…/v1",)))`.  For a run
    its newest checkpoint is evaluated, by default on the tasks of the run; so is a checkpoint in
    the folder of a run.  `tasks` is a family,
    gym:NAME, BENCHMARK:FILE such as gsm8k:test.jsonl, a file or a folder of rows, or a corpus.
    `reward` is a name, path.py:function, or a judge; the default is the verifier that the tasks
    name.  The default `evaluation` has 16 samples for each of all rows, or of 100 tasks of an
    endless corpus.  The default `split` is the test split; of other tasks in a file without one,
    all rows.  The default `decoding` is that of the run.  The numbers are those of `whet eval`.

    `out` is a JSONL file for the samples, one row each.  An evaluation that was stopped goes on
    from it.

    Raises `UsageError` without a model, without tasks, and where the reward does not accept a
    task's own answer (`whet.evaluation.preflight`).
    """
    subject = model if isinstance(model, Subject) else _of(model, tasks, split)
    if tasks is not None:
        subject = subject.on(tasks)
    if reward is not None:
        subject = subject.judged_by(reward)
    if decoding is not None:
        subject = replace(subject, decoding=decoding)
    if out is not None:
        subject = subject.kept_in(out)
    problems = 0 if evaluation is None else evaluation.problems
    return measured(subject, evaluation or USUAL, problems, split).scores


def _of(model: str | Path, tasks: object, split: str) -> Subject:
    """The subject; a checkpoint of a run has the run's tasks, unless others are given."""
    own = None if tasks is not None else checkpoint_of_run(model, split)
    return subject_of(model, split=split) if own is None else own


def measured(subject: Subject, evaluation: EvalConfig, problems: int, split: str) -> Measured:
    """Sample replies to the tasks, score them, and compute the estimates.

    `problems` is the maximum number of tasks; 0: all rows, or 100 of an endless corpus.  An empty
    `split` means the test split; for a file without one, all rows.
    """
    if subject.corpus is None:
        raise UsageError(
            f"model {subject.name or subject.model!r} is not a run, so it has no tasks; give "
            "--tasks NAME or FILE, in Python tasks="
        )
    if problems < 0:
        raise UsageError(f"problems is {problems}; give 1 or more, or 0 for all")
    with chdir(subject.directory):
        return finish(_measured(subject, subject.corpus, evaluation, problems, split))


async def _measured(
    subject: Subject, corpus: Corpus, evaluation: EvalConfig, problems: int, split: str
) -> Measured:
    asked = split or subject.split or corpus.benchmark()
    drawn = await drawn_tasks(subject, corpus, problems, asked)
    evaluation = replace(evaluation, problems=len(drawn.tasks))
    tried = await preflight(drawn.tasks, subject.reward, subject.environment)
    player = await subject.engine.player(subject.model, 0)
    setup = WorldSetup(rival=partial(subject.engine.rival, subject.model))
    world = subject.environment
    try:
        world = await world.open(setup)
        if subject.checkpoint is not None:
            for opponent in world.opponents:
                await opponent.load(subject.checkpoint)
        decoding, plays = subject.decoding, player.within(world)
        digest = player.held().digest
        recorder = SampleRecorder(
            model=subject.name,
            policy=digest,
            setting=_setting(subject),
            split=drawn.split,
            check=corpus.chain_correct,
            journal=Watched(subject.journal, subject.observer),
            scorer=subject.scorer,
        )
        context = AttemptContext(
            runner=RolloutRunner(plays, subject.reward, 0),
            decoding=decoding,
            positions=subject.engine.positions(subject.model) or 0,
        )
        attempts = _attempts(subject)
        await check_attempts(attempts, drawn.tasks, context)
        subject.observer.begin(
            "evaluating", len(drawn.tasks) * (2 + len(attempts))
        )  # greedy and sampled
        scores = await measure(plays, subject.reward, drawn.tasks, evaluation, decoding, recorder)
        rows = await measure_attempts(attempts, drawn.tasks, evaluation, context, recorder)
        spent = points([*scores.rows, *rows], subject.test_time)
        caveats = subject.engine.caveats(subject.model, drawn.tasks)
        return Measured(
            scores=scores,
            drawn=drawn,
            digest=digest,
            preflight=tried,
            caveats=(*subject.notes, *caveats, *_unvaried(subject, scores)),
            points=tuple(spent),
        )
    finally:
        for opponent in world.opponents:
            await opponent.close()
        await player.close()


def _attempts(subject: Subject) -> list[Attempt]:
    """The attempts of the strategies, each once.  Raises `UsageError` for one that can't play."""
    found = {one.attempt.label: one.attempt for one in subject.test_time}
    attempts = [attempt for attempt in found.values() if not attempt.samples]
    if attempts and not isinstance(subject.environment, SingleTurn):
        raise UsageError(
            f"test_time {attempts[0].label} is for one reply to a prompt, but the environment is "
            f"{type(subject.environment).__name__}; give a vote over whole plays, such as majority"
        )
    return attempts


def _unvaried(subject: Subject, scores: Scorecard) -> Iterator[str]:
    """What is to be said of a server that seems to sample nothing."""
    problems = problems_of(row for row in scores.rows if not row.greedy)
    varied = any(len({s.text for s in problem.samples}) > 1 for problem in problems)
    if isinstance(subject.engine, OpenAI) and scores.samples > 1 and not varied:
        yield (
            f"all {scores.samples} samples of every problem are the same text, so pass@k is "
            "pass@1: the server may not sample"
        )


def _setting(subject: Subject) -> str:
    """A digest of what decides on a reply besides task, seed and weights, and of the reward."""
    parts: tuple[object, ...] = (subject.decoding, subject.reward, subject.environment)
    if subject.scorer is not None:
        parts = (*parts, subject.scorer)
    said = _ADDRESS.sub("", repr(parts))
    return blake2b(said.encode(), digest_size=8).hexdigest()
