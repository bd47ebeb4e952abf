"""What was played: token columns as NumPy arrays, made once and read-only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import blake2b
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int32
from numpy import ndarray

from whet.types.decoding import Decoding
from whet.types.messages import ASSISTANT, messages_of, text_of
from whet.types.tasks import Finish, Message, Task, Verdict
from whet.types.versions import Version

Tokens = Int32[ndarray, " T"]


class Broken(RuntimeError):
    """A run that can no longer be believed.  It names what broke, and on which rollouts."""

    def __init__(self, message: str, rollouts: "Sequence[Rollout]" = ()) -> None:
        super().__init__(message)
        self.rollouts = tuple(rollouts)


@dataclass(frozen=True, slots=True)
class Span:
    """So many consecutive chosen tokens, and the version of the weights that chose them.

    `None` marks tokens that others chose: a hint, a demonstration, forced words.
    """

    tokens: int
    version: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One reply: the tokens start … stop − 1 of its rollout, and its place among the messages."""

    start: int
    stop: int
    message: int
    state: str = ""  # what the reply answers, for credit by state; empty: the observation before it
    finish: Finish = Finish.STOP


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rollout:
    """One conversation of one play, as it was recorded.

    T tokens, of which the policy chose N.  Columns are kept as read-only arrays.  Replies (`acts`)
    are read off the mask where they aren't given.
    """

    task: Task
    seed: int
    token_ids: Tokens
    action_mask: Bool[ndarray, " T"]  # of each token: chosen by the policy, or by its world?
    behaviour_logp: Float32[ndarray, " N"]  # log μ of each chosen token
    entropy: Float32[ndarray, " N"] | None = None  # of μ before each chosen token, nats
    columns: Mapping[str, ndarray] = field(default_factory=dict)  # further ones, [N, …] each
    spans: tuple[Span, ...] = ()  # the versions that sampled the chosen tokens; covers all
    acts: tuple[Act, ...] = ()  # one per reply
    messages: tuple[Message, ...] = ()
    decoding: Decoding = Decoding()
    finish: Finish = Finish.STOP
    id: str = ""  # made of task, seat, seed, version and tokens where none is given
    ticket: int = -1  # the number of its ticket; −1: played outside the run's batches
    seat: str = ""
    parent: str = ""  # the id of the rollout that it was forked from
    forked_at: int = 0  # how many chosen tokens it shares with that one
    seal: str = ""  # of what the engine wrote down: nothing may change it afterwards
    verdict: Verdict | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` where columns, spans and chosen tokens don't fit together."""
        _keep(self, "token_ids", np.asarray(self.token_ids, np.int32))
        _keep(self, "action_mask", np.asarray(self.action_mask, np.bool_))
        _keep(self, "behaviour_logp", np.asarray(self.behaviour_logp, np.float32))
        if self.entropy is not None:
            _keep(self, "entropy", np.asarray(self.entropy, np.float32))
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
                f"{len(self.action_mask)} flags, {flags} choices, {chosen} log-probs, columns of "
                f"{[len(x) for x in held]} and spans of {[s.tokens for s in self.spans]} don't fit"
            )
        if not self.acts:
            object.__setattr__(self, "acts", _acts(self))
        if not self.id:
            object.__setattr__(self, "id", _name(self))

    @classmethod
    def from_text(cls, task: Task, reply: str) -> "Rollout":
        """A reply without tokens, for judges that only read what was said."""
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
        """Its name and size: `asyncio.run` makes the text of its result, arrays and all."""
        return (
            f"Rollout(id={self.id!r}, tokens={len(self.token_ids)}, "
            f"chosen={len(self.behaviour_logp)}, finish={self.finish!r}, verdict={self.verdict!r})"
        )

    @property
    def score(self) -> float | None:
        """What it earned; None without a score, and then in neither the loss nor the baseline."""
        if self.verdict is None:
            raise ValueError(f"task {self.task.id!r} has no verdict: give the run a reward")
        return self.verdict.score if self.verdict.judged else None

    @property
    def length(self) -> int:
        """|y|, the number of chosen tokens."""
        return len(self.behaviour_logp)

    @property
    def version(self) -> Version | None:
        """Of the weights that chose its oldest tokens; None where others chose all of them."""
        known = [span.version for span in self.spans if span.version is not None]
        return min(known, key=lambda version: version.step, default=None)

    @property
    def forced_len(self) -> int:
        """How many of the first chosen tokens were chosen by others."""
        count = 0
        for span in self.spans:
            if span.version is not None:
                break
            count += span.tokens
        return count

    @property
    def external(self) -> Bool[ndarray, " N"]:
        """Of each chosen token: was it chosen by others than the policy, now or earlier?"""
        flags = [span.version is None for span in self.spans]
        return np.repeat(np.array(flags, np.bool_), [span.tokens for span in self.spans])

    @property
    def chosen_ids(self) -> Int32[ndarray, " N"]:
        """The ids of the chosen tokens."""
        return self.token_ids[self.action_mask]

    @property
    def self_certainty(self) -> Float32[ndarray, " N"] | None:
        """KL(U ‖ π) before each chosen token, at temperature 1, nats (arXiv:2505.19590)."""
        return self.columns.get("self_certainty")

    @property
    def char_ends(self) -> Int32[ndarray, " N"] | None:
        """How many characters of its reply are out after each chosen token."""
        return self.columns.get("char_ends")

    @property
    def reply(self) -> str:
        """The policy's last words."""
        turns = self.turns
        return turns[-1] if turns else ""

    @property
    def turns(self) -> tuple[str, ...]:
        """Observation, reply, observation, reply, …"""
        said = [act.message for act in self.acts] or [
            i for i, message in enumerate(self.messages) if message["role"] == ASSISTANT
        ]
        starts = [0, *(place + 1 for place in said)]
        return tuple(
            text
            for start, place in zip(starts, said, strict=False)
            for text in (text_of(self.messages[start:place]), self.messages[place]["content"])
        )

    @property
    def spoken(self) -> tuple[slice, ...]:
        """The chosen tokens of each reply, as places among all chosen ones."""
        found, before = [], 0
        for act in self.acts:
            found.append(slice(before, before + act.stop - act.start))
            before += act.stop - act.start
        return tuple(found)

    def sealed(self) -> "Rollout":
        """The same rollout, with the seal of what it holds now."""
        return replace(self, seal=self.imprint())

    def imprint(self) -> str:
        """What the seal should be: h(tokens, mask, log-probs, spans, replies)."""
        held = blake2b(self.token_ids.tobytes(), digest_size=8)
        held.update(self.action_mask.tobytes())
        held.update(self.behaviour_logp.tobytes())
        held.update(repr((self.spans, self.acts)).encode())
        return held.hexdigest()


def _keep(rollout: Rollout, name: str, column: ndarray) -> None:
    if column.flags.writeable:
        column = column.copy()
        column.flags.writeable = False
    object.__setattr__(rollout, name, column)


def _acts(rollout: Rollout) -> tuple[Act, ...]:
    """Runs of chosen tokens, one reply each."""
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
