"""One evaluation of a policy: greedy and sampled replies to the same problems."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from whet.data.prompts import prompt_text
from whet.evaluation.bounds import pass_bounds
from whet.evaluation.intervals import Estimate, estimate_within
from whet.evaluation.replies import Replies, correct, counted, covers
from whet.evaluation.scores import Rewards, limits_of, rewards
from whet.protocols import Judge, Player
from whet.rollouts.runner import RolloutRunner
from whet.types import (
    Decoding,
    Group,
    Request,
    Rollout,
    Task,
    UsageError,
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
            held = ", ".join(map(str, self.k)) or "empty"
            raise UsageError(
                f"evaluation.k is {held}, but a problem has {self.samples} samples; give numbers "
                f"from 1 to {self.samples}, or more samples"
            )

    @property
    def rollouts(self) -> int:
        """The number of rollouts: one greedy rollout per problem, and the samples."""
        return self.problems * (self.samples + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The results of an evaluation.

    `reward` and `greedy_reward` are means of `Verdict.score`, the training signal, which can be
    graded or shaped.  `greedy` and `pass_at` are shares of `Verdict.correct`, a binary value.  A
    problem that the reward does not cover (`Reason.NOT_APPLICABLE`, and no reply is judged) is in
    no estimate.  Any other missing verdict widens the interval: see `estimate_within`.
    """

    reward: Rewards  # of samples at the given temperature
    greedy_reward: Estimate
    greedy: Estimate  # share of problems with a correct greedy reply
    pass_at: Mapping[int, Estimate]  # of the same samples
    once: Replies  # greedy ones
    often: Replies  # samples
    samples: int  # asked for, of each problem
    problems: int  # that were asked; a seat of a task is a problem of its own
    not_applicable: int  # of them, those that the reward does not cover
    seconds: float
    groups: tuple[Group, ...]  # per problem: the greedy rollout, then the samples

    @property
    def greedy_length(self) -> float:
        """The mean number of tokens of a greedy reply; NaN without any."""
        return self.once.length

    @property
    def length(self) -> float:
        """The mean number of tokens of a sample; NaN without any."""
        return self.often.length

    @property
    def truncated(self) -> float:
        """The share of samples cut off at the length limit; NaN without any."""
        return self.often.cut

    @property
    def faults(self) -> int:
        """The number of replies without a verdict because the reward failed."""
        return self.once.faults + self.often.faults

    @property
    def plays(self) -> tuple[int, int]:
        """The numbers of replies: greedy ones, samples."""
        return self.once.count, self.often.count

    @property
    def tokens(self) -> int:
        """The number of tokens that were sampled."""
        return self.once.tokens + self.often.tokens


async def measure(
    player: Player,
    reward: Judge | None,
    tasks: Sequence[Task],
    evaluation: EvalConfig,
    decoding: Decoding,
) -> Scorecard:
    """Play every task once greedily and `evaluation.samples` times at `decoding`.

    Seeds are counted from prompt and sample, so a policy has one score however it is batched and
    whatever the file of the tasks is called.  Every seat of a task is a problem of its own, if it
    speaks.  Of a play that forks the first conversation is measured: the others are no samples of
    their own.
    """
    start = time.perf_counter()
    runner = RolloutRunner(player, reward, 0)

    async def played(task: Task, seeds: tuple[int, ...], how: Decoding) -> dict[str, Group]:
        groups = await runner.rollouts(Request.of(task, seeds, how))
        return {group.seat: _first_of_each_play(group) for group in groups}

    greedily = replace(decoding, temperature=0.0)
    greedy = await asyncio.gather(*(played(task, (0,), greedily) for task in tasks))
    seeds = [
        tuple(seed_of("measure", *name, i) for i in range(evaluation.samples))
        for name in _names(tasks)
    ]
    plays = (played(task, mine, decoding) for task, mine in zip(tasks, seeds, strict=True))
    sampled = await asyncio.gather(*plays)
    return _scorecard(greedy, sampled, evaluation, time.perf_counter() - start)


def _names(tasks: Sequence[Task]) -> Iterator[tuple[str, int]]:
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


def _scorecard(
    greedy: Sequence[Mapping[str, Group]],
    sampled: Sequence[Mapping[str, Group]],
    evaluation: EvalConfig,
    seconds: float,
) -> Scorecard:
    pairs = list(zip(greedy, sampled, strict=True))
    once = [group for one, more in pairs for group in _covered(one, more)]
    often = [group for one, more in pairs for group in _covered(more, one)]
    first = [r for seats in greedy for group in seats.values() for r in group]
    others = [r for seats in sampled for group in seats.values() for r in group]
    limits = limits_of([*first, *others])
    return Scorecard(
        reward=rewards(often, limits),
        greedy_reward=rewards(once, limits).mean,
        greedy=_passed(once, 1),
        pass_at={k: _passed(often, k) for k in evaluation.k},
        once=counted(first, (r for group in once for r in group)),
        often=counted(others, (r for group in often for r in group)),
        samples=evaluation.samples,
        problems=(problems := sum(len({*one, *more}) for one, more in pairs)),
        not_applicable=problems - sum(len(_seats(one, more)) for one, more in pairs),
        seconds=seconds,
        groups=tuple(
            group.having((*group, *more.get(seat, ())))
            for one, more in pairs
            for seat, group in one.items()
        ),
    )


def _seats(one: Mapping[str, Group], more: Mapping[str, Group]) -> set[str]:
    """The seats of a task in which the reward covers what was said, greedily or sampled."""
    return {seat for seat in {*one, *more} if covers([*one.get(seat, ()), *more.get(seat, ())])}


def _covered(groups: Mapping[str, Group], others: Mapping[str, Group]) -> list[Group]:
    seats = _seats(groups, others)
    return [group for seat, group in groups.items() if seat in seats]


def _passed(problems: Sequence[Group], k: int) -> Estimate:
    """pass@k over problems; a reply of unknown correctness leaves a range of its problem."""
    found = []
    for problem in problems:
        known = [c for r in problem if (c := correct(r)) is not None]
        found.append(pass_bounds(known, len(problem) - len(known), k))
    return estimate_within(found)
