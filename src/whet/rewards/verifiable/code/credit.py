"""The score of a program, from the results of its tests."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one test."""

    passed: bool
    expected: str  # tests of equal expectation are of one class
    seconds: float  # of wall time
    limit_s: float
    late: bool = False  # it ended at a limit of time


@dataclass(frozen=True, slots=True, kw_only=True)
class PassCredit(ABC):
    """A score from test results, and scores for replies without a program that compiles."""

    @abstractmethod
    def __call__(self, tests: Sequence[Result]) -> float:
        """The score of a program that compiles, from at least one test."""

    def decided(self, tests: Sequence[Result]) -> bool:
        """Whether the score is known after these tests, so that the others need not run."""
        return False

    @property
    def absent(self) -> float:
        """The score of a reply without a program."""
        return 0.0

    @property
    def broken(self) -> float:
        """The score of a program that does not compile."""
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AllPass(PassCredit):
    """1 where all tests pass, else 0."""

    def __call__(self, tests: Sequence[Result]) -> float:
        return float(all(t.passed for t in tests))


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFailure(PassCredit):
    """1 where all tests pass, else 0; testing stops at the first failure."""

    def __call__(self, tests: Sequence[Result]) -> float:
        return float(all(t.passed for t in tests))

    def decided(self, tests: Sequence[Result]) -> bool:
        return not all(t.passed for t in tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRate(PassCredit):
    """passed / total.  It pays for always printing the commonest output; see `ClassBalanced`."""

    def __call__(self, tests: Sequence[Result]) -> float:
        return fmean(t.passed for t in tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(PassCredit):
    """The pass rate where it reaches τ, else 0.  The default of τ is ours."""

    tau: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.tau <= 1:
            raise UsageError(f"threshold.tau is {self.tau}; give a rate in (0, 1]")

    def __call__(self, tests: Sequence[Result]) -> float:
        rate = fmean(t.passed for t in tests)
        return rate if rate >= self.tau else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed(PassCredit):
    """The mean over tests of passed · (limit − seconds) / limit, which varies from run to run."""

    def __call__(self, tests: Sequence[Result]) -> float:
        return fmean(t.passed * max(0.0, t.limit_s - t.seconds) / t.limit_s for t in tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers(PassCredit):
    """−1 without a program, −½ if it does not compile, else 2 · passed / total − 1.

    The tiers are unconfirmed.  A program that compiles and passes no test earns less than one that
    does not compile.
    """

    def __call__(self, tests: Sequence[Result]) -> float:
        return 2 * fmean(t.passed for t in tests) - 1

    @property
    def absent(self) -> float:
        return -1.0

    @property
    def broken(self) -> float:
        return -0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassBalanced(PassCredit):
    """The mean over expected outputs of the pass rate among the tests with that output.

    If four tests expect NO, NO, NO and YES, a program that always prints NO passes ¾ and earns ½.
    """

    def __call__(self, tests: Sequence[Result]) -> float:
        classes: dict[str, list[bool]] = {}
        for test in tests:
            classes.setdefault(test.expected, []).append(test.passed)
        return fmean(fmean(passed) for passed in classes.values())
