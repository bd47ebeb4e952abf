"""The record of an evaluation: one sample of one problem, the only input of every metric."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, nan

from whet.types import Finish, Reason, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One reply to one problem, with its verdict and what it cost: a row of the JSONL file.

    `correct` is None where there is no verdict on it: `reason` is `verifier_error` or
    `not_applicable`, or the reward gives scores alone.  A missing verdict is never a wrong one.
    """

    problem: str  # the name of the problem; a seat of a task is a problem of its own
    index: int  # of the sample within its problem, from 0; of greedy samples, too
    greedy: bool = False  # decoded at temperature 0; else sampled at `temperature`
    seat: str = ""  # the name of the problem ends with it
    rows: int = 0  # samples of its task and kind that were recorded with it; 0: not known
    model: str = ""
    policy: str = ""  # digest of the weights
    setting: str = ""  # digest of all that decides on the reply besides, and of the reward
    family: str = ""  # of the generator or the file that the problem is from
    level: int | None = None
    split: str = ""
    seed: int = 0
    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 0
    text: str = ""
    extracted: str | None = None  # the answer as it is compared; None: nothing that can be compared
    correct: bool | None = None
    score: float = nan  # the reward; NaN without one
    reason: Reason = Reason.OK
    note: str = ""  # of the verdict
    chain_correct: bool | None = None  # are all steps of the chain of thought correct?
    votes: tuple[bool | None, ...] = ()  # of a judge on the chain; None: it failed, or said neither
    bad_steps: tuple[int | None, ...] = ()  # the first wrong step, from 1, by each vote
    judge: str = ""  # that cast the votes
    tokens: int | None = 0  # that were decoded; None: a server that did not count them
    prompt_tokens: int | None = 0
    finish: Finish = Finish.STOP
    logp: float = nan  # Σ log-prob of the decoded tokens, under the distribution sampled from
    confidence: float = nan  # the probability that the reply states for its answer; NaN: none
    judge_milliseconds: float = 0.0  # what the verdict took
    strategy: str = ""  # of test-time compute; "": a plain sample.  Then `tokens` are of all of it
    selection: float = nan  # a scorer's number, by which best of n selects; NaN: none

    @property
    def fault(self) -> bool:
        """Whether there is no verdict because the reward or the infrastructure failed."""
        return self.reason is Reason.VERIFIER_ERROR

    @property
    def length(self) -> int:
        """The number of decoded tokens.  Raises `UsageError` where it is not known."""
        if self.tokens is None:
            raise UsageError(
                f"problem {self.problem!r:.60}, sample {self.index} has no tokens: its server did "
                "not count them; evaluate the model with an engine that has its weights"
            )
        return self.tokens

    @property
    def judged(self) -> bool:
        """Whether there is a score."""
        return isfinite(self.score)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The samples of one problem, in the order of their index."""

    name: str
    family: str
    level: int | None
    samples: tuple[Sample, ...]

    @property
    def right(self) -> int:
        """The number of samples known to be correct."""
        return sum(sample.correct is True for sample in self.samples)

    @property
    def missing(self) -> int:
        """The number of samples of which correctness is not known."""
        return sum(sample.correct is None for sample in self.samples)


def plain(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """The samples without those of test-time strategies."""
    return tuple(sample for sample in samples if not sample.strategy)


def problems_of(samples: Iterable[Sample]) -> tuple[Problem, ...]:
    """Samples by problem, in the order of first appearance."""
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.problem, []).append(sample)
    return tuple(
        Problem(
            name=name,
            family=held[0].family,
            level=held[0].level,
            samples=tuple(sorted(held, key=lambda one: one.index)),
        )
        for name, held in found.items()
    )
