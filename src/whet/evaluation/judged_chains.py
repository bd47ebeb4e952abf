"""The votes of a judge on the chains of an evaluation: right answers alone are sent to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from whet.evaluation.chain_judge import ChainJudge, ChainVerdict
from whet.evaluation.samples import Sample
from whet.evaluation.verifier_pass import Observer
from whet.rewards.generative.consultations import gathered
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedChains:
    """The samples with the votes of a judge, and what these took."""

    samples: tuple[Sample, ...]  # all of them; those with a wrong answer have no votes
    judge: str
    asked: int  # chains that the judge was asked about now; others had their votes before
    prompt_tokens: int
    reply_tokens: int
    why: str  # the first vote that came now is missing; empty: none is
    stopped: bool  # by the observer, before all chains were judged


async def judged_chains(
    samples: Sequence[Sample],
    tasks: Mapping[str, Task],
    judge: ChainJudge,
    observer: Observer,
    concurrency: int = 16,
) -> JudgedChains:
    """Put the votes of the judge on every sampled chain with a right answer.

    The judge is a veto: a chain with a wrong answer does not count whatever its steps are, so it
    is not sent.  Nor are greedy replies, which are in no pass@k.  A chain that has all of its
    votes keeps them; one with a missing vote is asked about again.  `tasks` are by the name of the
    problem, without its seat.

    Raises `UsageError` for samples with the votes of another judge.
    """
    for sample in samples:
        _insist(sample, judge)
    places = [place for place, sample in enumerate(samples) if _open(sample)]
    observer.begin(f"asking {judge.name or 'the judge'}", len(places))
    found: dict[int, ChainVerdict] = {}
    left = iter(places)

    async def go_on() -> None:
        for place in left:
            if observer.stopped():
                return
            sample = samples[place]
            task = tasks[sample.problem.removesuffix(f"@{sample.seat}" if sample.seat else "")]
            found[place] = await judge.judge(task, sample.text)
            observer.tick(1)

    await gathered(go_on() for _ in range(min(concurrency, max(len(places), 1))))
    missing = (vote.why for verdict in found.values() for vote in verdict.votes if vote.ok is None)
    return JudgedChains(
        samples=tuple(
            _voted(sample, found[place], judge) if place in found else sample
            for place, sample in enumerate(samples)
        ),
        judge=judge.identity,
        asked=len(found),
        prompt_tokens=sum(verdict.prompt_tokens for verdict in found.values()),
        reply_tokens=sum(verdict.reply_tokens for verdict in found.values()),
        why=next(missing, ""),
        stopped=len(found) < len(places),
    )


def _open(sample: Sample) -> bool:
    """Whether a chain counts if it is right, and lacks a vote."""
    sent = sample.correct is True and not sample.greedy
    return sent and (not sample.votes or None in sample.votes)


def _insist(sample: Sample, judge: ChainJudge) -> None:
    if sample.votes and sample.judge != judge.identity:
        raise UsageError(
            f"judge is {judge.identity!r}, but problem {sample.problem!r} has votes of "
            f"{sample.judge!r}; give the same judge with the same votes, or another --out"
        )


def _voted(sample: Sample, verdict: ChainVerdict, judge: ChainJudge) -> Sample:
    return replace(
        sample,
        votes=verdict.oks,
        bad_steps=tuple(vote.bad_step for vote in verdict.votes),
        judge=judge.identity,
    )
