"""What an algorithm is made of: one base class per slot of the equation.

J(θ) = Σ_n w_n · ( c_n f(r_n, Â_n) − Σ_k k(π_θ, π_ref)_n )

A part subclasses the base of its slot and overrides what it declares; the defaults mean: nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from jaxtyping import Bool, Float
from torch import Tensor

from whet.protocols.part import Part
from whet.types import Batch, Circumstances, Metrics, Need, Scores

if TYPE_CHECKING:
    from whet.protocols.extension import Extension, SetupContext

Tokens = Float[Tensor, " N"]


class Selection(Part, ABC):
    """Some of a batch's tokens: a value, so that it can be looked up."""

    __slots__ = ()

    forks: ClassVar[str] = ""  # why equal leaves of a tree aren't one rollout to it

    @abstractmethod
    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        """Of the whole batch, before it is split."""


class Slot(Part, ABC):
    """A part of a sum over tokens."""

    __slots__ = ()

    selections: tuple[Selection, ...] = ()  # what it looks up in the batch


class Advantage(Part, ABC):
    """Â, of the whole batch before it is sliced."""

    __slots__ = ()

    varies: bool = False  # from token to token of a rollout
    uncentred: ClassVar[str] = ""  # why it doesn't sum to 0 over a group; empty: it does
    absolute: ClassVar[bool] = False  # a shift of all rewards is a different lesson
    forks: ClassVar[str] = ""  # why equal leaves of a tree aren't one rollout to it

    @abstractmethod
    def __call__(self, scores: Scores) -> Tokens: ...


class Ratio(Slot):
    """r, how far the learner has moved."""

    __slots__ = ()

    whole: ClassVar[str] = ""  # why it has no place for credit within a rollout
    unclippable: ClassVar[str] = ""  # why a clip around 1 can't bound it

    @abstractmethod
    def __call__(self, learner_logp: Tokens, batch: Batch) -> Tokens: ...


class Clipping(Slot):
    """f(r, Â), what a token is worth."""

    __slots__ = ()

    clips: ClassVar[bool] = False  # around 1: it wants a ratio
    unconditional: ClassVar[bool] = False  # f(r, 0) is not 0: no advantage teaches, too

    @abstractmethod
    def __call__(self, ratio: Tokens, advantage: Tokens) -> Tokens: ...


class Aggregation(Slot):
    """w, made of the totals."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, batch: Batch) -> Tokens: ...


class Correction(Slot):
    """c, a detached weight for what the sampler really did."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, batch: Batch) -> Tokens: ...


class Regulariser(Slot):
    """k, what the policy pays."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, learner_logp: Tokens, batch: Batch) -> Tokens: ...


class Criterion(Part, ABC):
    """A loss of the whole batch that is no weighted sum over its tokens."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]: ...


class Sharing(Part, ABC):
    """v, what a token weighs that several leaves of a tree of rollouts share."""

    __slots__ = ()

    @abstractmethod
    def __call__(
        self,
        ids: Sequence[str],
        parents: Sequence[str],
        forked_at: Sequence[int],
        lengths: Sequence[int],
    ) -> Tokens:
        """One weight per chosen token of all rollouts, laid end to end, in float64.

        A rollout that forked has its parent's id, and its first `forked_at` chosen tokens are the
        parent's; without a parent the id is empty.
        """


class Bounded(Part):
    """A part that bounds how far a token may move from the policy at the start of the update."""

    __slots__ = ()

    def doubts(self, circumstances: Circumstances) -> str:
        """In the only optimiser step of a batch nothing has moved yet."""
        if circumstances.minibatches > 1:
            return ""
        return (
            f"{type(self).__name__} cannot act: minibatches is {circumstances.minibatches}, and in "
            "the first optimiser step of a batch every ratio is 1 (but for stale or remembered "
            "rollouts); take 2 or more, or read the algorithm as one without a bound"
        )


class Companion(Part, ABC):
    """What an algorithm keeps beside its loss, as a value: a critic, a memory, a controller.

    It opens its own running half; both stand in one file.
    """

    __slots__ = ()

    gives: ClassVar[frozenset[Need]] = frozenset()  # the needs of others that it meets

    @abstractmethod
    async def open(self, setup: "SetupContext") -> "Extension":
        """The running half, at the start of a run."""


class Lossy(Part, ABC):
    """All that slices of a batch are asked for."""

    __slots__ = ()

    @abstractmethod
    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """−J(θ)."""

    def teaches(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Which rollouts have a gradient; a learner need not compute the others."""
        return batch.group >= 0

    def metrics(self, learner_logp: Tokens, batch: Batch) -> Metrics:
        """What the loss tells of a slice besides its value; means of slices add up."""
        del learner_logp, batch
        return {}


class Algorithm(Lossy):
    """All that a run asks of an algorithm; `needs` is what it can't work without."""

    __slots__ = ()

    advantage: Advantage
    sharing: Sharing
    companions: tuple[Companion, ...] = ()
    selections: tuple[Selection, ...] = ()  # what the batch has to be prepared for
    departs: str = ""  # why the gradient at π_θ = π_prox is not REINFORCE's; empty: it is

    def split(self, learner_logp: Tokens, batch: Batch) -> tuple[Lossy, Batch]:
        """What to compute slice by slice, once π_θ of the whole batch is known (`Need.WHOLE`)."""
        del learner_logp
        return self, batch.prepared(self.selections)
