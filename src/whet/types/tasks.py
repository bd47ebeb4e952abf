"""Tasks, verdicts and the reasons behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite, nan
from typing import Any


class Reason(StrEnum):
    """Why a verdict has its score.

    The last two reasons have no score; the others are about the reply.
    """

    OK = "ok"
    WRONG = "wrong"
    PARTIAL = "partial"
    NO_ANSWER = "no_answer"
    BAD_FORMAT = "bad_format"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    UNSAFE = "unsafe"
    NOT_APPLICABLE = "not_applicable"  # the judge does not cover this task: masked, no fault
    VERIFIER_ERROR = "verifier_error"  # the judge failed: masked, counted as a fault


_UNJUDGED = frozenset({Reason.NOT_APPLICABLE, Reason.VERIFIER_ERROR})


class Finish(StrEnum):
    """Why a reply or a rollout ended.

    A reply ends with `STOP` or `LENGTH`, and a rollout as its last reply did, unless the engine or
    the environment ended it in another way.
    """

    STOP = "stop"  # an end token or a stop string, or the environment was done
    LENGTH = "length"  # the limit of a reply's tokens, or of those of all replies
    CONTEXT = "context"  # the model has no room for the next turn
    TURNS = "turns"  # the environment's limit of turns, which the task states
    CALLS = "calls"  # the limit of tool calls, which the task states
    ILLEGAL = "illegal"  # an illegal move
    FAULT = "fault"  # infrastructure failed; the rollout is masked

    @property
    def truncated(self) -> bool:
        """True where a limit of tokens ended it, which the task does not state."""
        return self in (Finish.LENGTH, Finish.CONTEXT)


class Need(StrEnum):
    """Something that a part requires of the run, as it is printed in messages."""

    GROUP = "several rollouts per task"
    REFERENCE = "a reference policy"
    VALUE = "a value of every token's state"
    DENSE = "rewards of single tokens"
    ENTROPY = "the entropy of every token's distribution"
    COLLISION = "the sum of squared probabilities of every token's distribution"
    BASELINE = "a baseline from outside the group"
    SEGMENTS = "replies cut into segments"
    STATES = "turns or segments with states to compare"
    DEMONSTRATIONS = "demonstrations"
    DEMONSTRATOR = "a demonstrator with worked solutions"
    MEMORIES = "rollouts remembered from earlier steps"
    POLICY = "a policy that plays requests"
    CORRECTNESS = "the correctness of every reply"
    PAIRS = "correct and wrong rollouts of one task"
    PROXIMAL = "log-probs of the policy at the start of the update"
    BATCH_LOGP = "log-probs of the whole batch before it is split"
    ENTROPY_GRADIENT = "entropies with a gradient"
    OBSERVED = "log-probs of observation tokens"
    TEACHER = "log-probs of a teacher"
    CANDIDATES = "the likeliest tokens of a teacher"


Message = Mapping[str, Any]
"""A chat message: `role` and `content` as text, and where they are given `tool_calls`,
`tool_call_id`, `name` and `reasoning_content`.
"""
Prompt = str | tuple[Message, ...]  # plain text, or a chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A prompt, its reference answer, and further data for its judge (`info`).

    A reply that meets one of the `alternatives` is as right as one that meets the `answer`.
    `tools` are the schemas of functions that the opening of a chat shows.
    """

    id: str
    prompt: Prompt
    answer: str = ""
    alternatives: tuple[str, ...] = ()  # further right answers
    info: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[Mapping[str, Any], ...] = ()  # schemas of the tools that the prompt offers


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One checkable step of a chain of thought: reply[start:end], and whether it is correct."""

    start: int
    end: int
    correct: bool


class ScoreError(ValueError):
    """A verdict of a judged reply whose score is not finite, or a score without a judgement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of judging one rollout.

    `score` is the reward that is learned from, on the judge's own scale, graded or shaped.
    `correct` says whether the reply has full marks. It is never shaped, it is only reported, and
    pass@k counts it.
    """

    reason: Reason
    score: float = nan  # NaN without a score, so that it cannot be mistaken for 0
    correct: bool | None = None
    measured: float | None = None  # the number before shaping, where `correct` is only “≥ 1”
    parts: Mapping[str, float] = field(default_factory=dict)
    credit: tuple[float, ...] = ()  # dense: a reward for each sampled token, besides the score
    turn_rewards: tuple[float, ...] = ()  # a reward for each reply, besides the score
    finish: Finish | None = None  # why the environment ended the play; None: as its last reply
    answer: str | None = None  # as it was compared: equal answers are spelled alike
    note: str = ""  # printed in the ledger: the error, or the extracted answer
    cost_ms: float = 0.0

    def __post_init__(self) -> None:
        if (self.reason in _UNJUDGED) == isfinite(self.score):
            raise ScoreError(f"a verdict with reason {self.reason!r} can't have score {self.score}")

    @property
    def fault(self) -> bool:
        """True if the judge failed, rather than the policy."""
        return self.reason is Reason.VERIFIER_ERROR

    @property
    def judged(self) -> bool:
        """True if there is a score. A rollout without one is in neither loss nor baseline."""
        return self.reason not in _UNJUDGED

    @classmethod
    def binary(
        cls,
        *,
        correct: bool,
        note: str = "",
        finish: Finish | None = None,
        answer: str | None = None,
    ) -> "Verdict":
        """Score 1 for a correct reply, 0 for a wrong one."""
        return cls(
            reason=Reason.OK if correct else Reason.WRONG,
            score=float(correct),
            correct=correct,
            note=note,
            finish=finish,
            answer=answer,
        )

    @classmethod
    def failure(cls, reason: Reason, note: str = "", finish: Finish | None = None) -> "Verdict":
        """Score 0 for a reply that cannot be compared, with the reason."""
        return cls(reason=reason, score=0.0, correct=False, note=note, finish=finish)

    @classmethod
    def points(
        cls,
        score: float,
        *,
        correct: bool,
        turn_rewards: Sequence[float] = (),
        finish: Finish | None = None,
    ) -> "Verdict":
        """A graded score, whether the play was won, and a reward for each reply."""
        reason = Reason.OK if correct else Reason.PARTIAL if score > 0 else Reason.WRONG
        return cls(
            reason=reason,
            score=float(score),
            correct=correct,
            turn_rewards=tuple(map(float, turn_rewards)),
            finish=finish,
        )

    @classmethod
    def unjudged(cls, note: str) -> "Verdict":
        """No score, because the judge failed: masked out of loss and baseline, counted as fault."""
        return cls(reason=Reason.VERIFIER_ERROR, note=note)

    @classmethod
    def not_applicable(cls, note: str) -> "Verdict":
        """The judge does not cover this task: masked out of loss and baseline, but no fault."""
        return cls(reason=Reason.NOT_APPLICABLE, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Size of a model, for estimates of memory."""

    parameters: int
    weight_bytes: int  # bytes per weight
    cache_bytes: int  # bytes of keys and values per token
    positions: int  # 0: no limit, or none that all layers share
    vocabulary: int = 0  # 0: not known
