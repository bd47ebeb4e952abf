"""Anchors: the policies π_a that penalties measure a distance from."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from whet.protocols.part import Part
from whet.types import Batch, Need


class Anchor(Part, ABC):
    """The anchor policy π_a that the penalty is measured from."""

    __slots__ = ()

    begins_equal: ClassVar[bool] = False  # True: it is π_θ in the first optimizer step of a batch

    @abstractmethod
    def __call__(self, batch: Batch) -> Float[Tensor, " N"]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Anchor):
    """The reference model of the run as anchor."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.REFERENCE})

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return reference_logp(batch)


def reference_logp(batch: Batch) -> Float[Tensor, " N"]:
    """Log π_ref of the batch; a `ValueError` if it was not computed."""
    if batch.reference_logp is None:
        raise ValueError("this regulariser needs batch.reference_logp: give a reference policy")
    return batch.reference_logp


@dataclass(frozen=True, slots=True, kw_only=True)
class Proximal(Anchor):
    """The policy at the start of the update as anchor."""

    begins_equal: ClassVar[bool] = True

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.proximal_logp


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour(Anchor):
    """The policy that sampled the tokens as anchor."""

    begins_equal: ClassVar[bool] = True

    def __call__(self, batch: Batch) -> Float[Tensor, " N"]:
        return batch.behaviour_logp
