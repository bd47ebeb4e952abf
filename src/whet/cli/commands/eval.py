"""`whet eval MODEL`: how good it is, greedy and sampled, with intervals."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from whet import data, rewards
from whet.cli.arguments import EvalOptions
from whet.cli.commands.resume import rebuilt
from whet.cli.options import parse
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.environments.single_turn import SingleTurn
from whet.evaluation.measure import EvalConfig, Scorecard, measure
from whet.protocols import Corpus, Engine, Environment, Judge, Player
from whet.training import card
from whet.training.checkpoint import Checkpoints
from whet.training.trainer import CHECKPOINTS
from whet.types import Decoding, Task, UsageError


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is measured, by which judge."""

    model: Folder
    engine: Engine
    corpus: Corpus
    environment: Environment
    reward: Judge | None
    decoding: Decoding


def main(words: Sequence[str]) -> int:
    """A table, or one JSON document."""
    asked = parse(EvalOptions, words, "eval")
    evaluation = EvalConfig(problems=asked.problems, samples=asked.samples, k=_numbers(asked.k))
    subject = _subject(asked)
    tasks = subject.corpus.held_out(asked.split, evaluation.problems)
    player, found = asyncio.run(_measured(subject, tasks, evaluation))
    facts = {
        "model": asked.model,
        "tasks": asked.tasks or "the run's own",
        "split": asked.split,
        "problems": len(tasks),
        "samples": evaluation.samples,
        "decoding": asdict(subject.decoding),
        "policy_digest": player.held().digest,
    }
    if asked.json:
        print(json.dumps(facts | _document(found), indent=1, ensure_ascii=False))
    else:
        print("\n".join(_table(asked.model, len(tasks), found)))
    return 0


async def _measured(
    subject: Subject, tasks: Sequence[Task], evaluation: EvalConfig
) -> tuple[Player, Scorecard]:
    player = await subject.engine.player(subject.model, 0)
    world = player.within(subject.environment)
    found = await measure(world, subject.reward, tasks, evaluation, subject.decoding)
    return player, found


def _subject(asked: EvalOptions) -> Subject:
    folder = Path(asked.model)
    subject = _of_run(folder) if (folder / card.CARD).is_file() else _of_folder(asked)
    if asked.tasks:
        subject = replace(subject, corpus=data.corpus(asked.tasks), reward=rewards.load("declared"))
    if asked.reward:
        subject = replace(subject, reward=rewards.find(asked.reward))
    decoding = replace(subject.decoding, temperature=asked.temperature)
    if asked.max_new_tokens:
        decoding = replace(decoding, max_new_tokens=asked.max_new_tokens)
    return replace(subject, decoding=decoding)


def _of_run(folder: Path) -> Subject:
    """The newest checkpoint of a run, judged as the run judges."""
    run = rebuilt(folder)
    checkpoints = Checkpoints(folder.resolve() / CHECKPOINTS, len(run.warmup), run.checkpoints.keep)
    place = checkpoints.latest()
    if place is None:
        raise UsageError(f"run {str(folder)!r} has no checkpoint yet; whet resume {folder}")
    return Subject(
        model=Folder(path=str(checkpoints.path(place))),
        engine=run.engine,
        corpus=run.corpus,
        environment=run.environment,
        reward=run.reward,
        decoding=run.decoding,
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


def _document(found: Scorecard) -> dict[str, Any]:
    return {
        "greedy": asdict(found.greedy),
        "pass_at": {str(k): asdict(estimate) for k, estimate in found.pass_at.items()},
        "greedy_length": found.greedy_length,
        "length": found.length,
        "truncated": found.truncated,
        "faults": found.faults,
        "tokens": found.tokens,
        "seconds": round(found.seconds, 3),
    }


def _table(model: str, problems: int, found: Scorecard) -> list[str]:
    return [
        f"{model}: {problems} problems, {found.samples} samples each",
        f"  greedy pass@1   {found.greedy}   length {found.greedy_length:.1f}",
        *(f"  sampled pass@{k:<3}{estimate}" for k, estimate in found.pass_at.items()),
        f"  length {found.length:.1f}, cut off {found.truncated:.1%}, faults {found.faults}, "
        f"{found.tokens:,} tokens in {found.seconds:.1f} s",
    ]
