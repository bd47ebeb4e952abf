"""One evaluation of a policy: greedy and sampled replies to the same problems."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from whet.evaluation.intervals import Estimate, estimate
from whet.evaluation.passk import pass_at_k
from whet.evaluation.scores import Rewards, rewards
from whet.protocols import Judge, Player
from whet.rewards.judging import faults
from whet.rollouts.runner import RolloutRunner
from whet.types import (
    Decoding,
    Finish,
    Group,
    Request,
    Rollout,
    Task,
    UsageError,
    Verdict,
    seed_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalConfig:
    """The number of problems and of samples, and the k of pass@k."""

    problems: int = 100
    samples: int = 8
    k: tuple[int, ...] = (1, 4, 8)

    def __post_init__(self) -> None:
        """Raise `UsageError` for counts that can't be evaluated."""
        for name in ("problems", "samples"):
            if getattr(self, name) < 1:
                raise UsageError(f"evaluation.{name} is {getattr(self, name)}; give 1 or more")
        if not self.k or max(self.k) > self.samples or min(self.k) < 1:
            raise UsageError(f"k is {self.k} with {self.samples} samples; give 1 to {self.samples}")

    @property
    def rollouts(self) -> int:
        """The number of rollouts: one greedy rollout per problem, and the samples."""
        return self.problems * (self.samples + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The results of an evaluation.  Rollouts without a verdict are left out of every estimate.

    `reward` and `greedy_reward` are means of `Verdict.score`, the training signal, which can be
    graded or shaped.  `greedy` and `pass_at` are shares of `Verdict.correct`, a binary value.
    """

    reward: Rewards  # of samples at the given temperature
    greedy_reward: Estimate
    greedy: Estimate  # share of problems with a correct greedy reply
    pass_at: Mapping[int, Estimate]  # of the same samples
    greedy_length: float
    length: float
    truncated: float  # share of samples cut off at the length limit
    faults: int
    samples: int  # asked for, of each problem
    plays: tuple[int, int]  # rollouts that were measured: greedy ones, samples
    tokens: int
    seconds: float
    groups: tuple[Group, ...]  # per problem: the greedy rollout, then the samples


async def measure(
    player: Player,
    reward: Judge | None,
    tasks: Sequence[Task],
    evaluation: EvalConfig,
    decoding: Decoding,
) -> Scorecard:
    """Play every task once greedily and `evaluation.samples` times at `decoding`.

    Seeds are counted from task and sample, so a policy has one score however it is batched.  Every
    seat of a task is a problem of its own, if it speaks.  Of a play that forks the first
    conversation is measured: the others are no samples of their own.
    """
    start = time.perf_counter()
    runner = RolloutRunner(player, reward, 0)

    async def played(task: Task, seeds: tuple[int, ...], how: Decoding) -> dict[str, Group]:
        groups = await runner.rollouts(Request.of(task, seeds, how))
        return {group.seat: _first_of_each_play(group) for group in groups}

    greedily = replace(decoding, temperature=0.0)
    greedy = await asyncio.gather(*(played(task, (0,), greedily) for task in tasks))
    seeds = [
        tuple(seed_of("measure", task.id, i) for i in range(evaluation.samples)) for task in tasks
    ]
    plays = (played(task, mine, decoding) for task, mine in zip(tasks, seeds, strict=True))
    sampled = await asyncio.gather(*plays)
    return _scorecard(greedy, sampled, evaluation, time.perf_counter() - start)


def _first_of_each_play(group: Group) -> Group:
    parents = {rollout.id: rollout.parent for rollout in group}
    firsts: dict[str, Rollout] = {}
    for rollout in group:
        root = rollout.id
        while parent := parents.get(root, ""):
            root = parent
        firsts.setdefault(root, rollout)
    return group.having(tuple(firsts.values()))


def _scorecard(
    greedy: Sequence[Mapping[str, Group]],
    sampled: Sequence[Mapping[str, Group]],
    evaluation: EvalConfig,
    seconds: float,
) -> Scorecard:
    once = [group for seats in greedy for group in seats.values()]
    often = [group for seats in sampled for group in seats.values()]
    everything = [r for group in often for r in group]
    first = [r for group in once for r in group]
    right = [[_right(r.verdict) for r in group] for group in often]
    judged = [[c for c in mine if c is not None] for mine in right]
    return Scorecard(
        reward=rewards(often),
        greedy_reward=rewards(once).mean,
        greedy=estimate([float(c) for r in first if (c := _right(r.verdict)) is not None]),
        pass_at={
            k: estimate([pass_at_k(len(m), sum(m), k) for m in judged if len(m) >= k])
            for k in evaluation.k
        },
        greedy_length=sum(r.length for r in first) / max(len(first), 1),
        length=sum(r.length for r in everything) / max(len(everything), 1),
        truncated=sum(r.finish is Finish.LENGTH for r in everything) / max(len(everything), 1),
        faults=len(faults([*once, *often])),
        samples=evaluation.samples,
        plays=(len(first), len(everything)),
        tokens=sum(r.length for r in everything + first),
        seconds=seconds,
        groups=tuple(
            group.having((*group, *more.get(seat, ())))
            for seats, more in zip(greedy, sampled, strict=True)
            for seat, group in seats.items()
        ),
    )


def _right(verdict: Verdict | None) -> bool | None:
    """`correct` of the verdict, never the score; None if the judge gives none."""
    return None if verdict is None else verdict.correct
