"""Measure a model or a run: from Python, and for `whet eval`."""

from contextlib import chdir
from dataclasses import dataclass, replace
from pathlib import Path

from whet import data, rewards
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.environments.question import Question
from whet.evaluation.measure import Exam, Scorecard, measure
from whet.front.eventloop import finish
from whet.front.training import load_run
from whet.invoked import command, shown
from whet.protocols import Corpus, Engine, Environment, Judge, Model
from whet.training import card
from whet.training.folder import Standing
from whet.types import Decoding, Refusal

_USUAL, _ENGINE = Exam(), Embedded()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is measured, on which tasks, by which judge."""

    model: Model
    engine: Engine = _ENGINE
    corpus: Corpus | None = None
    environment: Environment = Question()
    reward: Judge | None = None
    decoding: Decoding = Decoding()
    directory: str = "."  # to which relative paths belong

    @classmethod
    def of_run(cls, folder: Path) -> "Subject":
        """The newest checkpoint of a run, on the run's tasks, judged as the run judges."""
        run = load_run(folder)
        newest = Standing.of(folder.absolute(), run).newest
        if newest is None:
            resume = command("resume", shown(folder))
            raise Refusal(f"run {str(folder)!r} has no checkpoint yet; {resume}")
        return cls(
            model=Folder(path=str(newest)),
            engine=run.engine,
            corpus=run.corpus,
            environment=run.environment,
            reward=run.reward,
            decoding=run.decoding,
            directory=card.read(folder)["directory"],
        )

    def on(self, tasks: str | Corpus) -> "Subject":
        """The same model on other tasks, judged by the verifier that each task names."""
        corpus = data.corpus(_anchored(tasks)) if isinstance(tasks, str) else tasks
        return replace(self, corpus=corpus).judged_by("declared")

    def judged_by(self, reward: str | Judge) -> "Subject":
        """The same, with another judge."""
        judge = rewards.find(_anchored(reward)) if isinstance(reward, str) else reward
        return replace(self, reward=judge)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measurement, and what was measured."""

    scores: Scorecard
    problems: int
    digest: str  # of the weights


def evaluate(
    model: str | Path | Subject,
    tasks: str | Corpus | None = None,
    reward: str | Judge | None = None,
    *,
    exam: Exam = _USUAL,
    decoding: Decoding | None = None,
    split: str = "test",
) -> Scorecard:
    """Measure a model: rewards and pass@1 greedy and sampled, unbiased pass@k, 95% intervals.

        whet.evaluate("runs/mine", exam=Exam(samples=16, k=(1, 16))).pass_at[16].value
        whet.evaluate("path/to/hf-folder", "lock")

    `model` is a run folder, whose newest checkpoint is measured on the run's own tasks, or a
    Hugging Face folder; a `Subject` names its engine too.  `tasks` are a family, gym:NAME, a .jsonl
    or .parquet file, or a corpus; `reward` is a name, path.py:function, or a judge, by default the
    verifier that the tasks name.  `decoding` is by default the run's.

    Raises `Refusal` where there is no model, or no tasks.
    """
    subject = model if isinstance(model, Subject) else subject_of(model)
    if tasks is not None:
        subject = subject.on(tasks)
    if reward is not None:
        subject = subject.judged_by(reward)
    if decoding is not None:
        subject = replace(subject, decoding=decoding)
    return measured(subject, exam, split).scores


def subject_of(model: str | Path, engine: Engine = _ENGINE) -> Subject:
    """What a run folder or a Hugging Face folder names; a run has an engine of its own."""
    folder = Path(model)
    if card.exists(folder):
        return Subject.of_run(folder)
    return Subject(model=Folder(path=str(model)), engine=engine)


def measured(subject: Subject, exam: Exam, split: str) -> Measured:
    """Play the tasks, judge them and count."""
    if subject.corpus is None:
        raise Refusal(
            f"model {getattr(subject.model, 'path', subject.model)!r} is no run, so say on what: "
            "--tasks NAME or FILE, in Python tasks="
        )
    with chdir(subject.directory):
        return finish(_measured(subject, subject.corpus, exam, split))


async def _measured(subject: Subject, corpus: Corpus, exam: Exam, split: str) -> Measured:
    player = await subject.engine.player(subject.model, 0)
    try:
        tasks = corpus.held_out(split, exam.problems)
        world = player.within(subject.environment)
        scores = await measure(world, subject.reward, tasks, exam, subject.decoding)
        return Measured(scores=scores, problems=len(tasks), digest=player.held().digest)
    finally:
        await player.close()


def _anchored(text: str) -> str:
    """A path, perhaps with a function's name behind it, as one that holds in every directory."""
    path, colon, name = text.partition(":")
    return f"{Path(path).absolute()}{colon}{name}" if Path(path).is_file() else text
