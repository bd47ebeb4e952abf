"""One micro-batch's part of an optimizer step: its loss, its metrics, and its drift."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from whet.policy.saturation import saturated
from whet.protocols import Update
from whet.types import Batch, IntegrityError, Mean, Metrics, Rollout

_PER_TOKEN = ("entropy", "drift", "saturated")  # metrics of every loss


class NonFiniteError(IntegrityError):
    """A NaN or an infinity. The weights are still those before the step."""


class Share(NamedTuple):
    """What a micro-batch adds to the report of a step."""

    loss: float
    drift_max: float
    drift_rollout: tuple[float, str]  # largest mean over a rollout, and the id of that rollout
    computed: int
    taught: int
    metrics: Metrics


def check_finite(logp: Tensor, of: Batch, rollouts: Sequence[Rollout]) -> None:
    """Raise `NonFiniteError` with the names of the tasks whose tokens have no finite log-prob."""
    if logp.isfinite().all():
        return
    names = sorted({rollouts[i].task.id for i in of.row[~logp.isfinite()].tolist()})
    raise NonFiniteError(
        f"log-prob is not finite for {len(names)} tasks: {', '.join(names[:3])}", rollouts
    )


def share_of(
    loss: float,
    chosen: tuple[Tensor, Tensor],
    batch: Batch,
    rollouts: Sequence[Rollout],
    further: tuple[int, Mapping[str, Mean]],
) -> Share:
    """The share of a micro-batch with these log-probs and entropies.

    `further` has the number of computed tokens and the metrics of the objective.
    """
    logp, entropy = (x.detach() for x in chosen)
    computed, metrics = further
    apart = (logp - batch.behaviour_logp).abs()[batch.current]
    sums = {"entropy": entropy, "drift": apart, "saturated": saturated(logp, batch).float()}
    return Share(
        loss=loss,
        drift_max=apart.max().item() if len(apart) else 0.0,
        drift_rollout=_worst(apart, batch.row[batch.current], rollouts),
        computed=computed,
        taught=len(logp),
        metrics={k: Mean(total=x.sum().item(), count=len(x)) for k, x in sums.items()}
        | dict(metrics),
    )


def report(shares: Sequence[Share], norm: float, tokens: int, lr: float) -> Update:
    """The report of a step on a batch of `tokens`; `norm` is that of the gradient before clipping.

    Without a share there was no gradient, and no step.
    """
    worst = max((share.drift_rollout for share in shares), default=(0.0, ""))
    return Update(
        loss=sum(share.loss for share in shares),
        drift_max=max((share.drift_max for share in shares), default=0.0),
        drift_rollout=worst[0],
        drift_worst=worst[1],
        lr=lr,
        metrics={
            name: sum((share.metrics[name] for share in shares), Mean())
            for name in (shares[0].metrics if shares else _PER_TOKEN)
        }
        | {
            "grad_norm": Mean(total=norm, count=1) if shares else Mean(),
            "taught": Mean(total=sum(share.taught for share in shares), count=tokens),
            "computed": Mean(total=sum(share.computed for share in shares), count=tokens),
        },
    )


def _worst(apart: Tensor, row: Tensor, rollouts: Sequence[Rollout]) -> tuple[float, str]:
    """The largest mean over the tokens of one rollout, and its id; NaN is larger than all."""
    if not len(apart):
        return 0.0, ""
    total = torch.zeros(len(rollouts), dtype=torch.float64).index_add_(0, row, apart.double())
    count = torch.bincount(row, minlength=len(rollouts)).clamp(min=1)
    value, place = (total / count).max(0)
    return value.item(), rollouts[int(place)].id
