"""Several votes of a judge on one chain of thought, made one verdict."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from whet.evaluation.samples import Problem
from whet.types import UsageError

Votes = Sequence[bool | None]
"""The votes on one chain; None: the judge failed, or said neither."""

Rule = Callable[[Votes], bool | None]


def any_vote(votes: Votes) -> bool | None:
    """Right if a vote says so; missing votes are ignored.  None if none is known."""
    known = [vote for vote in votes if vote is not None]
    return any(known) if known else None


def all_votes(votes: Votes) -> bool | None:
    """Right if every vote says so; a missing vote does not.  None if none is known."""
    return None if all(vote is None for vote in votes) else all(votes)


def majority_vote(votes: Votes) -> bool | None:
    """Right if more votes say so than not; missing votes are ignored.  None if none is known.

    As many for as against is no majority, and not right.
    """
    known = [vote for vote in votes if vote is not None]
    return 2 * sum(known) > len(known) if known else None


RULES: tuple[Rule, ...] = (all_votes, majority_vote, any_vote)
"""From strict to lenient, so that a metric by all three is a band (Wen et al. 2025,
arXiv:2506.14245, where three votes are cast on each chain).
"""


def ruled(problem: Problem, votes: Sequence[Votes], rule: Rule) -> Problem:
    """The problem with `chain_correct` of each sample by a rule from its votes.

    A sample whose answer is wrong needs no votes: its chain does not count.
    """
    if len(votes) != len(problem.samples):
        raise UsageError(
            f"votes has {len(votes)} chains of problem {problem.name!r} with "
            f"{len(problem.samples)} samples; give the votes on each, or () for none"
        )
    pairs = zip(problem.samples, votes, strict=True)
    judged = tuple(replace(sample, chain_correct=rule(cast)) for sample, cast in pairs)
    return replace(problem, samples=judged)
