"""What an evaluation says of reward and correctness apart: the signs by which a hack is found."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whet.evaluation.samples import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """The samples at the given temperature, by whether they are correct."""

    right: tuple[float, ...]  # rewards of the correct ones
    wrong: tuple[float, ...]  # rewards of the incorrect ones
    commonest: int  # samples with the text that most of them have
    samples: int

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "Apart":
        """Greedy replies, and strategies of test-time compute, are left out."""
        held = [one for one in samples if not one.greedy and not one.strategy]
        return cls(
            right=_scores(held, correct=True),
            wrong=_scores(held, correct=False),
            commonest=max(Counter(one.text for one in held).values(), default=0),
            samples=len(held),
        )


def _scores(samples: Sequence[Sample], *, correct: bool) -> tuple[float, ...]:
    return tuple(one.score for one in samples if one.judged and one.correct is correct)
