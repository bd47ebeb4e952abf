"""Random batches and scores on which the laws are tested."""

from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from whet.types import AdvantageInputs, Batch, along, observations, totals

AWKWARD = (0.1, 0.3, 1 / 3, 0.9, 2.1, 5.3, -0.7, 1e6 + 0.1, 1e-8)  # not representable in binary
_SOME = 0.4  # probability of random flags


class DrawnBatch(NamedTuple):
    """A learner's log-probs [N] and the batch that they belong to."""

    logp: Tensor
    batch: Batch


def draw(seed: int, *, drift: float = 0.5) -> DrawnBatch:
    """A random batch in float64: up to six rollouts of up to five tokens, in up to three groups.

    Rollouts may be empty. `drift` is the standard deviation of log π_prox − log π_θ; 0 is
    on-policy. Odd seeds have tokens that are shared by leaves of a tree.
    """
    rng = torch.Generator().manual_seed(seed)
    lengths = torch.randint(0, 6, (int(torch.randint(1, 7, (), generator=rng)),), generator=rng)
    group = torch.randint(0, 3, lengths.shape, generator=rng)
    row = torch.arange(len(lengths)).repeat_interleave(lengths)

    def noise(scale: float) -> Tensor:
        return scale * torch.randn(len(row), generator=rng, dtype=torch.float64)

    logp = -3 * torch.rand(len(row), generator=rng, dtype=torch.float64)
    proximal_logp = logp + noise(drift)
    advantage = torch.randn(len(lengths), generator=rng, dtype=torch.float64)[row]
    advantage[row == len(lengths) - 1] = 0  # one rollout has advantage 0
    correct = torch.rand(len(lengths), generator=rng) < _SOME
    return DrawnBatch(
        logp,
        Batch(
            totals=totals(row, group),
            row=row,
            group=group,
            advantage=advantage,
            behaviour_logp=proximal_logp + noise(0.1),
            proximal_logp=proximal_logp,
            reference_logp=logp + noise(0.3),
            entropy=noise(1.0).abs(),
            external=torch.rand(len(row), generator=rng) < _SOME,
            reward=correct.double(),
            correct=correct,
            learner_logp=logp,
            learner_entropy=noise(1.0).abs(),
            version_lag=torch.randint(0, 3, row.shape, generator=rng),
            tree_weight=1 / torch.randint(1, 4, row.shape, generator=rng) if seed % 2 else None,
            observed=_observed(lengths, group, seed),
        ).counted(),
    )


def _observed(lengths: Tensor, group: Tensor, seed: int) -> Batch:
    """Up to three observation tokens of each rollout with two tokens or more."""
    rng = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, 4, lengths.shape, generator=rng) * (lengths > 1)
    row = torch.arange(len(lengths)).repeat_interleave(counts)
    shared = 1 / torch.randint(1, 4, row.shape, generator=rng) if seed % 2 else None
    seen = observations(row, group, shared, torch.float64)
    return replace(seen, learner_logp=-3 * torch.rand(row.shape, generator=rng).double())


def one_token_each(seed: int) -> AdvantageInputs:
    """Random inputs of advantages in float64: up to twelve rollouts of one token.

    Odd seeds have a node of a tree for each of them.
    """
    rng = torch.Generator().manual_seed(seed)
    size = int(torch.randint(1, 13, (), generator=rng))
    logp = -torch.rand(2, size, generator=rng, dtype=torch.float64)
    return AdvantageInputs(
        reward=torch.randint(-3, 4, (size,), generator=rng).double() / 4,
        group=torch.randint(0, 4, (size,), generator=rng),
        row=torch.arange(size),
        correct=torch.rand(size, generator=rng) < _SOME,
        truncated=torch.rand(size, generator=rng) < _SOME,
        baseline=-logp[0],
        proximal_logp=logp[0],
        reference_logp=logp[1],
        entropy=-logp[0],
        collision=logp[0].exp(),
        value=-logp[1],
        dense=logp[0] / 4,
        external=torch.rand(size, generator=rng) < _SOME,
        segment=torch.zeros(size, dtype=torch.long),
        state=torch.randint(0, 3, (size,), generator=rng),
        node=torch.arange(size) if seed % 2 else None,
    )


def level(inputs: AdvantageInputs, reward: float, dtype: torch.dtype) -> AdvantageInputs:
    """The same inputs with equal rewards, equal tokens, and exact values and baselines."""
    rewards = torch.full_like(inputs.reward, reward, dtype=dtype)
    return replace(
        inputs,
        reward=rewards,
        correct=torch.ones_like(rewards, dtype=torch.bool),
        baseline=rewards,
        value=rewards[inputs.row],
        dense=torch.zeros_like(rewards[inputs.row]),
        proximal_logp=torch.zeros_like(rewards[inputs.row]),
        reference_logp=torch.zeros_like(rewards[inputs.row]),
        entropy=torch.ones_like(rewards[inputs.row]),
        collision=torch.ones_like(rewards[inputs.row]),
    )


def forked(of: Batch | AdvantageInputs, which: int, leaves: int) -> tuple[dict[str, Any], Tensor]:
    """All columns with one rollout split into equal leaves, and the source of each token.

    The leaves share its observation tokens, too.
    """
    count, mine = len(of.group), (of.row == which).nonzero()[:, 0]
    copies = leaves - 1
    tokens = torch.cat([torch.arange(len(of.row)), *[mine] * copies])
    rollouts = torch.cat([torch.arange(count), torch.full((copies,), which)])
    each = torch.ones_like(of.row, dtype=torch.float64)
    weight = each if of.tree_weight is None else of.tree_weight.double().clone()
    weight[mine] /= leaves
    held = {name: getattr(of, name) for name in (*along("N", type(of)), *along("B", type(of)))}
    by_token = along("N", type(of))
    cut = {k: x[tokens if k in by_token else rollouts] for k, x in held.items() if x is not None}
    new = (count + torch.arange(copies)).repeat_interleave(len(mine))
    if isinstance(of, Batch) and of.observed is not None:
        held, _ = forked(of.observed, which, leaves)
        cut["observed"] = replace(of.observed, **held)
    return cut | {"row": torch.cat([of.row, new]), "tree_weight": weight[tokens]}, tokens
