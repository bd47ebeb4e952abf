"""What a program earns for the tests that it passes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One test's result."""

    passed: bool
    expected: str  # tests of equal expectation are of one class
    seconds: float  # of wall time
    limit_s: float
    late: bool = False  # it ended at a limit of time


@dataclass(frozen=True, slots=True, kw_only=True)
class PassCredit(ABC):
    """A score for a program's tests, and for replies that hold no program or none that compiles."""

    @abstractmethod
    def __call__(self, tests: Sequence[Result]) -> float:
        """For a program that compiles; there is at least one test."""

    def decided(self, tests: Sequence[Result]) -> bool:
        """Is the score known after these tests, whatever the others say?"""
        return False

    @property
    def absent(self) -> float:
        """For no program."""
        return 0.0

    @property
    def broken(self) -> float:
        """For one that doesn't compile."""
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AllPass(PassCredit):
    """1 where all tests pass, else 0."""

    def __call__(self, tests: Sequence[Result]) -> float:
        return float(all(t.passed for t in tests))


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFailure(PassCredit):
    """1 where all tests pass, else 0; the first failure ends the testing."""

    def __call__(self, tests: Sequence[Result]) -> float:
        return float(all(t.passed for t in tests))

    def decided(self, tests: Sequence[Result]) -> bool:
        """A failure decides."""
        return not all(t.passed for t in tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRate(PassCredit):
    """passed / total.  It pays for the majority's answer; see `ClassBalanced`."""

    def __call__(self, tests: Sequence[Result]) -> float:
        return fmean(t.passed for t in tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(PassCredit):
    """The pass rate where it reaches τ, else 0.  The default of τ is ours."""

    tau: float = 0.5

    def __post_init__(self) -> None:
        """A rate."""
        if not 0 < self.tau <= 1:
            raise UsageError(f"threshold.tau is {self.tau}; give a rate in (0, 1]")

    def __call__(self, tests: Sequence[Result]) -> float:
        rate = fmean(t.passed for t in tests)
        return rate if rate >= self.tau else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed(PassCredit):
    """The mean over tests of passed · (limit − seconds) / limit: no two runs measure the same."""

    def __call__(self, tests: Sequence[Result]) -> float:
        return fmean(t.passed * max(0.0, t.limit_s - t.seconds) / t.limit_s for t in tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers(PassCredit):
    """−1 without a program, −½ where it doesn't compile, else 2 · passed / total − 1.

    The tiers are unconfirmed.  A program that compiles and passes nothing earns less than one that
    doesn't compile.
    """

    def __call__(self, tests: Sequence[Result]) -> float:
        return 2 * fmean(t.passed for t in tests) - 1

    @property
    def absent(self) -> float:
        """The lowest."""
        return -1.0

    @property
    def broken(self) -> float:
        """In between."""
        return -0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassBalanced(PassCredit):
    """The mean over expected outputs of the pass rate among the tests that expect it.

    Of tests that expect NO, NO, NO and YES, a program that always prints NO passes ¾ and earns ½.
    """

    def __call__(self, tests: Sequence[Result]) -> float:
        classes: dict[str, list[bool]] = {}
        for test in tests:
            classes.setdefault(test.expected, []).append(test.passed)
        return fmean(fmean(passed) for passed in classes.values())
