"""One evaluation of a policy: greedy and sampled replies to the same problems."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from whet.data.prompts import prompt_text
from whet.evaluation.config import EvalConfig as EvalConfig
from whet.evaluation.journal import Planned
from whet.evaluation.recording import SampleRecorder, named
from whet.evaluation.samples import Sample
from whet.evaluation.scorecard import Scorecard as Scorecard
from whet.evaluation.scorecard import scorecard
from whet.protocols import Judge, Player
from whet.rollouts.runner import RolloutRunner
from whet.types import Decoding, Group, Request, Rollout, Task, seed_of

_UNRECORDED = SampleRecorder()


@dataclass(frozen=True, slots=True)
class _Played:
    """The samples of a task, and the first rollouts of its plays by seat."""

    samples: Sequence[Sample]
    seats: dict[str, Group]  # empty if the samples were recorded before


async def measure(
    player: Player,
    reward: Judge | None,
    tasks: Sequence[Task],
    evaluation: EvalConfig,
    decoding: Decoding,
    recorder: SampleRecorder = _UNRECORDED,
) -> Scorecard:
    """Play every task once greedily and `evaluation.samples` times at `decoding`.

    Seeds are counted from prompt and sample, so a policy has one score however it is batched and
    whatever the file of the tasks is called.  Every seat of a task is a problem of its own, if it
    speaks.  Of a play that forks the first conversation is measured: the others are no samples of
    their own.

    Tasks that `recorder.journal` has are not played again; others are kept in it as they are done.
    All numbers are computed from the samples alone.
    """
    start = time.perf_counter()
    play = partial(_played, RolloutRunner(player, reward, 0), recorder)
    greedily, names = replace(decoding, temperature=0.0), named(tasks)
    greedy = await asyncio.gather(
        *(
            play(task, recorder.planned(name, (0,), greedy=True), greedily)
            for task, name in zip(tasks, names, strict=True)
        )
    )
    seeds = sample_seeds(tasks, evaluation.samples)
    sampled = await asyncio.gather(
        *(
            play(task, recorder.planned(name, mine, greedy=False), decoding)
            for task, name, mine in zip(tasks, names, seeds, strict=True)
        )
    )
    samples = [sample for one in (*greedy, *sampled) for sample in one.samples]
    card = scorecard(samples, evaluation, time.perf_counter() - start)
    return replace(card, groups=tuple(_joined(greedy, sampled)))


def sample_seeds(tasks: Sequence[Task], samples: int) -> list[tuple[int, ...]]:
    """The seeds of each task's samples, hashed from what is asked and the sample's number."""
    return [tuple(seed_of("measure", *said, i) for i in range(samples)) for said in _said(tasks)]


async def _played(
    runner: RolloutRunner,
    recorder: SampleRecorder,
    task: Task,
    planned: Planned,
    decoding: Decoding,
) -> _Played:
    """Play a task, unless the journal has its samples."""
    if (known := recorder.journal.found(planned)) is not None:
        return _Played(known, {})
    groups = await runner.rollouts(Request.of(task, planned.seeds, decoding))
    seats = {group.seat: _first_of_each_play(group) for group in groups}
    played = tuple(seats.values())
    samples = recorder.samples(planned, played, await recorder.selections(played))
    recorder.journal.keep(planned, samples)
    return _Played(samples, seats)


def _joined(greedy: Sequence[_Played], sampled: Sequence[_Played]) -> Iterator[Group]:
    """Per task and seat the greedy rollout, then the samples."""
    for one, more in zip(greedy, sampled, strict=True):
        for seat, group in one.seats.items():
            yield group.having((*group, *more.seats.get(seat, ())))


def _said(tasks: Sequence[Task]) -> Iterator[tuple[str, int]]:
    """What tells each task from the others: its prompt, and the number of equal ones before it.

    Where an environment words the prompt itself, the task's id is the name.
    """
    seen: Counter[str] = Counter()
    for task in tasks:
        prompt = prompt_text(task.prompt) or task.id
        yield prompt, seen[prompt]
        seen[prompt] += 1


def _first_of_each_play(group: Group) -> Group:
    parents = {rollout.id: rollout.parent for rollout in group}
    firsts: dict[str, Rollout] = {}
    for rollout in group:
        root = rollout.id
        while parent := parents.get(root, ""):
            root = parent
        firsts.setdefault(root, rollout)
    return group.having(tuple(firsts.values()))
