"""Random batches and scores on which the laws are tested."""

from dataclasses import fields, replace
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from whet.types import AdvantageInputs, Batch, along, observations, totals

AWKWARD = (0.1, 0.3, 1 / 3, 0.9, 2.1, 5.3, -0.7, 1e6 + 0.1, 1e-8)  # not representable in binary
_SOME = 0.4  # probability of random flags
_LONG = 40  # further tokens of a long rollout
_FAR = 5.0  # the largest log-ratio of a policy that has moved far


class DrawnBatch(NamedTuple):
    """A learner's log-probs [N] and the batch that they belong to."""

    logp: Tensor
    batch: Batch


def draw(seed: int, *, drift: float = 0.5, dtype: torch.dtype = torch.float64) -> DrawnBatch:
    """A random batch: up to six rollouts of up to five tokens, in up to three groups.

    Rollouts may be empty. `drift` is the standard deviation of log π_prox − log π_θ; 0 is
    on-policy. Odd seeds have tokens that are shared by leaves of a tree. In every fourth batch the
    first rollout has 40 tokens more, and in every fifth ratios go up to e^±5. Rewards are fractions
    of either sign.
    """
    rng = torch.Generator().manual_seed(seed)
    lengths = torch.randint(0, 6, (int(torch.randint(1, 7, (), generator=rng)),), generator=rng)
    group = torch.randint(0, 3, lengths.shape, generator=rng)
    if seed % 4 == 3:  # noqa: PLR2004
        lengths[0] += _LONG
    row = torch.arange(len(lengths)).repeat_interleave(lengths)

    def noise(scale: float) -> Tensor:
        return scale * torch.randn(len(row), generator=rng, dtype=torch.float64)

    logp = -3 * torch.rand(len(row), generator=rng, dtype=torch.float64)
    proximal_logp = logp + noise(drift)
    if drift and seed % 5 == 4:  # noqa: PLR2004
        proximal_logp = logp + (_FAR / drift * (proximal_logp - logp)).clamp(-_FAR, _FAR)
    advantage = torch.randn(len(lengths), generator=rng, dtype=torch.float64)[row]
    advantage[row == len(lengths) - 1] = 0  # one rollout has advantage 0
    correct = torch.rand(len(lengths), generator=rng) < _SOME
    drawn = DrawnBatch(
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
            reward=correct.double() * 1.3 - 0.4 + 0.1 * advantage.new_tensor(range(len(lengths))),
            correct=correct,
            learner_logp=logp,
            learner_entropy=noise(1.0).abs(),
            version_lag=torch.randint(0, 3, row.shape, generator=rng),
            tree_weight=1 / torch.randint(1, 4, row.shape, generator=rng).double()
            if seed % 2
            else None,
            observed=_observed(lengths, group, seed),
            taught=torch.rand(len(row), generator=rng) > _SOME,
            candidates=torch.arange(3).expand(len(row), 3),
            candidate_teacher_logp=_distributions(len(row), rng),
            candidate_logp=_distributions(len(row), rng),
        ).counted(),
    )
    return DrawnBatch(logp.to(dtype), cast(drawn.batch, dtype))


Columns = TypeVar("Columns", Batch, AdvantageInputs)


def cast(of: Columns, dtype: torch.dtype) -> Columns:
    """The same columns with floats of another dtype."""
    held = {f.name: getattr(of, f.name) for f in fields(of)}
    floats = {
        k: x.to(dtype) for k, x in held.items() if isinstance(x, Tensor) and x.is_floating_point()
    }
    if isinstance(of, Batch) and of.observed is not None:
        return replace(of, **floats, observed=cast(of.observed, dtype))
    return replace(of, **floats)


class Ranking(NamedTuple):
    """Replies that differ in their rewards alone."""

    inputs: AdvantageInputs
    drawn: DrawnBatch

    @property
    def centred(self) -> Tensor:
        """The reward of each token less the mean of its group."""
        reward, group = self.inputs.reward, self.inputs.group
        means = torch.stack([reward[group == g].mean() for g in group])
        return (reward - means)[self.inputs.row]


def ranked(seed: int, dtype: torch.dtype = torch.float64) -> Ranking:
    """Groups of nine, two and four replies of equal length and log-probs, on-policy.

    Rewards differ within a group. Those of the first group are above 0; of the others some are
    below. A reply is correct if its reward is above the middle of its group.
    """
    rng = torch.Generator().manual_seed(seed)
    group = torch.tensor([0] * 9 + [1] * 2 + [2] * 4)
    order = [torch.randperm(n, generator=rng) for n in (9, 2, 4)]
    steps = torch.rand(3, generator=rng).double() + 0.1
    rewards = [place * step for place, step in zip(order, steps, strict=True)]
    reward = torch.cat([rewards[0] + 0.3, rewards[1] - 0.5, rewards[2] - 0.7])
    middle = torch.tensor([4, 0.5, 1.5]).double()[group]
    count = 1 + seed % 3
    row = torch.arange(15).repeat_interleave(count)
    logp, zero = torch.full((len(row),), -0.7).double(), torch.zeros(len(row)).double()
    correct, never = torch.cat(order) > middle, torch.zeros(15, dtype=torch.bool)
    even = torch.full((len(row), 2), 0.5).double().log()
    inputs = AdvantageInputs(
        reward=reward,
        group=group,
        row=row,
        correct=correct,
        truncated=never,
        baseline=zero[:15],
        proximal_logp=logp,
        reference_logp=logp,
        entropy=zero + 1,
        collision=zero + 0.5,
        value=zero,
        dense=reward[row] / 8,
        external=never[row],
        segment=torch.zeros_like(row),
        state=group[row],
        taught=~never[row],
        teacher_logp=logp,
    )
    batch = Batch(
        totals=totals(row, group),
        row=row,
        group=group,
        advantage=zero,
        behaviour_logp=logp,
        proximal_logp=logp,
        reference_logp=logp,
        entropy=zero + 1,
        external=never[row],
        reward=reward,
        correct=correct,
        learner_logp=logp,
        learner_entropy=zero + 1,
        version_lag=torch.zeros_like(row),
        observed=_observed(torch.full((15,), count), group, 0),
        taught=~never[row],
        candidates=torch.zeros_like(row)[:, None],
        candidate_teacher_logp=even,
        candidate_logp=even,
    ).counted()
    return Ranking(cast(inputs, dtype), DrawnBatch(logp.to(dtype), cast(batch, dtype)))


def _distributions(tokens: int, rng: torch.Generator) -> Tensor:
    """Log-probs of three candidates and a tail for every token."""
    return torch.randn(tokens, 4, generator=rng, dtype=torch.float64).log_softmax(-1)


def _observed(lengths: Tensor, group: Tensor, seed: int) -> Batch:
    """Up to three observation tokens of each rollout with two tokens or more."""
    rng = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, 4, lengths.shape, generator=rng) * (lengths > 1)
    row = torch.arange(len(lengths)).repeat_interleave(counts)
    shared = 1 / torch.randint(1, 4, row.shape, generator=rng).double() if seed % 2 else None
    seen = observations(row, group, shared, torch.float64)
    return replace(seen, learner_logp=-3 * torch.rand(row.shape, generator=rng).double())


def one_token_each(seed: int, *, dtype: torch.dtype = torch.float64) -> AdvantageInputs:
    """Random inputs of advantages: up to twelve rollouts of one token.

    Odd seeds have a node of a tree for each of them.
    """
    rng = torch.Generator().manual_seed(seed)
    size = int(torch.randint(1, 13, (), generator=rng))
    logp = -torch.rand(2, size, generator=rng, dtype=torch.float64)
    inputs = AdvantageInputs(
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
        taught=torch.rand(size, generator=rng) > _SOME,
        teacher_logp=logp[1],
    )
    return cast(inputs, dtype)


def level(inputs: AdvantageInputs, reward: float, dtype: torch.dtype) -> AdvantageInputs:
    """The same inputs with equal rewards, equal tokens, and exact values and baselines."""
    rewards = torch.full_like(inputs.reward, reward, dtype=dtype)
    return replace(
        cast(inputs, dtype),
        reward=rewards,
        correct=torch.ones_like(rewards, dtype=torch.bool),
        baseline=rewards,
        value=rewards[inputs.row],
        dense=torch.zeros_like(rewards[inputs.row]),
        proximal_logp=torch.zeros_like(rewards[inputs.row]),
        reference_logp=torch.zeros_like(rewards[inputs.row]),
        teacher_logp=torch.zeros_like(rewards[inputs.row]),
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
    floats = of.advantage if isinstance(of, Batch) else of.reward
    each = floats.new_ones(len(of.row))
    weight = each if of.tree_weight is None else of.tree_weight.to(floats)
    weight = weight.clone()
    weight[mine] /= leaves
    held = {name: getattr(of, name) for name in (*along("N", type(of)), *along("B", type(of)))}
    by_token = along("N", type(of))
    cut = {k: x[tokens if k in by_token else rollouts] for k, x in held.items() if x is not None}
    new = (count + torch.arange(copies)).repeat_interleave(len(mine))
    if isinstance(of, Batch) and of.observed is not None:
        held, _ = forked(of.observed, which, leaves)
        cut["observed"] = replace(of.observed, **held)
    return cut | {"row": torch.cat([of.row, new]), "tree_weight": weight[tokens]}, tokens
