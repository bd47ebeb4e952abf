"""Laws of slices, orders and trees: what a batch is cut into changes nothing."""

import pickle
from dataclasses import replace

import torch
from torch.testing import assert_close

from whet.policy.inspection import walk
from whet.policy.objective import BatchLoss, Objective
from whet.protocols.algorithm import Advantage, Algorithm, Selection, TokenLoss
from whet.testing.draws import DrawnBatch, draw, forked, one_token_each
from whet.testing.laws.gradients import (
    candidate_gradient,
    loss_and_gradient,
    near,
    observed_gradient,
    ready,
)


def micro_batches_add_up(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """Losses and gradients of micro-batches add up to those of the whole batch."""
    logp, batch = ready(objective, draw(seed, dtype=dtype))
    loss, gradient = loss_and_gradient(objective, logp, batch)
    if isinstance(objective, BatchLoss):
        objective, batch = objective.split(logp, batch)
    size = len(batch.group)
    cuts = torch.randint(0, size + 1, (3,), generator=torch.Generator().manual_seed(seed))
    edges = sorted({0, size, *cuts.tolist()})
    slices = [
        (logp[(batch.row >= a) & (batch.row < b)], batch[a:b])
        for a, b in zip(edges, edges[1:], strict=False)
    ]
    parts = [loss_and_gradient(objective, *part) for part in slices]
    values = torch.stack([part for part, _ in parts])
    near(values.sum(), loss, scale=values)
    near(torch.cat([part for _, part in parts]), gradient)
    apart = [candidate_gradient(objective, *part) for part in slices]
    near(torch.cat(apart), candidate_gradient(objective, logp, batch))
    heard = [observed_gradient(objective, *part) for part in slices]
    near(torch.cat(heard), observed_gradient(objective, logp, batch))


def order_is_irrelevant(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """Loss and gradients do not depend on the order of rollouts."""
    logp, batch = ready(objective, draw(seed, dtype=dtype))
    place = torch.randperm(len(batch.group), generator=torch.Generator().manual_seed(seed))
    moved = batch.ordered(place)
    loss, gradient = loss_and_gradient(objective, logp, batch)
    order = place[batch.row].argsort(stable=True)
    moved_loss, moved_gradient = loss_and_gradient(objective, logp[order], moved)
    near(moved_loss, loss, scale=gradient)
    near(moved_gradient, gradient[order])
    apart = candidate_gradient(objective, logp, batch)
    near(candidate_gradient(objective, logp[order], moved), apart[order])


def a_token_weighs_the_same_in_every_slice(
    objective: TokenLoss, seed: int, dtype: torch.dtype
) -> None:
    """Weights depend on the global totals only, and are equal to the last bit in every slice."""
    if not isinstance(objective, Objective):
        raise TypeError("only an Objective has an aggregation")
    _, batch = ready(objective, draw(seed, dtype=dtype))
    weight = objective.aggregation(batch)
    for i in range(len(batch.group)):
        mine = objective.aggregation(batch[i : i + 1])
        assert_close(mine, weight[batch.row == i], rtol=0, atol=0)


def has_gradient_is_right(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """The rollouts that a learner may skip have a gradient of exactly 0."""
    logp, batch = ready(objective, draw(seed, dtype=dtype))
    if isinstance(objective, BatchLoss):
        objective, batch = objective.split(logp, batch)
    _, gradient = loss_and_gradient(objective, logp, batch)
    taught = objective.has_gradient(batch)
    idle = ~taught[batch.row]
    assert_close(gradient[idle], torch.zeros_like(gradient[idle]), rtol=0, atol=0)
    apart = candidate_gradient(objective, logp, batch)[idle]
    assert_close(apart, torch.zeros_like(apart), rtol=0, atol=0)
    if batch.observed is not None:
        heard = observed_gradient(objective, logp, batch)[~taught[batch.observed.row]]
        assert_close(heard, torch.zeros_like(heard), rtol=0, atol=0)


def why_leaves_differ(
    objective: Algorithm, kind: type[Advantage] | type[Selection] = Advantage
) -> str:
    """Why one of the parts tells equal leaves from one rollout; empty if none does."""
    held = [part for part in walk(objective) if isinstance(part, kind)]
    return next((part.why_leaves_differ for part in held if part.why_leaves_differ), "")


def why_leaves_are_counted(objective: TokenLoss) -> str:
    """Why neither the loss nor the advantage takes equal leaves for one rollout; empty if one does.

    The loss and the advantage are tried apart, each if its own parts don't count leaves.
    """
    if not isinstance(objective, Algorithm):
        return "it has no slots, and need not know trees"
    selects, counts = why_leaves_differ(objective, Selection), why_leaves_differ(objective)
    return f"{selects}; {counts}" if selects and counts else ""


def equal_leaves_are_one_rollout(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """A rollout that forks into equal leaves has the loss and the gradient of one without forks.

    The leaves share all their tokens, and each weighs 1 / (leaves). Parts that count rollouts or
    tokens (`forks`) are exempt.
    """
    if not isinstance(objective, Algorithm):
        raise TypeError("only an Algorithm has parts")
    rng = torch.Generator().manual_seed(seed)
    leaves = int(torch.randint(2, 5, (), generator=rng))
    if not why_leaves_differ(objective, Selection):
        logp, plain = draw(seed, dtype=dtype)
        which = int(torch.randint(0, len(plain.group), (), generator=rng))
        columns, tokens = forked(plain, which, leaves)
        tree = ready(objective, DrawnBatch(logp[tokens], replace(plain, **columns).counted()))
        loss, gradient = loss_and_gradient(objective, *ready(objective, DrawnBatch(logp, plain)))
        same, parts = loss_and_gradient(objective, *tree)
        near(same, loss, scale=gradient)
        assert_close(torch.zeros_like(gradient).index_add(0, tokens, parts), gradient)
        apart = candidate_gradient(objective, *ready(objective, DrawnBatch(logp, plain)))
        leaves_apart = candidate_gradient(objective, *tree)
        assert_close(torch.zeros_like(apart).index_add(0, tokens, leaves_apart), apart)
    if isinstance(objective, Objective) and not why_leaves_differ(objective):
        inputs = one_token_each(seed, dtype=dtype)
        which = int(torch.randint(0, len(inputs.group), (), generator=rng))
        columns, tokens = forked(inputs, which, leaves)
        advantage = objective.advantage(inputs)
        near(objective.advantage(replace(inputs, **columns)), advantage[tokens])


def it_is_a_value(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """The objective can be pickled, compared and hashed."""
    del seed, dtype
    copy = pickle.loads(pickle.dumps(objective))
    if copy != objective or hash(copy) != hash(objective):
        raise AssertionError(f"{objective} is not a value: make it a frozen dataclass")
