"""The votes of a problem's samples: which can vote, for what, and how often that is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, isnan, nan

from whet.evaluation.bounds import Bounds, avoiding_bounds, decided_bounds
from whet.evaluation.metrics.answer_classes import Same, answer_classes, equal
from whet.evaluation.samples import Problem, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The classes of answers of one problem.

    A sample with an answer votes for its class.  A sample without an answer but with a verdict does
    not vote.  A sample with neither might have voted for anything: it is unknown.

    A class is right where its samples are.  If the verifier disagrees with itself within a class,
    the class is right by the share of its samples that are.
    """

    places: tuple[int | None, ...]  # of the samples that are not unknown; None: no vote
    samples: tuple[int, ...]  # their indices among the problem's samples
    shares: tuple[Bounds, ...]  # per class: is it right?
    unknown: int

    @property
    def sizes(self) -> list[int]:
        """The number of votes of each class."""
        return [self.places.count(place) for place in range(len(self.shares))]

    @property
    def blank(self) -> int:
        """The number of samples that do not vote."""
        return self.places.count(None)

    def right(self, chances: Sequence[float], k: int) -> Bounds:
        """The chance that the winner is right, from the chance of each class to win.

        A set of k samples without a vote has no winner, and is wrong.
        """
        count = len(self.places)
        none = comb(self.blank, k) / comb(count, k)
        inner = decided_bounds(chances, self.shares, none)
        return avoiding_bounds(inner, count + self.unknown, self.unknown, k)

    def known(self, k: int) -> bool:
        """Whether some set of k samples is without an unknown one."""
        return len(self.places) >= k


def tally(problem: Problem, same: Same = equal, weights: Sequence[float] | None = None) -> Tally:
    """The tally of a problem; with weights, a voting sample whose weight is NaN is unknown."""
    row = [1.0] * len(problem.samples) if weights is None else weights
    pairs = zip(problem.samples, row, strict=True)
    held = [at for at, (sample, weight) in enumerate(pairs) if _known(sample, weight)]
    kept = [problem.samples[at] for at in held]
    places = answer_classes([sample.extracted for sample in kept], same)
    count = 1 + max((place for place in places if place is not None), default=-1)
    verdicts: list[list[bool | None]] = [[] for _ in range(count)]
    for place, sample in zip(places, kept, strict=True):
        if place is not None:
            verdicts[place].append(sample.correct)
    return Tally(
        places=tuple(places),
        samples=tuple(held),
        shares=tuple(map(_share, verdicts)),
        unknown=len(problem.samples) - len(held),
    )


def _known(sample: Sample, weight: float) -> bool:
    return sample.correct is not None if sample.extracted is None else not isnan(weight)


def _share(verdicts: Sequence[bool | None]) -> Bounds:
    right, missing = verdicts.count(True), verdicts.count(None)
    count, judged = len(verdicts), len(verdicts) - missing
    value = right / judged if judged else nan
    return Bounds(value, right / count, (right + missing) / count)
