"""What is asked, and what is said of the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite, nan
from typing import Any


class Refusal(ValueError):
    """Wrong input from a user.  One line: the field, its value and the remedy."""


class Reason(StrEnum):
    """Why a verdict is what it is.  All but the last two speak of the policy, and have a score."""

    OK = "ok"
    WRONG = "wrong"
    PARTIAL = "partial"
    NO_ANSWER = "no_answer"
    BAD_FORMAT = "bad_format"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    UNSAFE = "unsafe"
    NOT_APPLICABLE = "not_applicable"  # the judge has no opinion of such a task: no fault
    VERIFIER_ERROR = "verifier_error"  # the judge failed: a fault


_UNJUDGED = frozenset({Reason.NOT_APPLICABLE, Reason.VERIFIER_ERROR})


class Finish(StrEnum):
    """Why a rollout ended."""

    STOP = "stop"
    LENGTH = "length"


class Need(StrEnum):
    """What a part cannot work without."""

    GROUP = "several rollouts per task"
    REFERENCE = "a reference policy"
    VALUE = "a value of every token's state"
    DENSE = "rewards of single tokens"
    ENTROPY = "the entropy of every choice"
    BASELINE = "a baseline from outside the group"
    SEGMENTS = "replies cut into segments"
    STATES = "worlds that answer, with states to compare"
    DEMONSTRATIONS = "demonstrations"
    DEMONSTRATOR = "somebody who can show how a task is done"
    MEMORIES = "rollouts remembered from earlier steps"
    POLICY = "a policy that plays requests"
    PAIRS = "right and wrong rollouts of one task"
    PROXIMAL = "log-probs of the policy at the start of the update"
    WHOLE = "log-probs of the whole batch before it is split"
    ENTROPY_GRADIENT = "entropies with a gradient"


Message = Mapping[str, str]  # of a chat: its `role` and its `content`
Prompt = str | tuple[Message, ...]  # plain text, or a chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A question, and whatever its judge needs."""

    id: str
    prompt: Prompt
    answer: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One checkable step of a chain of thought: reply[start:end], and whether it follows."""

    start: int
    end: int
    correct: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge found.

    `score` is the reward: what is learned from, on the judge's own scale, graded or shaped.
    `correct` is full marks or not, never shaped; it is only reported, and pass@k counts it.
    """

    reason: Reason
    score: float = nan  # NaN where the judge gives none, so that it can't be taken for a 0
    correct: bool | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    credit: tuple[float, ...] = ()  # dense: a reward for each chosen token, besides the score
    note: str = ""  # for the reader of the ledger: what went wrong, what was extracted
    cost_ms: float = 0.0

    def __post_init__(self) -> None:
        """Only two reasons go without a finite score, and always do."""
        if (self.reason in _UNJUDGED) == isfinite(self.score):
            raise ValueError(f"a verdict with reason {self.reason!r} can't have score {self.score}")

    @property
    def fault(self) -> bool:
        """The judge failed, not the policy."""
        return self.reason is Reason.VERIFIER_ERROR

    @property
    def judged(self) -> bool:
        """There is a score; a rollout without one is in neither loss nor baseline."""
        return self.reason not in _UNJUDGED

    @classmethod
    def binary(cls, *, correct: bool, note: str = "") -> "Verdict":
        """1 where the answer is right, 0 where it is wrong."""
        reason = Reason.OK if correct else Reason.WRONG
        return cls(reason=reason, score=float(correct), correct=correct, note=note)

    @classmethod
    def failure(cls, reason: Reason, note: str = "") -> "Verdict":
        """0 to a policy that gave nothing to compare."""
        return cls(reason=reason, score=0.0, correct=False, note=note)

    @classmethod
    def unjudged(cls, note: str) -> "Verdict":
        """The judge's own fault: no score, and out of loss and baseline."""
        return cls(reason=Reason.VERIFIER_ERROR, note=note)

    @classmethod
    def not_applicable(cls, note: str) -> "Verdict":
        """The judge has no opinion of such a task: out of loss and baseline, and no fault."""
        return cls(reason=Reason.NOT_APPLICABLE, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a model weighs."""

    parameters: int
    weight_bytes: int  # of one weight
    cache_bytes: int  # of the keys and values of one token
    positions: int


class Reply(str):
    """What the policy said, special tokens left out, and why the reply ended."""

    __slots__ = ("finish",)

    finish: Finish

    def __new__(cls, text: str, finish: Finish = Finish.STOP) -> "Reply":
        """A text that knows how it ended."""
        reply = super().__new__(cls, text)
        reply.finish = finish
        return reply
