"""Log-probs of rollouts by an unmodified Hugging Face forward, one whole text at a time."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from whet.engines.candidates import logp_among
from whet.types import ContextFull, Rollout
from whet.types.kept import KEPT, kept_ids


class Chosen(NamedTuple):
    """What a forward pass says of the N sampled and the M observation tokens of a rollout."""

    logp: Float[Tensor, " N"]
    entropy: Float[Tensor, " N"]
    observed: Float[Tensor, " M"]


def positions_of(config: PreTrainedConfig) -> int:
    """The most tokens of a text; 0 for a model without a limit, such as one with a recurrence.

    `longrope` (arXiv:2402.13753) turns all keys by other angles once a text is longer than the
    original context, so that the tokens of a reply would be sampled by another model than the
    whole text is scored by.  Such a model has its original context.
    """
    text: Any = config.get_text_config()
    declared = max(0, getattr(text, "max_position_embeddings", None) or 0)
    rope = getattr(text, "rope_parameters", None)
    if isinstance(rope, Mapping) and rope.get("rope_type") == "longrope":
        original = rope.get("original_max_position_embeddings") or declared
        return min(original, declared) if declared else original
    return declared


def logits_of(model: PreTrainedModel, ids: Int[Tensor, " n"]) -> Float[Tensor, "n V"]:
    """Logits after each token of a text, in float32, with neither padding, mask nor cache.

    Raises `ContextFull` for a text that is longer than the model's positions.
    """
    room = positions_of(model.config)
    if room and len(ids) > room:
        raise ContextFull(
            f"a text of {len(ids)} tokens is longer than the {room} positions of the model; "
            "shorten it"
        )
    return model(input_ids=ids[None].to(model.device), use_cache=False).logits[0].float()


def chosen(model: PreTrainedModel, rollout: Rollout) -> Chosen:
    """Log π and the entropy −Σ_v π_v log π_v of π = softmax(z / T), over the tokens that truncation
    kept; observation tokens have the whole distribution.
    """
    ids = torch.from_numpy(rollout.token_ids.astype(np.int64)).to(model.device)
    scores = logits_of(model, ids)[:-1] / rollout.decoding.logp_temperature
    sampled = torch.from_numpy(rollout.action_mask[1:].copy()).to(model.device)
    heard = torch.from_numpy(rollout.observed[1:].copy()).to(model.device)
    whole = torch.log_softmax(scores[heard], -1)
    logp = torch.log_softmax(_within(scores[sampled], rollout), -1)
    entropy = -(logp.exp() * logp.clamp(min=-1e4)).sum(-1)
    picked = (x.gather(1, ids[1:][m, None])[:, 0] for x, m in ((logp, sampled), (whole, heard)))
    said, observed = picked
    return Chosen(said, entropy, observed)


def collision(model: PreTrainedModel, rollout: Rollout) -> Float[Tensor, " N"]:
    """Σ_v π_v² before every sampled token, of the same distributions."""
    return torch.softmax(_within(scores_of(model, rollout), rollout), -1).square().sum(-1)


def scores_of(model: PreTrainedModel, rollout: Rollout) -> Float[Tensor, "N V"]:
    """The logits z / T before every sampled token, whatever truncation kept."""
    ids = torch.from_numpy(rollout.token_ids.astype(np.int64)).to(model.device)
    sampled = torch.from_numpy(rollout.action_mask[1:].copy()).to(model.device)
    return logits_of(model, ids)[:-1][sampled] / rollout.decoding.logp_temperature


def among(
    model: PreTrainedModel, rollout: Rollout, ids: Int[Tensor, "N K"]
) -> Float[Tensor, "N K1"]:
    """Log π of the tokens `ids` and of all others together, on the CPU, with a gradient."""
    return logp_among(scores_of(model, rollout), ids.to(model.device)).cpu()


def _within(scores: Float[Tensor, "N V"], rollout: Rollout) -> Float[Tensor, "N V"]:
    """The scores, with −∞ at tokens that truncation did not keep."""
    if KEPT not in rollout.columns:
        return scores
    outside = torch.zeros_like(scores, dtype=torch.bool)
    for row, one in enumerate(rollout.columns[KEPT]):
        ids = kept_ids([one]).ids
        if len(ids):
            outside[row] = True
            outside[row, torch.from_numpy(ids.astype(np.int64)).to(scores.device)] = False
    return scores.masked_fill(outside, -torch.inf)
