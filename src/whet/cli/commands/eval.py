"""`whet eval MODEL`: what it earns and how often it is right, greedy and sampled."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from whet import data, rewards
from whet.cli.arguments import EvalOptions
from whet.cli.commands.resume import rebuilt
from whet.cli.options import parse
from whet.data.system_prompt import SystemPrompt
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.environments.single_turn import SingleTurn
from whet.evaluation.measure import EvalConfig, Scorecard, measure
from whet.protocols import Corpus, Engine, Environment, Judge, Player
from whet.rollouts.prompt_lengths import check_room, prompt_length
from whet.training import card
from whet.training.checkpoint import Checkpoints
from whet.training.trainer import CHECKPOINTS
from whet.types import Decoding, Task, UsageError
from whet.view import scorecard

_ENDLESS = 100  # problems of a corpus without an end


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is measured, by which judge."""

    model: Folder
    engine: Engine
    corpus: Corpus
    environment: Environment
    reward: Judge | None
    decoding: Decoding
    longest: int = 0  # tokens of a prompt; 0: as many as the model takes


@dataclass(frozen=True, kw_only=True)
class EvalTasks:
    """The tasks that are measured on."""

    split: str
    tasks: Sequence[Task]
    of: int | None  # tasks in the split; None: it has no end


def main(words: Sequence[str]) -> int:
    """A table, or one JSON document."""
    asked = parse(EvalOptions, words, "eval")
    evaluation = EvalConfig(samples=asked.samples, k=_numbers(asked.k))
    subject = _subject(asked)
    drawn = _drawn(asked, subject)
    evaluation = replace(evaluation, problems=len(drawn.tasks))
    player, found = asyncio.run(_measured(subject, drawn.tasks, evaluation))
    facts = {
        "model": asked.model,
        "tasks": asked.tasks or "the run's own",
        "split": drawn.split,
        "problems": len(drawn.tasks),
        "of": drawn.of,
        "samples": evaluation.samples,
        "decoding": asdict(subject.decoding),
        "policy_digest": player.held().digest,
    }
    if asked.json:
        print(json.dumps(facts | scorecard.document(found), indent=1, ensure_ascii=False))
    else:
        print("\n".join(_table(asked.model, drawn, found)))
    return 0


def _drawn(asked: EvalOptions, subject: Subject) -> EvalTasks:
    """All rows of a file, unless a split or fewer of them are asked for; prompts that fit."""
    split = asked.split or subject.corpus.benchmark()
    size = subject.corpus.size(split)
    if asked.problems < 0:
        raise UsageError(f"problems is {asked.problems}; give 1 or more, or 0 for all")
    count = asked.problems or (_ENDLESS if size is None else size)
    tasks = subject.corpus.held_out(split, count)
    renderer = asyncio.run(subject.engine.renderer(subject.model))
    lengths = [(task, prompt_length(renderer, task)) for task in tasks]
    if subject.longest:
        lengths = [(task, length) for task, length in lengths if length <= subject.longest]
    if not lengths:
        told = f"; none of {len(tasks)} prompts is as short as {subject.longest}" if tasks else ""
        raise UsageError(f"split {split!r} of {asked.tasks or asked.model!r} has no tasks{told}")
    if isinstance(subject.environment, SingleTurn):
        check_room(lengths, subject.model.size().positions, subject.decoding.max_new_tokens)
    return EvalTasks(split=split, tasks=[task for task, _ in lengths], of=size)


async def _measured(
    subject: Subject, tasks: Sequence[Task], evaluation: EvalConfig
) -> tuple[Player, Scorecard]:
    player = await subject.engine.player(subject.model, 0)
    world = player.within(subject.environment)
    found = await measure(world, subject.reward, tasks, evaluation, subject.decoding)
    return player, found


def _subject(asked: EvalOptions) -> Subject:
    folder = Path(asked.model)
    subject = _of_run(folder, asked.split) if (folder / card.CARD).is_file() else _of_folder(asked)
    if asked.tasks:
        subject = replace(subject, corpus=data.corpus(asked.tasks), reward=rewards.load("declared"))
    if asked.system_prompt:
        told = SystemPrompt(corpus=subject.corpus, text=asked.system_prompt)
        subject = replace(subject, corpus=told)
    if asked.reward:
        subject = replace(subject, reward=rewards.find(asked.reward))
    decoding = replace(subject.decoding, temperature=asked.temperature)
    if asked.max_new_tokens:
        decoding = replace(decoding, max_new_tokens=asked.max_new_tokens)
    longest = asked.max_prompt_length or subject.longest
    return replace(subject, decoding=decoding, longest=longest)


def _of_run(folder: Path, split: str) -> Subject:
    """The newest checkpoint of a run, judged as the run judges."""
    run = rebuilt(folder)
    checkpoints = Checkpoints(folder.resolve() / CHECKPOINTS, len(run.warmup), run.checkpoints.keep)
    place = checkpoints.latest()
    if place is None:
        raise UsageError(f"run {str(folder)!r} has no checkpoint yet; whet resume {folder}")
    return Subject(
        model=Folder(path=str(checkpoints.path(place))),
        engine=run.engine,
        corpus=run.corpus if split else run.measured,
        environment=run.environment,
        reward=run.reward,
        decoding=run.decoding,
        longest=run.max_prompt_length,
    )


def _of_folder(asked: EvalOptions) -> Subject:
    if not asked.tasks:
        raise UsageError(f"model {asked.model!r} is no run, so say on what: --tasks NAME or FILE")
    return Subject(
        model=Folder(path=asked.model),
        engine=Embedded(device=asked.device),
        corpus=data.corpus(asked.tasks),
        environment=SingleTurn(),
        reward=None,
        decoding=Decoding(),
    )


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise UsageError(f"k is {text!r}; give numbers with commas, such as 1,4,16")
    return tuple(map(int, parts))


def _table(model: str, drawn: EvalTasks, found: Scorecard) -> list[str]:
    count = len(drawn.tasks)
    of = f"{count} problems" if drawn.of is None else f"{count} of {drawn.of} problems"
    return [
        f"{model}: {of} (split {drawn.split}), {found.samples} samples each",
        *scorecard.lines(found),
        f"  cut off {found.truncated:.1%}, faults {found.faults}, {found.tokens:,} tokens in "
        f"{found.seconds:.1f} s",
    ]
