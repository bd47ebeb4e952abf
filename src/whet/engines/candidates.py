"""Log-probs of some tokens of the vocabulary, with one bin for all others together."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from whet.protocols.engine import Candidates


def logp_among(scores: Float[Tensor, "n V"], ids: Int[Tensor, "n K"]) -> Float[Tensor, "n K1"]:
    """Log softmax(scores) of the tokens `ids`, and in a last column that of the tail.

    The tail is summed over the other tokens themselves: 1 − Σ_k would lose a tail below 1e-7.
    """
    logp = torch.log_softmax(scores, -1)
    others = torch.scatter(logp, 1, ids, -torch.inf)
    return torch.cat([logp.gather(1, ids), others.logsumexp(1, keepdim=True)], 1)


def likeliest(scores: Float[Tensor, "n V"], count: int) -> Candidates:
    """The `count` likeliest tokens of every row; at most V − 1, so that the tail is not empty."""
    ids = scores.topk(min(count, scores.shape[1] - 1), dim=1).indices
    return Candidates(ids, logp_among(scores, ids))


def joined(parts: list[Candidates]) -> Candidates:
    """The rows of all parts, on the CPU; no rows without parts."""
    if not parts:
        return Candidates(torch.zeros(0, 0, dtype=torch.long), torch.zeros(0, 1))
    return Candidates(*(torch.cat([part[i].cpu() for part in parts]) for i in (0, 1)))
