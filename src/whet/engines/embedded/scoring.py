"""Log-probs of rollouts by a backbone, one micro-batch after another, without a gradient."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from whet.engines.candidates import joined, likeliest
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.packing import PackedRollouts, pack, slices
from whet.protocols.engine import Candidates
from whet.types import Rollout

_Choices = Callable[..., tuple[Tensor, Tensor]]  # such as `Backbone.choices`


def _calls(
    backbone: Backbone, rollouts: Sequence[Rollout], budget: int
) -> Iterator[tuple[PackedRollouts, Tensor]]:
    """The micro-batches, and the hidden states that predict their sampled tokens."""
    for part in slices(rollouts, budget):
        if any(r.length for r in rollouts[part]):
            call = pack(rollouts[part], backbone.device)
            hidden = backbone.hidden(call.tokens, call.positions, call.forest)
            yield call, hidden[call.source]


@torch.no_grad()
def seen(
    backbone: Backbone,
    rollouts: Sequence[Rollout],
    budget: int,
    how: _Choices = Backbone.choices,
) -> tuple[Tensor, Tensor]:
    """Log-probs of all sampled tokens and what else `how` computes, such as entropies."""
    parts = [
        how(backbone, hidden, call.choice, call.temperature, call.kept)
        for call, hidden in _calls(backbone, rollouts, budget)
    ]
    logp, entropy = ([part[i].cpu() for part in parts] for i in (0, 1))
    return (torch.cat(logp), torch.cat(entropy)) if parts else (torch.zeros(0), torch.zeros(0))


@torch.no_grad()
def candidates(
    backbone: Backbone, rollouts: Sequence[Rollout], budget: int, count: int
) -> Candidates:
    """The likeliest tokens before all sampled tokens, on the CPU."""
    found = [
        likeliest(scores, count)
        for call, hidden in _calls(backbone, rollouts, budget)
        for scores in backbone.scores(hidden, call.temperature)
    ]
    return joined(found)
