"""The results of an evaluation, computed from its samples alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from whet.evaluation.bounds import pass_bounds
from whet.evaluation.config import EvalConfig
from whet.evaluation.intervals import Estimate, estimate_within
from whet.evaluation.replies import Replies, counted, covers
from whet.evaluation.samples import Problem, Sample, problems_of
from whet.evaluation.scores import Rewards, limits_of, rewards
from whet.types import Group


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
    rows: tuple[Sample, ...]  # every reply, from which all numbers are computed
    groups: tuple[Group, ...] = ()  # of those played now: per problem the greedy one, the samples

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


def scorecard(samples: Sequence[Sample], evaluation: EvalConfig, seconds: float) -> Scorecard:
    """The results of these samples."""
    once = problems_of(sample for sample in samples if sample.greedy)
    often = problems_of(sample for sample in samples if not sample.greedy)
    covered = _covered(samples)
    judged_once = [problem for problem in once if problem.name in covered]
    judged_often = [problem for problem in often if problem.name in covered]
    limits = limits_of(samples)
    problems = len({sample.problem for sample in samples})
    return Scorecard(
        reward=rewards([problem.samples for problem in judged_often], limits),
        greedy_reward=rewards([problem.samples for problem in judged_once], limits).mean,
        greedy=_passed(judged_once, 1),
        pass_at={k: _passed(judged_often, k) for k in evaluation.k},
        once=counted([*_all(once)], _all(judged_once)),
        often=counted([*_all(often)], _all(judged_often)),
        samples=evaluation.samples,
        problems=problems,
        not_applicable=problems - len(covered),
        seconds=seconds,
        rows=tuple(samples),
    )


def _covered(samples: Sequence[Sample]) -> set[str]:
    """The problems that the reward covers by what was said, greedily or sampled."""
    return {problem.name for problem in problems_of(samples) if covers(problem.samples)}


def _all(problems: Sequence[Problem]) -> Iterator[Sample]:
    return (sample for problem in problems for sample in problem.samples)


def _passed(problems: Sequence[Problem], k: int) -> Estimate:
    """pass@k over problems; a reply of unknown correctness leaves a range of its problem."""
    found = []
    for problem in problems:
        known = [c for sample in problem.samples if (c := sample.correct) is not None]
        found.append(pass_bounds(known, problem.missing, k))
    return estimate_within(found)
