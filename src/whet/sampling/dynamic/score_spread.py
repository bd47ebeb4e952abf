"""Dynamic sampling on the reward itself: groups of equal scores are rejected."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.types import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSpread(NonZeroSpread):
    """Admits a group if max(score) − min(score) > min_spread, over its judged rollouts.

    For graded rewards, of which few reach full marks: a group of half-right replies has a gradient,
    although none is correct. Scores that are shaped, by a length for example, hardly ever tie, so
    with them this gate rejects nothing.
    """

    def compared(self, verdicts: Sequence[Verdict]) -> Sequence[float]:
        """The scores, whatever is correct."""
        return [verdict.score for verdict in verdicts]
