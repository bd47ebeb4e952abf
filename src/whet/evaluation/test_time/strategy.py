"""A test-time strategy: an attempt, and a choice among the answers of several."""

from dataclasses import dataclass

from whet.evaluation.test_time.attempt import Attempt
from whet.evaluation.test_time.choice import AnswerChoice
from whet.evaluation.test_time.once import Once
from whet.evaluation.test_time.single import Single


@dataclass(frozen=True, slots=True, kw_only=True)
class TestTime:
    """k attempts in parallel, each with steps of its own, and one answer from them.

    A vote over plain samples is `choice` alone, a longer chain is `attempt` alone.  With both the
    strategy is mixed: k chains of m revisions, for example.
    """

    __test__ = False  # it is no test of pytest

    attempt: Attempt = Once()
    choice: AnswerChoice = Single()

    @property
    def label(self) -> str:
        """The labels of both with + between, without what is the default."""
        names = [
            *([] if self.attempt.samples else [self.attempt.label]),
            *([] if isinstance(self.choice, Single) else [self.choice.label]),
        ]
        return "+".join(names) or self.choice.label
