"""The metrics of a step that learns from tokens of older weights."""

import torch

from whet.types import Batch, Mean, Metrics


def of_lag(batch: Batch) -> Metrics:
    """How old the tokens are, and how far the policy has left them; empty if all are fresh.

    External tokens have no age. The gap is mean |log π_prox − log μ|, and is a mean over nothing
    where π_prox is not recomputed.
    """
    lag = batch.version_lag
    if lag is None or not (lag > 0).any():
        return {}
    own = torch.ones_like(lag, dtype=torch.bool) if batch.external is None else ~batch.external
    stale = own & (lag > 0)
    ages, gap = (
        lag[own].double(),
        (batch.proximal_logp - batch.behaviour_logp).abs()[stale].double(),
    )
    recomputed = bool((batch.proximal_logp != batch.behaviour_logp).any())
    return {
        "age": Mean(total=ages.sum().item(), count=len(ages)),
        "age_max": Mean(total=ages.max().item(), count=1),
        "stale": Mean(total=int(stale.sum()), count=len(ages)),
        "gap_stale": Mean(total=gap.sum().item(), count=len(gap)) if recomputed else Mean(),
    }
