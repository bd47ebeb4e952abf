"""Sampling of tokens from logits, with their log-probs."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from whet.types.kept import WHOLE, KeptIds, as_sets


class SamplingTensors(NamedTuple):
    """The settings of `Decoding` as tensors, one number per sequence."""

    temperature: Float[Tensor, " n"]
    top_p: Float[Tensor, " n"]
    top_k: Int[Tensor, " n"]
    min_p: Float[Tensor, " n"]


class SampledTokens(NamedTuple):
    """One token per sequence, with its log-prob and statistics of its distribution.

    `logp` and `entropy` are those of the distribution that the token is drawn from: softmax(z / T),
    truncated and renormalised. `certainty` is that of softmax(z).
    """

    token: Int[Tensor, " n"]
    logp: Float[Tensor, " n"]
    entropy: Float[Tensor, " n"]  # H, nats
    certainty: Float[Tensor, " n"]  # KL(U ‖ softmax(z)), nats (arXiv:2505.19590)
    kept: Bool[Tensor, "n V"] | None  # the tokens that truncation left; None: nothing is truncated

    def kept_sets(self) -> list[bytes]:
        """The kept ids of each token, as in the column of a rollout (`whet.types.kept`)."""
        if self.kept is None:
            return [WHOLE] * len(self.token)
        sizes, ids = self.kept.sum(-1), self.kept.nonzero()[:, 1]
        return as_sets(KeptIds(sizes.cpu().numpy(), ids.int().cpu().numpy()))


def draw(
    logits: Float[Tensor, "n V"], sampling: SamplingTensors, uniform: Float[Tensor, " n"]
) -> SampledTokens:
    """Sample by inverting the cumulative distribution at the uniform numbers `dice`.

    The token is the first v with Σ_{w ≤ v} q_w > u Σ_w q_w, where q is softmax(z / T) after
    truncation, and its log-prob is log q_v − log Σ_w q_w. T = 0 takes the argmax and reports
    log_softmax(z), without truncation.
    """
    greedy = sampling.temperature == 0
    logp_temperature = torch.where(
        greedy, torch.ones_like(sampling.temperature), sampling.temperature
    )
    scores = logits.float() / logp_temperature[:, None]
    logp = torch.log_softmax(scores, dim=-1)
    left = truncated(logp.exp(), sampling)
    kept = _kept(left, sampling)
    mass = left.double().cumsum(-1)
    token = torch.searchsorted(mass, (uniform * mass[:, -1])[:, None], right=True)[:, 0]
    token = torch.where(greedy, logp.argmax(-1), token.clamp(max=logits.shape[-1] - 1))
    if kept is not None:
        outside = ~kept & kept.any(-1, keepdim=True)
        logp = torch.log_softmax(scores.masked_fill(outside, -torch.inf), dim=-1)
    entropy = torch.special.entr(logp.exp()).sum(-1)
    plain = logits.float()
    size = torch.tensor(float(plain.shape[-1]), device=plain.device)
    certainty = plain.logsumexp(-1) - plain.mean(-1) - size.log()
    return SampledTokens(token, logp.gather(1, token[:, None])[:, 0], entropy, certainty, kept)


def _kept(left: Float[Tensor, "n V"], sampling: SamplingTensors) -> Bool[Tensor, "n V"] | None:
    """The tokens with mass, in the rows that are truncated; None where no row is."""
    cut = (sampling.top_p < 1) | (sampling.top_k > 0) | (sampling.min_p > 0)
    cut &= sampling.temperature > 0
    return (left > 0) & cut[:, None] if bool(cut.any()) else None


def truncated(mass: Float[Tensor, "n V"], sampling: SamplingTensors) -> Float[Tensor, "n V"]:
    """Probabilities with the tails of top-k, top-p and min-p set to 0, not renormalised.

    top-k keeps the k largest, top-p the smallest set of mass ≥ p, min-p those ≥ m · max. The
    likeliest token always stays.
    """
    size = mass.shape[-1]
    if bool((sampling.min_p > 0).any()):
        mass = mass * (mass >= sampling.min_p[:, None] * mass.max(-1, keepdim=True).values)
    if bool((sampling.top_p < 1).any()) or bool((sampling.top_k > 0).any()):
        ranked, place = mass.sort(dim=-1, descending=True, stable=True)
        most = torch.where(sampling.top_k > 0, sampling.top_k, size)
        outside = torch.arange(size, device=mass.device) >= most[:, None]
        before = ranked.double().cumsum(-1) - ranked
        outside |= (before >= sampling.top_p[:, None].double()) & (sampling.top_p < 1)[:, None]
        outside[:, 0] = False
        mass = mass.masked_fill(torch.zeros_like(outside).scatter(1, place, outside), 0.0)
    return mass
