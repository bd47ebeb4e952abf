"""Numbers of every sampled token, without a gradient, of which each rank computes a share."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from whet.engines.candidates import joined, likeliest
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.packing import PackedRollouts, pack
from whet.engines.fsdp.dealing import deal, ghost, longest
from whet.engines.fsdp.ranks import Ranks
from whet.engines.fsdp.sharding import ShardedBody
from whet.protocols.engine import Candidates
from whet.types import Rollout

Compute = Callable[[PackedRollouts], tuple[Tensor, ...]]
"""Columns [N, …] of the sampled tokens of a call.  It is a collective."""


def seen(
    body: ShardedBody,
    rollouts: Sequence[Rollout],
    budget: int,
    how: Callable[..., tuple[Tensor, Tensor]] = Backbone.choices,
) -> tuple[Tensor, Tensor]:
    """Log-probs of all sampled tokens and what else `how` computes, the same on all ranks."""

    def reading(hidden: Tensor, call: PackedRollouts) -> tuple[Tensor, ...]:
        chosen = call.choice, call.temperature, call.kept
        return how(body.backbone, hidden[call.source], *chosen)

    check_room(body.backbone, rollouts)
    found = spread(body.ranks, rollouts, budget, lambda call: body.read(call, reading))
    return (found[0], found[1]) if found else (torch.zeros(0), torch.zeros(0))


def candidates(
    body: ShardedBody, rollouts: Sequence[Rollout], budget: int, count: int
) -> Candidates:
    """The likeliest tokens before all sampled tokens, the same on all ranks."""

    def reading(hidden: Tensor, call: PackedRollouts) -> tuple[Tensor, ...]:
        scores = body.backbone.scores(hidden[call.source], call.temperature)
        return joined([likeliest(one, count) for one in scores])

    check_room(body.backbone, rollouts)
    found = spread(body.ranks, rollouts, budget, lambda call: body.read(call, reading))
    return Candidates(*found) if found else joined([])


def spread(
    ranks: Ranks, rollouts: Sequence[Rollout], budget: int, compute: Compute
) -> tuple[Tensor, ...]:
    """Columns of all sampled tokens, laid end to end, on the CPU; none without tokens.

    Every rank computes the micro-batches of its share, and tells its columns to all.
    """
    spoken = [rollout for rollout in rollouts if rollout.length]
    if not spoken:
        return ()
    own = deal(spoken, budget, ranks.size, ranks.rank)
    parts = [[spoken[i] for i in own.mine[part]] for part in own.parts]
    found = [[x.cpu() for x in compute(pack(part, ranks.device))] for part in parts]
    for _ in range(own.ghosts):
        compute(ghost(ranks.device))
    columns = [torch.cat(column) for column in zip(*found, strict=True)]
    held = [told for told in ranks.gathered((own.mine, columns)) if told[0]]
    owner = [place for mine, _ in held for place in mine for _ in range(spoken[place].length)]
    order = torch.tensor(owner).argsort(stable=True)
    return tuple(torch.cat(column)[order] for column in zip(*(c for _, c in held), strict=True))


def check_room(backbone: Backbone, rollouts: Sequence[Rollout]) -> None:
    """Raise `ContextFull`, on all ranks, for a rollout longer than the model's positions."""
    backbone.check_room(max((longest(rollout) for rollout in rollouts), default=0))
