"""Early stopping of a vote: no more samples once the leading answer is probably the majority."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, fsum, nan
from statistics import fmean
from typing import ClassVar, NamedTuple

from whet.evaluation.bounds import UNKNOWN, Bounds, exactly
from whet.evaluation.intervals import Estimate
from whet.evaluation.metrics.answer_classes import Same, equal
from whet.evaluation.metrics.estimates import check_samples, mean_over
from whet.evaluation.metrics.tally import Tally, tally
from whet.evaluation.samples import Problem
from whet.evaluation.test_time.choice import AnswerChoice
from whet.types import UsageError

_EVEN = 0.5  # the posterior of a leader without a lead


@lru_cache(maxsize=4096)
def leading_posterior(first: int, second: int) -> float:
    """P(p > 1/2) for p ~ Beta(v_1 + 1, v_2 + 1): the leader's share against the runner-up.

    With v_1 and v_2 votes and a uniform prior this is the tail of a binomial,
    Σ_{j ≤ v_1} C(v_1 + v_2 + 1, j) / 2^{v_1 + v_2 + 1}.  It is the Beta criterion of
    Adaptive-Consistency (Aggarwal et al. 2023, arXiv:2305.11860), its default: the Dirichlet
    posterior over all answers, with all but the two most frequent ones left out.
    """
    trials = first + second + 1
    return fsum(comb(trials, j) / 2**trials for j in range(first + 1))


class _Lead(NamedTuple):
    """The most frequent class so far, and the votes of the two most frequent ones."""

    place: int = -1
    first: int = 0
    second: int = 0

    def after(self, place: int, votes: int) -> "_Lead":
        """The lead after a vote for a class, which then has so many."""
        if place == self.place:
            return _Lead(place, votes, self.second)
        if votes > self.first:
            return _Lead(place, votes, self.first)
        return _Lead(self.place, self.first, max(self.second, votes))


class _Vote(NamedTuple):
    """The outcome of one order of samples."""

    right: Bounds
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStop(AnswerChoice):
    """Majority of at most k samples, drawn one by one until P(leader is ahead) ≥ `confidence`.

    `leading_posterior` is asked after every sample.  A sample without an answer does not vote, but
    its tokens count.  At k samples the vote ends; ties are split evenly.

    Accuracy and tokens are means over the n rotations of the recorded order, of which the first k
    are used: the samples are exchangeable, so each is an order as good as the recorded one.
    A vote that meets a sample of which it is not known whether it has an answer is unknown.

    The confidence of 0.95 is that of the paper, whose cap is 40 samples.
    """

    name: ClassVar[str] = "early_stop"

    confidence: float = 0.95  # from 0.5 on, which every first vote has
    same: Same = equal

    def __post_init__(self) -> None:
        """Raise `UsageError` for a confidence that no vote, or every vote has."""
        if not _EVEN <= self.confidence < 1:
            raise UsageError(f"early_stop.confidence is {self.confidence}; give 0.5 to below 1")

    def accuracy(self, problems: Sequence[Problem], k: int) -> Estimate:
        return mean_over(problems, lambda problem: _mean(self.votes(problem, k)))

    def tokens(self, problems: Sequence[Problem], k: int) -> Estimate:
        """Decoded tokens up to the stop."""
        return mean_over(
            problems, lambda problem: exactly(fmean(v.tokens for v in self.votes(problem, k)))
        )

    def votes(self, problem: Problem, k: int) -> list[_Vote]:
        """The outcome of each rotation.  Raises `UsageError` for k > n."""
        check_samples(problem, k)
        held = tally(problem, self.same)
        known = dict(zip(held.samples, held.places, strict=True))
        count = len(problem.samples)
        orders = [[(start + i) % count for i in range(k)] for start in range(count)]
        return [self._vote(problem, held, known, order) for order in orders]

    def _vote(
        self,
        problem: Problem,
        held: Tally,
        known: dict[int, int | None],
        order: Sequence[int],
    ) -> _Vote:
        votes, tokens, lead = [0] * len(held.shares), 0, _Lead()
        for number, at in enumerate(order, 1):
            tokens += problem.samples[at].length
            if at not in known:
                rest = (problem.samples[i].length for i in order[number:])
                return _Vote(UNKNOWN, tokens + sum(rest))
            if (place := known[at]) is not None:
                votes[place] += 1
                lead = lead.after(place, votes[place])
                if leading_posterior(lead.first, lead.second) >= self.confidence:
                    break
        return _Vote(_winner(votes, held), tokens)


def _winner(votes: Sequence[int], held: Tally) -> Bounds:
    """The share that the most frequent classes are right; without a vote it is wrong."""
    top = max(votes, default=0)
    if not top:
        return exactly(0.0)
    shares = [share for count, share in zip(votes, held.shares, strict=True) if count == top]
    return _mean([_Vote(share, 0) for share in shares])


def _mean(votes: Sequence[_Vote]) -> Bounds:
    known = [vote.right.value for vote in votes if vote.right.value == vote.right.value]
    least, most = (fmean(x) for x in zip(*(vote.right[1:] for vote in votes), strict=True))
    return Bounds(fmean(known) if known else nan, least, most)
