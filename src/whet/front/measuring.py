"""Evaluate a model or a run, from Python and for `whet eval`."""

import re
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

from whet import data, rewards
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, at_checkpoint
from whet.environments.single_turn import SingleTurn
from whet.evaluation.journal import Journal, Unwritten
from whet.evaluation.measure import EvalConfig, Scorecard, measure
from whet.evaluation.preflight import Preflight, preflight
from whet.evaluation.recording import Recorder
from whet.evaluation.sample_file import SampleFile
from whet.front.dating import as_of_run
from whet.front.eventloop import finish
from whet.front.training import load_run
from whet.invoked import command, shown
from whet.protocols import Corpus, Engine, Environment, Judge, Model, WorldSetup
from whet.registry import names
from whet.rollouts.chat_checks import check_chats
from whet.rollouts.prompt_lengths import PromptLengths, check_room
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
    digest: str  # of the weights
    preflight: Preflight  # of the reward, before the first sample


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

    `model` is a run folder or a Hugging Face folder; a `Subject` sets the engine, too.  For a run
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
            f"model {getattr(subject.model, 'path', subject.model)!r} is not a run, so it has no "
            "tasks; give --tasks NAME or FILE, in Python tasks="
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
        )
        scores = await measure(plays, subject.reward, drawn.tasks, evaluation, decoding, recorder)
        return Measured(scores=scores, drawn=drawn, digest=digest, preflight=tried)
    finally:
        for opponent in world.opponents:
            await opponent.close()
        await player.close()


async def _drawn(subject: Subject, corpus: Corpus, problems: int, split: str) -> EvalTasks:
    """The tasks with prompts that fit the context of the model."""
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
    if isinstance(subject.environment, SingleTurn):
        check_room(lengths, subject.model.size().positions, subject.decoding.max_new_tokens)
    return EvalTasks(
        split=split,
        tasks=[task for task, _ in lengths],
        of=size,
        repeated=0 if size is None else max(min(wanted, size) - len(tasks), 0),
        too_long=len(tasks) - len(lengths),
        longest=subject.longest,
    )


def _setting(subject: Subject) -> str:
    """A digest of what decides on a reply besides task, seed and weights, and of the reward."""
    parts = (subject.decoding, subject.reward, subject.environment)
    said = _ADDRESS.sub("", repr(parts))
    return blake2b(said.encode(), digest_size=8).hexdigest()


def _anchored(text: str) -> str:
    """A path, with or without `:function`, made absolute."""
    path, colon, name = text.partition(":")
    path_like = Path(path).is_file() or (Path(path).is_dir() and path not in names("corpus"))
    return f"{Path(path).absolute()}{colon}{name}" if path_like else text
