"""The nouns of the library.

Axes: N chosen tokens of the batch, laid end to end; B rollouts; G groups; V the vocabulary.
There is no padding and no mask: a token that the policy did not choose never gets here.
Tensors are named by who computed them: learner, proximal, behaviour or reference policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from hashlib import blake2b
from math import isfinite, nan
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Refusal(ValueError):
    """Wrong input from a user.  One line: the field, its value and the remedy."""


class Broken(RuntimeError):
    """A run that can no longer be believed.  It names what broke, and on which rollouts."""

    def __init__(self, message: str, rollouts: "Sequence[Rollout]" = ()) -> None:
        super().__init__(message)
        self.rollouts = tuple(rollouts)


class Reason(StrEnum):
    """Why a verdict is what it is.  All speak of the policy, but the last, which is a fault."""

    OK = "ok"
    WRONG = "wrong"
    PARTIAL = "partial"
    NO_ANSWER = "no_answer"
    BAD_FORMAT = "bad_format"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    UNSAFE = "unsafe"
    VERIFIER_ERROR = "verifier_error"


class Finish(StrEnum):
    """Why a rollout ended."""

    STOP = "stop"
    LENGTH = "length"


class Need(StrEnum):
    """What a part cannot work without."""

    GROUP = "several rollouts per task"
    REFERENCE = "a reference policy"


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
    """What a judge found.  `score` is learned from, `correct` is reported; they may part."""

    reason: Reason
    score: float = nan  # a fault has no score: NaN, so that nobody can take it for a 0
    correct: bool | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    note: str = ""  # for the reader of the ledger: what went wrong, what was extracted
    cost_ms: float = 0.0

    def __post_init__(self) -> None:
        """Only a fault goes without a finite score, and every fault does."""
        if self.fault == isfinite(self.score):
            raise ValueError(f"a verdict with reason {self.reason!r} can't have score {self.score}")

    @property
    def fault(self) -> bool:
        """The judge failed, not the policy."""
        return self.reason is Reason.VERIFIER_ERROR

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a model weighs."""

    parameters: int
    weight_bytes: int  # of one weight
    cache_bytes: int  # of the keys and values of one token
    positions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How tokens are drawn from logits z.

    p = softmax(z / temperature), then truncated to the `top_k` likeliest tokens, to the smallest
    set of mass ≥ `top_p`, and to those with p ≥ `min_p` · max p.  Temperature 0 takes the argmax.
    Log-probabilities are those of softmax(z / temperature) *before* any truncation, the same
    distribution that the learner uses; hence a truncated rollout is slightly off-policy.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0  # 0: all
    min_p: float = 0.0
    length: int = 256  # most tokens that the policy may choose in one turn
    stop: tuple[str, ...] = ()  # strings that end a turn, besides the tokenizer's end token

    def __post_init__(self) -> None:
        """Refuse what no distribution has."""
        checks = {
            "temperature": self.temperature >= 0,
            "top_p": 0 < self.top_p <= 1,
            "top_k": self.top_k >= 0,
            "min_p": 0 <= self.min_p < 1,
            "length": self.length >= 1,
        }
        for name, sound in checks.items():
            if not sound:
                legal = {"top_p": "in (0, 1]", "min_p": "in [0, 1)", "length": "1 or more"}
                value = getattr(self, name)
                raise Refusal(f"decoding.{name} is {value}; give {legal.get(name, '0 or more')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A task to be played once per seed: one group."""

    task: Task
    seeds: tuple[int, ...]
    decoding: Decoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One play of one task, as the engine that sampled it wrote it down."""

    task: Task
    seed: int
    turns: tuple[str, ...]  # observation, reply, observation, reply, …
    tokens: tuple[int, ...]
    chosen: tuple[bool, ...]  # of each token: the policy's choice, or the world's?
    behaviour_logp: tuple[float, ...]  # log μ of each chosen token
    temperature: float = 1.0
    finish: Finish = Finish.STOP
    policy_digest: str = ""  # of the weights that sampled it
    seal: str = ""  # of tokens and log-probs, by the sampler: nobody may touch them afterwards
    parent: str = ""  # the node of a tree it grew from
    verdict: Verdict | None = None

    def __post_init__(self) -> None:
        """One flag per token, one log-prob per choice."""
        counts = len(self.tokens), len(self.chosen), sum(self.chosen), len(self.behaviour_logp)
        if counts[0] != counts[1] or counts[2] != counts[3]:
            raise ValueError(
                f"rollout of task {self.task.id!r}: {counts[0]} tokens, {counts[1]} flags, "
                f"{counts[2]} choices, {counts[3]} log-probs don't fit"
            )

    @property
    def score(self) -> float | None:
        """What it earned; None after a fault, which is in neither the loss nor the baseline."""
        if self.verdict is None:
            raise ValueError(f"nobody judged task {self.task.id!r}: give the run a reward")
        return None if self.verdict.fault else self.verdict.score

    @property
    def reply(self) -> str:
        """The policy's last words."""
        return self.turns[-1] if self.turns else ""

    @property
    def length(self) -> int:
        """|y|, the number of chosen tokens."""
        return len(self.behaviour_logp)

    def sealed(self) -> "Rollout":
        """The same rollout, with the seal of what it holds now."""
        return replace(self, seal=self.imprint())

    def imprint(self) -> str:
        """What the seal should be: h(tokens, chosen, log-probs)."""
        held = repr((self.tokens, self.chosen, self.behaviour_logp)).encode()
        return blake2b(held, digest_size=8).hexdigest()


Group = tuple[Rollout, ...]
"""The rollouts of one task, which are compared with each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean that knows its denominator, so that means of parts can be joined."""

    total: float = 0.0
    count: float = 0.0

    @property
    def value(self) -> float:
        """Total / count; NaN over nothing."""
        return self.total / self.count if self.count else nan

    def __add__(self, other: "Mean") -> "Mean":
        return Mean(total=self.total + other.total, count=self.count + other.count)


Metrics = Mapping[str, Mean]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What is known of every rollout before it is learned from; what advantages are made of."""

    reward: Float[Tensor, " B"]
    group: Int[Tensor, " B"]  # with whom each rollout is compared
    row: Int[Tensor, " N"]  # the rollout of each token
    proximal_logp: Float[Tensor, " N"] | None = None
    reference_logp: Float[Tensor, " N"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sizes of the *global* batch, whatever slice of it one holds; who chose nothing is no row."""

    tokens: int
    rollouts: int
    groups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What the mathematics of policy optimization is allowed to see."""

    totals: Totals
    row: Int[Tensor, " N"]  # the rollout of each token
    group: Int[Tensor, " B"]  # the group of each rollout
    advantage: Float[Tensor, " N"]
    behaviour_logp: Float[Tensor, " N"]  # log μ, by the engine that sampled
    proximal_logp: Float[Tensor, " N"]  # log π at the start of the update; μ's unless recomputed
    reference_logp: Float[Tensor, " N"] | None = None

    def __getitem__(self, rollouts: slice) -> "Batch":
        """The micro-batch of consecutive rollouts; its totals stay those of the whole."""
        keep = torch.zeros(len(self.group), dtype=torch.bool, device=self.group.device)
        keep[rollouts] = True
        return self.where(keep)

    def where(self, keep: Bool[Tensor, " B"]) -> "Batch":
        """The rollouts marked in `keep`, in their order; the totals stay those of the whole."""
        mine = keep[self.row]
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        tokens = {k: x[mine] for k, x in held.items() if isinstance(x, Tensor) and k != "group"}
        tokens["row"] = (keep.cumsum(0) - 1)[tokens["row"]]
        return replace(self, **tokens, group=self.group[keep])

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{k: x.to(device) for k, x in held.items() if isinstance(x, Tensor)})
