"""The slots of an algorithm: one base class per symbol of the equation.

J(θ) = Σ_n w_n · ( c_n f(r_n, Â_n) − Σ_k k(π_θ, π_ref)_n )

A part subclasses the base of its slot and overrides the attributes that apply to it. The defaults
mean that the part requires nothing.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.protocols.part import Part
from whet.types import AdvantageInputs, Batch, Metrics, Need, RunSpec
from whet.types.further_models import FurtherModel
from whet.types.lineage import Parentage

if TYPE_CHECKING:
    from whet.protocols.extension import Extension, SetupContext

Tokens = Float[Tensor, " N"]


class Selection(Part, ABC):
    """A subset of the batch's tokens.

    It is hashable, because the batch stores the subset under it.
    """

    __slots__ = ()

    why_leaves_differ: ClassVar[str] = ""  # why equal leaves of a tree aren't one rollout to it

    @abstractmethod
    def __call__(self, batch: Batch) -> Bool[Tensor, " N"]:
        """Mask of the selected tokens; called on the whole batch, before it is sliced."""


class Slot(Part, ABC):
    """A part of a sum over tokens."""

    __slots__ = ()

    selections: tuple[Selection, ...] = ()  # selections that it looks up in the batch


class Advantage(Part, ABC):
    """The advantage Â of every token, computed on the whole batch before it is sliced."""

    __slots__ = ()

    per_token: bool = False  # True: tokens of one rollout may have different advantages
    why_uncentred: ClassVar[str] = ""  # why its sum over a group is not 0; empty: it is
    shift_sensitive: ClassVar[bool] = False  # True: adding a constant to all rewards changes it
    why_leaves_differ: ClassVar[str] = ""  # why equal leaves of a tree aren't one rollout to it
    why_no_reward: ClassVar[str] = ""  # why no reward enters; empty: one does

    @abstractmethod
    def __call__(self, inputs: AdvantageInputs) -> Tokens: ...

    def learned(self, inputs: AdvantageInputs) -> Bool[Tensor, " B"]:
        """Mask of the rollouts that enter the loss. The others leave its denominators, too."""
        return torch.ones_like(inputs.group, dtype=torch.bool)


class Ratio(Slot):
    """The importance ratio r of every token."""

    __slots__ = ()

    why_sequence_level: ClassVar[str] = (
        ""  # why it cannot use different advantages within a rollout
    )
    why_unclippable: ClassVar[str] = ""  # why clipping around 1 does not bound it

    @abstractmethod
    def __call__(self, learner_logp: Tokens, batch: Batch) -> Tokens: ...


class Clipping(Slot):
    """The surrogate f(r, Â) of every token."""

    __slots__ = ()

    clips: ClassVar[bool] = False  # True: it clips around 1, so r must be a ratio
    unconditional: ClassVar[bool] = False  # True: f(r, 0) ≠ 0, so tokens with Â = 0 have a gradient
    why_unweighted: ClassVar[str] = ""  # why a factor of Â is no factor of f; empty: it is

    @abstractmethod
    def __call__(self, ratio: Tokens, advantage: Tokens) -> Tokens: ...


class Aggregation(Slot):
    """The weight w of every token, computed from the totals of the global batch."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, batch: Batch) -> Tokens: ...


class Correction(Slot):
    """A detached weight c of every token, e.g. for off-policy samples."""

    __slots__ = ()

    of_whole_rollouts: ClassVar[bool] = False  # True: it reads tokens outside the term's selection

    @abstractmethod
    def __call__(self, batch: Batch) -> Tokens: ...


class Regulariser(Slot):
    """The penalty k of every token."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, learner_logp: Tokens, batch: Batch) -> Tokens: ...


class BatchCriterion(Part, ABC):
    """A loss of the whole batch that is not a weighted sum over tokens."""

    __slots__ = ()

    why_unweighted: ClassVar[str] = ""  # why a factor of Â is no factor of the loss; empty: it is

    @abstractmethod
    def __call__(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]: ...


class Sharing(Part, ABC):
    """The weight v of a token that several leaves of a tree of rollouts share."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, family: Parentage) -> Tokens:
        """One weight per sampled token of all rollouts, laid end to end, in float64."""


class Bounded(Part):
    """A part that acts on how far π_θ of a token has moved from the policy before the update.

    It is a bound, a gate or a penalty, and changes no gradient where π_θ = π_prox.
    """

    silences: ClassVar[bool] = True  # a token beyond the bound has no gradient: `clipped` counts it

    __slots__ = ()

    def run_warning(self, spec: RunSpec) -> str:
        """A warning if minibatches is 1: then every ratio is 1 and the part never acts.

        Rollouts of older weights, from a replay buffer, have other ratios.
        """
        if spec.minibatches > 1 or spec.replays:
            return ""
        return (
            f"{type(self).__name__} has no effect: minibatches is {spec.minibatches}; in "
            "the first optimizer step of a batch every ratio is 1; give 2 or more, or "
            "regard the algorithm as one without this part"
        )


class Companion(Part, ABC):
    """Settings of an extension: a critic, a replay buffer, a KL controller.

    `open` returns the running half, the `Extension`; both are in one file.
    """

    __slots__ = ()

    provides: frozenset[Need] = frozenset()  # the needs of other parts that it supplies
    adapts: ClassVar[tuple[type[Part], ...]] = ()  # parts whose settings it changes as it learns
    further_models: tuple[FurtherModel, ...] = ()  # that it holds beside policy and reference
    lags: ClassVar[bool] = False  # whether it is sound where rollouts are stale (`lag.staleness`)

    @abstractmethod
    async def open(self, setup: "SetupContext") -> "Extension":
        """Create the running half at the start of a run."""


class TokenLoss(Part, ABC):
    """A loss that can be computed one slice of the batch at a time."""

    __slots__ = ()

    @abstractmethod
    def loss(self, learner_logp: Tokens, batch: Batch) -> Float[Tensor, ""]:
        """The loss −J(θ) of one slice; the losses of all slices add up to that of the batch."""

    def has_gradient(self, batch: Batch) -> Bool[Tensor, " B"]:
        """Which rollouts have a gradient. A learner may leave out the others."""
        return batch.group >= 0

    def metrics(self, learner_logp: Tokens, batch: Batch) -> Metrics:
        """What the loss tells of a slice besides its value; means of slices add up."""
        del learner_logp, batch
        return {}


class Algorithm(TokenLoss):
    """A policy-optimization algorithm, as a run uses it."""

    __slots__ = ()

    advantage: Advantage
    sharing: Sharing
    companions: tuple[Companion, ...] = ()
    selections: tuple[Selection, ...] = ()  # selections that `Batch.prepared` must be called with
    why_not_reinforce: str = ""  # why the gradient at π_θ = π_prox is not REINFORCE's; empty: it is

    def split(self, learner_logp: Tokens, batch: Batch) -> tuple[TokenLoss, Batch]:
        """A loss that can be sliced, and the batch prepared for it.

        It is called on the whole batch. `learner_logp` is log π_θ of all its tokens, where
        `Need.BATCH_LOGP` asks for it.
        """
        del learner_logp
        return self, batch.prepared(self.selections)
