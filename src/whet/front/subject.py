"""What is evaluated: a model or a run, the tasks, the reward, the engine."""

from dataclasses import dataclass, replace
from pathlib import Path

from whet import data, rewards
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, at_checkpoint
from whet.engines.openai.engine import OpenAI
from whet.engines.openai.server import Server
from whet.environments.single_turn import SingleTurn
from whet.evaluation.journal import Journal, Unwritten
from whet.evaluation.recording import Scorer
from whet.evaluation.sample_file import SampleFile
from whet.evaluation.test_time.strategy import TestTime
from whet.evaluation.verifier_pass import Observer, Silent
from whet.front.dating import as_of_run
from whet.front.training import load_run
from whet.invoked import command, shown
from whet.protocols import Corpus, Engine, Environment, Judge, Model
from whet.registry import names
from whet.training import card
from whet.training.checkpoint import check_sealed, is_checkpoint
from whet.training.folder import RunProgress
from whet.types import Decoding, UsageError

_ENGINE = Embedded()


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
    observer: Observer = Silent()  # of the progress
    test_time: tuple[TestTime, ...] = ()  # strategies, besides plain samples
    scorer: Scorer | None = None  # by which best of n selects
    notes: tuple[str, ...] = ()  # what is odd about the model, one sentence each

    @classmethod
    def of_run(cls, folder: Path, split: str = "") -> "Subject":
        """The newest checkpoint of a run, with the tasks and the reward of the run.

        The tasks are the evaluation tasks of the run, or those of `split`.
        """
        run = load_run(folder)
        stands = RunProgress.of(folder.absolute(), run)
        newest = stands.newest
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
            notes=_passed_over(newest, stands.passed),
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


def subject_of(model: str | Path, engine: Engine = _ENGINE, split: str = "") -> Subject:
    """The subject of a run folder or a Hugging Face folder; a run brings its own engine."""
    folder = Path(model)
    if card.exists(folder):
        return Subject.of_run(folder, split)
    source = Folder(path=str(model))
    if is_checkpoint(folder):
        check_sealed(folder)
        source = as_of_run(Folder.as_saved(folder), folder)
    return Subject(model=source, engine=engine, name=str(model))


def checkpoint_of_run(model: str | Path, split: str = "") -> Subject | None:
    """A checkpoint in the folder of a run, on the tasks of the run; None for any other folder.

    So the base model of a run is evaluated as the run is: `runs/NAME/checkpoints/step-000000`.
    """
    folder = Path(model).absolute()
    run = folder.parent.parent
    if not is_checkpoint(folder) or not card.exists(run):
        return None
    check_sealed(folder)
    held = load_run(run)
    whole = Subject.of_run(run, split)
    return replace(
        whole,
        model=at_checkpoint(held.model, folder),
        checkpoint=folder,
        name=str(model),
        notes=(),
    )


def _passed_over(newest: Path, passed: tuple[str, ...]) -> tuple[str, ...]:
    return (f"evaluated is {newest.name}, because {'; '.join(passed)}",) if passed else ()


def _anchored(text: str) -> str:
    """A path, with or without `:function`, made absolute."""
    path, colon, name = text.partition(":")
    path_like = Path(path).is_file() or (Path(path).is_dir() and path not in names("corpus"))
    return f"{Path(path).absolute()}{colon}{name}" if path_like else text
