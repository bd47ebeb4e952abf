"""What a token is drawn from, by the original model and by the definition of `Decoding`."""

import torch
from torch import Tensor

from whet.testing.engines.examined import ExaminedEngine, ids_of
from whet.types import Decoding, Rollout


@torch.no_grad()
def probabilities(subject: ExaminedEngine, rollout: Rollout) -> Tensor:
    """softmax(z / T) before every sampled token, [N, V]."""
    logits = subject.logits(rollout)
    return torch.softmax(logits / rollout.decoding.logp_temperature, -1)


def sampled(rollout: Rollout) -> Tensor:
    """The sampled tokens."""
    return torch.tensor(ids_of(rollout))


def left(p: Tensor, how: Decoding, edge: float) -> tuple[Tensor, Tensor]:
    """The tokens that truncation surely leaves, and those that it may leave, up to rounding.

    They are within each of the sets of top_k, top_p and min_p.
    """
    ranked = p.sort(-1, descending=True).values
    surely, perhaps = torch.ones_like(p, dtype=torch.bool), torch.ones_like(p, dtype=torch.bool)
    floors = []
    if 0 < how.top_k < p.shape[-1]:
        floors.append(ranked[:, how.top_k - 1 : how.top_k])
    if how.min_p:
        floors.append(how.min_p * ranked[:, :1])
    for least in floors:
        surely, perhaps = surely & (p > least + edge), perhaps & (p >= least - edge)
    if how.top_p < 1:
        above = (p[:, None, :] * (p[:, None, :] > p[:, :, None])).sum(-1)  # of likelier tokens
        surely = surely & (above < how.top_p - edge)
        perhaps = perhaps & (above < how.top_p + edge)
    return surely, perhaps
