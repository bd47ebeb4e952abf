"""One measurement of a policy: greedy and sampled, on the same problems."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from whet.evaluation.intervals import Estimate, bootstrap
from whet.evaluation.passk import pass_at_k
from whet.protocols import Environment, Judge, Sampler
from whet.rewards.judging import context_of, faults, judge
from whet.types import Decoding, Finish, Group, Refusal, Request, Task, seed_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """What is asked, and how often."""

    problems: int = 100
    samples: int = 16
    k: tuple[int, ...] = (1, 4, 16)

    def __post_init__(self) -> None:
        """Refuse what can't be measured."""
        if self.problems < 1 or self.samples < 1:
            raise Refusal(
                f"exam asks {self.problems} problems {self.samples} times; give 1 or more"
            )
        if not self.k or max(self.k) > self.samples or min(self.k) < 1:
            raise Refusal(f"k is {self.k} with {self.samples} samples; give 1 to {self.samples}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """What was found.  A rollout that nobody could judge counts in no estimate."""

    greedy: Estimate
    pass_at: Mapping[int, Estimate]  # of samples at the given temperature
    greedy_length: float
    length: float
    truncated: float  # share of samples cut off at the length limit
    faults: int
    samples: int
    tokens: int
    seconds: float
    groups: tuple[Group, ...]  # per problem: the greedy rollout, then the samples


async def measure(  # noqa: PLR0913  (a policy, a world, a judge, and what to ask)
    sampler: Sampler,
    environment: Environment,
    reward: Judge | None,
    tasks: Sequence[Task],
    exam: Exam,
    decoding: Decoding,
) -> Scorecard:
    """Play every task once greedily and `exam.samples` times at `decoding`.

    Seeds are counted from task and sample, so a policy has one score however it is batched.
    """
    start = time.perf_counter()

    async def play(request: Request) -> Group:
        return await sampler.play(environment, request)

    context = context_of(play=play)

    async def played(task: Task, seeds: tuple[int, ...], how: Decoding) -> Group:
        request = Request(task=task, seeds=seeds, decoding=how)
        return await judge(await play(request), reward, context)

    greedily = replace(decoding, temperature=0.0)
    greedy = await asyncio.gather(*(played(task, (0,), greedily) for task in tasks))
    seeds = [tuple(seed_of("measure", task.id, i) for i in range(exam.samples)) for task in tasks]
    plays = (played(task, mine, decoding) for task, mine in zip(tasks, seeds, strict=True))
    sampled = await asyncio.gather(*plays)
    return _scorecard(greedy, sampled, exam, time.perf_counter() - start)


def _scorecard(
    greedy: Sequence[Group], sampled: Sequence[Group], exam: Exam, seconds: float
) -> Scorecard:
    everything = [r for group in sampled for r in group]
    first = [r for group in greedy for r in group]
    right = [[_right(r.verdict) for r in group] for group in sampled]
    judged = [[c for c in mine if c is not None] for mine in right]
    return Scorecard(
        greedy=bootstrap([float(c) for r in first if (c := _right(r.verdict)) is not None]),
        pass_at={
            k: bootstrap([pass_at_k(len(m), sum(m), k) for m in judged if len(m) >= k])
            for k in exam.k
        },
        greedy_length=sum(r.length for r in first) / max(len(first), 1),
        length=sum(r.length for r in everything) / max(len(everything), 1),
        truncated=sum(r.finish is Finish.LENGTH for r in everything) / max(len(everything), 1),
        faults=len(faults([*greedy, *sampled])),
        samples=exam.samples,
        tokens=sum(r.length for r in everything + first),
        seconds=seconds,
        groups=tuple(a + b for a, b in zip(greedy, sampled, strict=True)),
    )


def _right(verdict: object) -> bool | None:
    """What counts is `correct`, never the shaped score; None where nobody knows."""
    return getattr(verdict, "correct", None)
