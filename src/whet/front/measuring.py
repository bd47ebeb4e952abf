"""Evaluate a model or a run, from Python and for `whet eval`."""

import re
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

from whet import data, rewards
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, at_checkpoint
from whet.engines.openai.engine import OpenAI
from whet.engines.openai.server import Server
from whet.environments.single_turn import SingleTurn
from whet.evaluation.journal import Journal, Unwritten
from whet.evaluation.measure import EvalConfig, Scorecard, measure
from whet.evaluation.preflight import Preflight, preflight
from whet.evaluation.recording import Recorder, Scorer
from whet.evaluation.sample_file import SampleFile
from whet.evaluation.samples import problems_of
from whet.evaluation.test_time.attempt import Attempt, AttemptContext
from whet.evaluation.test_time.curve import Point, points
from whet.evaluation.test_time.measure import check_attempts, measure_attempts
from whet.evaluation.test_time.strategy import TestTime
from whet.front.dating import as_of_run
from whet.front.eventloop import finish
from whet.front.training import load_run
from whet.invoked import command, shown
from whet.protocols import Corpus, Engine, Environment, Judge, Model, WorldSetup
from whet.registry import names
from whet.rollouts.chat_checks import check_chats
from whet.rollouts.prompt_lengths import PromptLengths, check_room
from whet.rollouts.runner import RolloutRunner
from whet.training import card
from whet.training.checkpoint import is_checkpoint
from whet.training.folder import RunProgress
from whet.types import Decoding, Task, UsageError

_ENGINE = Embedded()
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of an object without a text of its own
_ENDLESS = 100  # problems of an endless corpus
USUAL = EvalConfig(samples=16, k=(1, 4, 16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The model, the tasks and the reward of an evaluation."""

    model: Model
    engine: Engine = _ENGINE
    corpus: Corpus | None = None
    environment: Environment = SingleTurn()
    reward: Judge | None = None
    decoding: Decoding = Decoding()
    longest: int = 0  # tokens; longer prompts are skipped.  0: no limit
    checkpoint: Path | None = None  # of a run, which has the state of opponents
    directory: str = "."  # base of relative paths
    split: str = ""  # by default; empty: the one that the corpus offers for evaluation
    name: str = ""  # of the model, in the record
    journal: Journal = Unwritten()  # where samples are kept, and found again
    test_time: tuple[TestTime, ...] = ()  # strategies, besides plain samples
    scorer: Scorer | None = None  # by which best of n selects

    @classmethod
    def of_run(cls, folder: Path, split: str = "") -> "Subject":
        """The newest checkpoint of a run, with the tasks and the reward of the run.

        The tasks are the evaluation tasks of the run, or those of `split`.
        """
        run = load_run(folder)
        newest = RunProgress.of(folder.absolute(), run).newest
        if newest is None:
            resume = command("resume", shown(folder))
            raise UsageError(f"run {str(folder)!r} has no checkpoint yet; {resume}")
        return cls(
            model=at_checkpoint(run.model, newest),
            name=str(folder),
            engine=run.engine,
            corpus=run.corpus if split else run.measured,
            environment=run.environment,
            reward=run.reward,
            decoding=run.decoding,
            longest=run.max_prompt_length,
            checkpoint=newest,
            directory=card.read(folder)["directory"],
            split="test",  # the other rows of the corpus were trained on
        )

    @classmethod
    def served(cls, server: Server) -> "Subject":
        """A model behind a server with OpenAI's chat protocol (`whet.engines.openai.engine`)."""
        return cls(model=server, engine=OpenAI(), name=server.model)

    def on(self, tasks: str | Corpus) -> "Subject":
        """The same model on other tasks, with the verifier that each task names."""
        corpus = data.corpus(data.anchored(tasks)) if isinstance(tasks, str) else tasks
        return replace(self, corpus=corpus, split="").judged_by("declared")

    def kept_in(self, path: str | Path) -> "Subject":
        """The same evaluation, its samples kept in a JSONL file, which it goes on from."""
        return replace(self, journal=SampleFile(Path(path).absolute()))

    def judged_by(self, reward: str | Judge) -> "Subject":
        """The same model and tasks with another reward."""
        judge = rewards.find(_anchored(reward)) if isinstance(reward, str) else reward
        return replace(self, reward=judge)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalTasks:
    """The tasks of an evaluation, and the split that they are from."""

    split: str
    tasks: Sequence[Task]
    of: int | None  # tasks in the split; None: endless
    repeated: int = 0  # tasks with the prompt of another one
    too_long: int = 0  # tasks with a prompt of more than `longest` tokens
    longest: int = 0  # 0: no limit


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
    its newest checkpoint is evaluated, by default on the tasks of the run.  `tasks` is a family,
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
    subject = model if isinstance(model, Subject) else subject_of(model, split=split)
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


def subject_of(model: str | Path, engine: Engine = _ENGINE, split: str = "") -> Subject:
    """The subject of a run folder or a Hugging Face folder; a run brings its own engine."""
    folder = Path(model)
    if card.exists(folder):
        return Subject.of_run(folder, split)
    source = Folder(path=str(model))
    if is_checkpoint(folder):
        source = as_of_run(Folder.as_saved(folder), folder)
    return Subject(model=source, engine=engine, name=str(model))


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
    drawn = await _drawn(subject, corpus, problems, split or subject.split or corpus.benchmark())
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
        recorder = Recorder(
            model=subject.name,
            policy=digest,
            setting=_setting(subject),
            split=drawn.split,
            check=corpus.chain_correct,
            journal=subject.journal,
            scorer=subject.scorer,
        )
        context = AttemptContext(
            runner=RolloutRunner(plays, subject.reward, 0),
            decoding=decoding,
            positions=subject.engine.positions(subject.model) or 0,
        )
        attempts = _attempts(subject)
        await check_attempts(attempts, drawn.tasks, context)
        scores = await measure(plays, subject.reward, drawn.tasks, evaluation, decoding, recorder)
        rows = await measure_attempts(attempts, drawn.tasks, evaluation, context, recorder)
        spent = points([*scores.rows, *rows], subject.test_time)
        caveats = subject.engine.caveats(subject.model, drawn.tasks)
        return Measured(
            scores=scores,
            drawn=drawn,
            digest=digest,
            preflight=tried,
            caveats=(*caveats, *_unvaried(subject, scores)),
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


async def _drawn(subject: Subject, corpus: Corpus, problems: int, split: str) -> EvalTasks:
    """The tasks with prompts that fit the context of the model, where it is known."""
    positions = subject.engine.positions(subject.model)
    if positions is None and subject.longest:
        raise UsageError(
            f"max_prompt_length is {subject.longest} tokens, which a server does not count before "
            "it is asked; give 0"
        )
    size = corpus.size(split)
    wanted = problems or (_ENDLESS if size is None else size)
    tasks = corpus.held_out(split, wanted)
    renderer = await subject.engine.renderer(subject.model)
    lengths = [*zip(tasks, map(PromptLengths(renderer), tasks), strict=True)]
    if subject.longest:
        lengths = [(task, length) for task, length in lengths if length <= subject.longest]
    if not lengths:
        told = f"; none of {len(tasks)} prompts is as short as {subject.longest}" if tasks else ""
        raise UsageError(f"split {split!r} has no tasks{told}")
    check_chats(renderer, tasks, subject.environment)
    if isinstance(subject.environment, SingleTurn) and positions is not None:
        check_room(lengths, positions, subject.decoding.max_new_tokens)
    return EvalTasks(
        split=split,
        tasks=[task for task, _ in lengths],
        of=size,
        repeated=0 if size is None else max(min(wanted, size) - len(tasks), 0),
        too_long=len(tasks) - len(lengths),
        longest=subject.longest,
    )


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


def _anchored(text: str) -> str:
    """A path, with or without `:function`, made absolute."""
    path, colon, name = text.partition(":")
    path_like = Path(path).is_file() or (Path(path).is_dir() and path not in names("corpus"))
    return f"{Path(path).absolute()}{colon}{name}" if path_like else text
