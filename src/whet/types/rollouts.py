"""Rollouts: token ids, action mask and log-probs, as read-only NumPy arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from hashlib import blake2b
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int32
from numpy import ndarray

from whet.types.decoding import Decoding
from whet.types.errors import UsageError
from whet.types.kept import KEPT, kept_ids
from whet.types.messages import ASSISTANT, content_of, messages_of, text_of
from whet.types.tasks import Finish, Message, Prompt, Task, Verdict
from whet.types.versions import Version

Tokens = Int32[ndarray, " T"]

JOINED = "@"
"""Stands in the id of a rollout that was added to a group."""


@dataclass(frozen=True, slots=True)
class Span:
    """A number of consecutive sampled tokens, and the version of the weights that sampled them.

    `version` is None for external tokens, which no weights of the run sampled: a hint, a
    demonstration, forced tokens.
    """

    tokens: int
    version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One reply: tokens start … stop − 1 of its rollout, and the index of its message."""

    start: int
    stop: int
    message: int
    state: str = ""  # name of the state that it answers; empty: the observation is the state
    finish: Finish = Finish.STOP


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rollout:
    """One conversation of one play, as recorded by the engine.

    It has T tokens, of which the policy sampled N. Arrays are read-only. `acts` is derived from the
    action mask where it is not given.
    """

    task: Task
    seed: int
    token_ids: Tokens
    action_mask: Bool[ndarray, " T"]  # True: sampled by the policy; False: prompt or observation
    behaviour_logp: Float32[ndarray, " N"]  # log μ of each sampled token
    entropy: Float32[ndarray, " N"] | None = None  # H of μ before each sampled token, nats
    columns: Mapping[str, ndarray] = field(default_factory=dict)  # token columns, [N, …] each
    spans: tuple[Span, ...] = ()  # versions that sampled the tokens; they cover all N
    acts: tuple[Act, ...] = ()  # one per reply
    messages: tuple[Message, ...] = ()
    decoding: Decoding = Decoding()
    finish: Finish = Finish.STOP
    id: str = ""  # default: a hash of task, seat, seed, version and tokens
    ticket: int = -1  # the number of its ticket; −1: played outside the run's batches
    seat: str = ""
    play_seed: int = -1  # of its play, which seats and forks share; −1: its own
    shown: Prompt | None = None  # what its play had in place of the task's prompt
    parent: str = ""  # id of the rollout that it was forked from
    forked_at: int = 0  # number of sampled tokens shared with the parent
    hint: float = 0.0  # share of a solution that its prompt or its first tokens tell (`Play.hint`)
    seal: str = ""  # hash of the engine's record; checked before learning
    verdict: Verdict | None = None

    def __post_init__(self) -> None:
        _keep(self, "token_ids", np.asarray(self.token_ids, np.int32))
        _keep(self, "action_mask", np.asarray(self.action_mask, np.bool_))
        _keep(self, "behaviour_logp", np.asarray(self.behaviour_logp, np.float32))
        if self.entropy is not None:
            _keep(self, "entropy", np.asarray(self.entropy, np.float32))
        self._check_place()
        chosen = len(self.behaviour_logp)
        if not self.spans and chosen:
            object.__setattr__(self, "spans", (Span(chosen),))
        held = [x for x in (self.entropy, *self.columns.values()) if x is not None]
        flags = int(np.count_nonzero(self.action_mask))
        if (
            len(self.token_ids) != len(self.action_mask)
            or flags != chosen
            or any(len(x) != chosen for x in held)
            or sum(span.tokens for span in self.spans) != chosen
        ):
            raise ValueError(
                f"rollout of task {self.task.id!r}: {len(self.token_ids)} tokens, "
                f"{len(self.action_mask)} mask flags, {flags} set, {chosen} log-probs, columns of "
                f"{[len(x) for x in held]} and spans of {[s.tokens for s in self.spans]} don't fit"
            )
        if not self.acts:
            object.__setattr__(self, "acts", _acts(self))
        if not self.id:
            object.__setattr__(self, "id", _name(self))

    def _check_place(self) -> None:
        """Raise `UsageError` for a seat, a parent or a fork point of another type."""
        for name, value in (("seat", self.seat), ("parent", self.parent)):
            if not isinstance(value, str):
                raise UsageError(f"a rollout has {name} {value!r:.80}; give text")
        at = self.forked_at
        if not isinstance(at, int) or isinstance(at, bool) or at < 0:
            raise UsageError(f"a rollout has forked_at {at!r:.80}; give a number of its tokens")

    @classmethod
    def from_text(cls, task: Task, reply: str) -> "Rollout":
        """A rollout without tokens, for judges that only read the reply's text."""
        none = np.zeros(0, np.int32)
        return cls(
            task=task,
            seed=0,
            token_ids=none,
            action_mask=none.astype(np.bool_),
            behaviour_logp=none.astype(np.float32),
            messages=(*messages_of(task.prompt), {"role": ASSISTANT, "content": reply}),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rollout):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        """Short, without the arrays, because `asyncio.run` makes the repr of its result."""
        return (
            f"Rollout(id={self.id!r}, tokens={len(self.token_ids)}, "
            f"chosen={len(self.behaviour_logp)}, finish={self.finish!r}, verdict={self.verdict!r})"
        )

    @property
    def score(self) -> float | None:
        """The verdict's score; None if unjudged, which leaves it out of loss and baseline.

        Raises `ValueError` without a verdict.
        """
        if self.verdict is None:
            raise ValueError(f"task {self.task.id!r} has no verdict: give the run a reward")
        return self.verdict.score if self.verdict.judged else None

    @property
    def length(self) -> int:
        """|y|, the number of sampled tokens."""
        return len(self.behaviour_logp)

    @property
    def version(self) -> Version | None:
        """The oldest version among its spans; None if all tokens are external."""
        known = [span.version for span in self.spans if span.version is not None]
        return min(known, key=lambda version: version.step, default=None)

    @property
    def forced_len(self) -> int:
        """Number of external tokens before the first token that the policy sampled."""
        count = 0
        for span in self.spans:
            if span.version is not None:
                break
            count += span.tokens
        return count

    @property
    def external(self) -> Bool[ndarray, " N"]:
        """Per sampled token, True where it is external (`Span.version` is None)."""
        flags = [span.version is None for span in self.spans]
        return np.repeat(np.array(flags, np.bool_), [span.tokens for span in self.spans])

    @property
    def chosen_ids(self) -> Int32[ndarray, " N"]:
        """Ids of the sampled tokens."""
        return self.token_ids[self.action_mask]

    @property
    def observed(self) -> Bool[ndarray, " T"]:
        """True for observation tokens: not sampled, after the first sampled token.

        Tokens after the last sampled one are none: nothing is computed from them.
        """
        after = np.logical_or.accumulate(self.action_mask)
        before = np.logical_or.accumulate(self.action_mask[::-1])[::-1]
        return after & before & ~self.action_mask

    @property
    def joined(self) -> bool:
        """Whether `Group.joined` added it to a group: replayed, demonstrated, or played besides."""
        return JOINED in self.id

    @property
    def self_certainty(self) -> Float32[ndarray, " N"] | None:
        """KL(U ‖ π) before each sampled token, at temperature 1, in nats (arXiv:2505.19590)."""
        return self.columns.get("self_certainty")

    @property
    def char_ends(self) -> Int32[ndarray, " N"] | None:
        """Number of characters of its reply that are complete after each sampled token."""
        return self.columns.get("char_ends")

    @property
    def reply(self) -> str:
        """Text of the last reply; empty where there is none."""
        turns = self.turns
        return turns[-1] if turns else ""

    @property
    def turns(self) -> tuple[str, ...]:
        """Texts in order: observation, reply, observation, reply, …"""
        said = [act.message for act in self.acts] or [
            i for i, message in enumerate(self.messages) if message["role"] == ASSISTANT
        ]
        starts = [0, *(place + 1 for place in said)]
        return tuple(
            text
            for start, place in zip(starts, said, strict=False)
            for text in (text_of(self.messages[start:place]), content_of(self.messages[place]))
        )

    @property
    def spoken(self) -> tuple[slice, ...]:
        """For each reply, the slice of its tokens among all sampled tokens."""
        found, before = [], 0
        for act in self.acts:
            found.append(slice(before, before + act.stop - act.start))
            before += act.stop - act.start
        return tuple(found)

    def sealed(self) -> "Rollout":
        """The same rollout with a seal of its present content."""
        return replace(self, seal=self.imprint())

    def imprint(self) -> str:
        """The hash that `seal` should equal: h(tokens, mask, log-probs, spans, replies, kept)."""
        held = blake2b(self.token_ids.tobytes(), digest_size=8)
        held.update(self.action_mask.tobytes())
        held.update(self.behaviour_logp.tobytes())
        held.update(repr((self.spans, self.acts)).encode())
        if KEPT in self.columns:
            kept = kept_ids(self.columns[KEPT])
            held.update(kept.sizes.tobytes())
            held.update(kept.ids.data)
        return held.hexdigest()


def _keep(rollout: Rollout, name: str, column: ndarray) -> None:
    if column.flags.writeable:
        column = column.copy()
        column.flags.writeable = False
    object.__setattr__(rollout, name, column)


def _acts(rollout: Rollout) -> tuple[Act, ...]:
    """One reply per run of consecutive sampled tokens."""
    edges = np.flatnonzero(np.diff(rollout.action_mask, prepend=False, append=False))
    said = [i for i, m in enumerate(rollout.messages) if m["role"] == ASSISTANT]
    said += [len(rollout.messages)] * (len(edges) // 2 - len(said))
    return tuple(
        Act(start=int(start), stop=int(stop), message=message, finish=rollout.finish)
        for start, stop, message in zip(edges[::2], edges[1::2], said, strict=False)
    )


def _name(rollout: Rollout) -> str:
    version = rollout.version
    place = (rollout.task.id, rollout.seat, rollout.seed, rollout.parent, rollout.forked_at)
    held = blake2b(repr((*place, version)).encode(), digest_size=8)
    held.update(rollout.token_ids.tobytes())
    return held.hexdigest()


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, ndarray):
        return isinstance(other, ndarray) and np.array_equal(one, other)
    if isinstance(one, Mapping) and any(isinstance(x, ndarray) for x in one.values()):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    return one == other
