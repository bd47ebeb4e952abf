"""Losses and gradients of drawn batches, and comparisons with a tolerance of their dtype."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.testing import assert_close

from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.testing.draws import DrawnBatch
from whet.types import Batch

_ROUNDING = {torch.float64: 1e-10, torch.float32: 3e-5}  # some hundred units in the last place


def ready(objective: TokenLoss, drawn: DrawnBatch) -> DrawnBatch:
    """The batch as a learner passes it to an algorithm, before it is sliced."""
    selections = objective.selections if isinstance(objective, Algorithm) else ()
    return DrawnBatch(drawn.logp, drawn.batch.prepared(selections))


def loss_and_gradient(objective: TokenLoss, logp: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """The loss, and its derivative with respect to every token's log-prob."""
    learner_logp = logp.clone().requires_grad_()
    loss = objective.loss(learner_logp, batch)
    if not loss.requires_grad:  # a detached loss fails a law, instead of an error in autograd
        return loss, torch.zeros_like(logp)
    (gradient,) = torch.autograd.grad(loss, learner_logp, materialize_grads=True)
    return loss.detach(), gradient


def observed_gradient(objective: TokenLoss, logp: Tensor, batch: Batch) -> Tensor:
    """The derivative of the loss with respect to the log-prob of every observation token, [M]."""
    if batch.observed is None or batch.observed.learner_logp is None:
        return torch.zeros(0)
    at = batch.observed.learner_logp.clone().requires_grad_()
    known = replace(batch, observed=replace(batch.observed, learner_logp=at))
    loss = objective.loss(logp, known)
    if not loss.requires_grad:
        return torch.zeros_like(at)
    (gradient,) = torch.autograd.grad(loss, at, materialize_grads=True)
    return gradient


def candidate_gradient(objective: TokenLoss, logp: Tensor, batch: Batch) -> Tensor:
    """The derivative of the loss with respect to the policy's log-probs of candidates, [N, K + 1].

    Of a loss that does not read them it is 0.
    """
    if batch.candidate_logp is None:
        return torch.zeros_like(logp)[:, None]
    at = batch.candidate_logp.clone().requires_grad_()
    loss = objective.loss(logp, replace(batch, candidate_logp=at))
    if not loss.requires_grad:
        return torch.zeros_like(at)
    (gradient,) = torch.autograd.grad(loss, at, materialize_grads=True)
    return gradient


def near(found: Tensor, wanted: Tensor, scale: Tensor | None = None) -> None:
    """Raise `AssertionError` where two results differ by more than rounding.

    `scale` has the terms that were summed, whose size the rounding of a sum follows.
    """
    sizes = [x.detach().abs().max() for x in (wanted, scale) if x is not None and x.numel()]
    size = max([1.0, *(float(x) for x in sizes if x.isfinite())])
    most = _ROUNDING[wanted.dtype]
    assert_close(found, wanted, rtol=most, atol=most * size)
