"""An algorithm that counts the graphs of earlier micro-batches which are still in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from weakref import ref

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from whet.protocols.algorithm import Advantage, Algorithm, Selection, Sharing
from whet.types import Batch, Metrics, Need


class _Marker:
    """Something that lives as long as a node of a graph."""


class _Marked(torch.autograd.Function):
    """The identity; the graph that it is in keeps `held` alive."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, held: _Marker) -> Tensor:
        ctx.held = held
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        del ctx
        return grads[0], None


@dataclass(slots=True)
class GraphWatch(Algorithm):
    """The algorithm `of`, unchanged.  Each call of its loss looks for earlier graphs."""

    of: Algorithm
    calls: int = 0
    alive: int = 0  # most graphs of earlier calls that were there at a later one
    _held: list[Callable[[], _Marker | None]] = field(default_factory=list)

    @property
    def advantage(self) -> Advantage:
        return self.of.advantage

    @property
    def sharing(self) -> Sharing:
        return self.of.sharing

    @property
    def needs(self) -> frozenset[Need]:
        return self.of.needs

    @property
    def selections(self) -> tuple[Selection, ...]:
        return self.of.selections

    def loss(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Float[Tensor, ""]:
        """The loss of a micro-batch, marked."""
        self.calls += 1
        self.alive = max(self.alive, sum(known() is not None for known in self._held))
        held = _Marker()
        self._held.append(ref(held))
        return _Marked.apply(self.of.loss(learner_logp, batch), held)

    def has_gradient(self, batch: Batch) -> Bool[Tensor, " B"]:
        return self.of.has_gradient(batch)

    def metrics(self, learner_logp: Float[Tensor, " N"], batch: Batch) -> Metrics:
        return self.of.metrics(learner_logp, batch)
