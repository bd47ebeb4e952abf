"""One pass of a judge over labelled replies, with a number of concurrent calls."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Protocol, runtime_checkable

from whet.data.cases import Case
from whet.protocols import GroupReward, Judge
from whet.rewards.judging import context_of, verdicts
from whet.types import Group, Reason, Rollout, Verdict

ACCEPTED = 0.5
"""A judge without `correct` accepts from this score on; our choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedVerdict:
    """A verdict, and the time of its call."""

    verdict: Verdict
    seconds: float  # of the call; shared out among its replies where it was about several
    ended: float  # seconds from the start of the pass to the end of the call

    @property
    def accepted(self) -> bool | None:
        """Whether the judge accepts the reply; None without a score.

        It is `correct`, or a score of at least ½ if the verdict has no `correct`.
        """
        if not self.verdict.judged:
            return None
        said = self.verdict.correct
        return self.verdict.score >= ACCEPTED if said is None else said

    @property
    def covered(self) -> bool:
        """Whether the judge has something to say of such a reply."""
        return self.verdict.reason is not Reason.NOT_APPLICABLE

    @property
    def stance(self) -> tuple[bool | None, float | None]:
        """What has to stay the same when the judge is asked again: acceptance and score."""
        return self.accepted, self.verdict.score if self.verdict.judged else None


@runtime_checkable
class Observer(Protocol):
    """The observer of a pass: it shows the progress, and can stop the pass."""

    def begin(self, phase: str, total: int) -> None:
        """A phase of `total` replies begins."""
        ...

    def tick(self, count: int) -> None:
        """`count` more replies are judged."""
        ...

    def stopped(self) -> bool:
        """Whether to begin no further calls."""
        ...


@dataclass(frozen=True, slots=True)
class Silent:
    """Shows nothing, and stops nothing."""

    def begin(self, phase: str, total: int) -> None:
        del phase, total

    def tick(self, count: int) -> None:
        del count

    def stopped(self) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierPass:
    """Cases with their verdicts; None for cases after the observer stopped the pass."""

    cases: Sequence[Case]
    verdicts: Sequence[TimedVerdict | None]
    seconds: float

    @property
    def judged(self) -> list[tuple[Case, TimedVerdict]]:
        """The cases with a verdict; a fault is one, too."""
        pairs = zip(self.cases, self.verdicts, strict=True)
        return [(case, opinion) for case, opinion in pairs if opinion is not None]


def run_verifier(
    judge: Judge, cases: Sequence[Case], concurrency: int, phase: str, observer: Observer
) -> VerifierPass:
    """Judge every case.

    A judge of groups is given all replies to a task at once.  Raises `UsageError` for a judge that
    plays requests with the policy: there is none.
    """
    observer.begin(phase, len(cases))
    found: list[TimedVerdict | None] = [None] * len(cases)

    def note(places: Sequence[int], opinions: Sequence[TimedVerdict]) -> None:
        for place, opinion in zip(places, opinions, strict=True):
            found[place] = opinion
        observer.tick(len(places))

    start = perf_counter()
    asyncio.run(_all(judge, cases, iter(_calls(judge, cases)), concurrency, note, observer))
    return VerifierPass(cases=cases, verdicts=found, seconds=perf_counter() - start)


async def _all(  # noqa: PLR0913  (what is asked, how much at once, and whom to tell)
    judge: Judge,
    cases: Sequence[Case],
    calls: Iterator[Sequence[int]],
    concurrency: int,
    note: Callable[[Sequence[int], Sequence[TimedVerdict]], None],
    observer: Observer,
) -> None:
    context, begun = context_of(), perf_counter()

    async def go_on() -> None:
        for places in calls:
            if observer.stopped():
                return
            group = _group([cases[place] for place in places])
            start = perf_counter()
            given = await verdicts(group, judge, context)
            now = perf_counter()
            spent, ended = (now - start) / len(group), now - begun
            note(places, [TimedVerdict(verdict=v, seconds=spent, ended=ended) for v in given])

    await asyncio.gather(*(go_on() for _ in range(concurrency)))


def _calls(judge: Judge, cases: Sequence[Case]) -> Sequence[Sequence[int]]:
    """The indices of the cases of each call."""
    if not isinstance(judge, GroupReward):
        return [[place] for place in range(len(cases))]
    by_task: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        by_task.setdefault(f"{case.task.prompt!r}\n{case.task.answer}", []).append(place)
    return list(by_task.values())


def _group(cases: Sequence[Case]) -> Group:
    return Group.of([replace(rollout_of(case), seed=i, id="") for i, case in enumerate(cases)])


def rollout_of(case: Case) -> Rollout:
    """A rollout with the text of the reply.  It has no tokens, since no engine sampled it."""
    return Rollout.from_text(case.task, case.reply)
