"""Laws of the one equation.  Each takes an objective and a seed, and raises `AssertionError`.

A law that speaks of single slots (aggregation, advantage) asks nothing of an object that has only
`loss`, as an algorithm that is no weighted sum over tokens may.
"""

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.testing import assert_close

from whet.policy.anatomy import inside
from whet.policy.objective import Objective, Whole
from whet.protocols.algorithm import Advantage, Algorithm, Lossy, Selection
from whet.types import Batch, Need, Scores, along, totals

_SOME = 0.4  # of what is drawn is this or that
_AWKWARD = (0.1, 0.3, 1 / 3, 0.9, 2.1, 5.3, -0.7, 1e6 + 0.1, 1e-8)  # no binary fraction


class Drawn(NamedTuple):
    """A learner's log-probs [N] and the batch they belong to."""

    logp: Tensor
    batch: Batch


def draw(seed: int, *, drift: float = 0.5) -> Drawn:
    """Up to six rollouts of up to five tokens, some of none, in any grouping; in float64.

    `drift` is the distance between learner and proximal policy: 0 is on-policy.  Odd seeds have
    tokens that leaves of a tree share.
    """
    dice = torch.Generator().manual_seed(seed)
    lengths = torch.randint(0, 6, (int(torch.randint(1, 7, (), generator=dice)),), generator=dice)
    group = torch.randint(0, 3, lengths.shape, generator=dice)
    row = torch.arange(len(lengths)).repeat_interleave(lengths)

    def noise(scale: float) -> Tensor:
        return scale * torch.randn(len(row), generator=dice, dtype=torch.float64)

    logp = -3 * torch.rand(len(row), generator=dice, dtype=torch.float64)
    proximal_logp = logp + noise(drift)
    advantage = torch.randn(len(lengths), generator=dice, dtype=torch.float64)[row]
    advantage[row == len(lengths) - 1] = 0  # one rollout that teaches nothing by itself
    correct = torch.rand(len(lengths), generator=dice) < _SOME
    return Drawn(
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
            external=torch.rand(len(row), generator=dice) < _SOME,
            reward=correct.double(),
            correct=correct,
            learner_logp=logp,
            learner_entropy=noise(1.0).abs(),
            version_lag=torch.randint(0, 3, row.shape, generator=dice),
            tree_weight=1 / torch.randint(1, 4, row.shape, generator=dice) if seed % 2 else None,
        ).counted(),
    )


def ready(objective: Lossy, drawn: Drawn) -> Drawn:
    """The batch as a learner hands it to an algorithm, before it is split."""
    selections = objective.selections if isinstance(objective, Algorithm) else ()
    return Drawn(drawn.logp, drawn.batch.prepared(selections))


def loss_and_gradient(objective: Lossy, logp: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """The loss, and its derivative with respect to every token's log-prob."""
    learner_logp = logp.clone().requires_grad_()
    loss = objective.loss(learner_logp, batch)
    if not loss.requires_grad:  # somebody detached it: a law should say so, not autograd
        return loss, torch.zeros_like(logp)
    (gradient,) = torch.autograd.grad(loss, learner_logp, materialize_grads=True)
    return loss.detach(), gradient


def micro_batches_add_up(objective: Lossy, seed: int) -> None:
    """Losses and gradients of slices add up to the whole's: micro-batches and ranks don't show."""
    logp, batch = ready(objective, draw(seed))
    loss, gradient = loss_and_gradient(objective, logp, batch)
    if isinstance(objective, Whole):
        objective, batch = objective.split(logp, batch)
    size = len(batch.group)
    cuts = torch.randint(0, size + 1, (3,), generator=torch.Generator().manual_seed(seed))
    edges = sorted({0, size, *cuts.tolist()})
    parts = [
        loss_and_gradient(objective, logp[(batch.row >= a) & (batch.row < b)], batch[a:b])
        for a, b in zip(edges, edges[1:], strict=False)
    ]
    assert_close(torch.stack([part for part, _ in parts]).sum(), loss)
    assert_close(torch.cat([part for _, part in parts]), gradient)


def order_is_irrelevant(objective: Lossy, seed: int) -> None:
    """Rollouts in another order have the same loss and the same gradients."""
    logp, batch = ready(objective, draw(seed))
    place = torch.randperm(len(batch.group), generator=torch.Generator().manual_seed(seed))
    moved = batch.ordered(place)
    loss, gradient = loss_and_gradient(objective, logp, batch)
    order = place[batch.row].argsort(stable=True)
    moved_loss, moved_gradient = loss_and_gradient(objective, logp[order], moved)
    assert_close(moved_loss, loss)
    assert_close(moved_gradient, gradient[order])


def on_policy_it_is_reinforce(objective: Lossy, seed: int) -> None:
    """At π_θ = π_prox the gradient is that of Σ w Â log π_θ, or the objective says why not."""
    if not isinstance(objective, Objective) or objective.departs:
        return
    logp, batch = ready(objective, draw(seed, drift=0.0))
    plain = replace(objective, regularisers=(), corrections=())
    _, gradient = loss_and_gradient(plain, logp, batch)
    assert_close(gradient, -objective.aggregation(batch) * batch.advantage)


def finite_however_far(objective: Lossy, seed: int) -> None:
    """No distance between the policies overflows."""
    logp, batch = ready(objective, draw(seed))
    for distance in (-1e4, -50.0, 50.0, 1e4):
        far = replace(
            batch,
            proximal_logp=batch.proximal_logp + distance,
            reference_logp=logp - distance,
        )
        loss, gradient = loss_and_gradient(objective, logp, far)
        assert_close(torch.cat([loss[None], gradient]).isfinite().all(), torch.tensor(data=True))


def a_token_weighs_the_same_in_every_slice(objective: Lossy, seed: int) -> None:
    """Weights are made of the totals, to the last bit."""
    if not isinstance(objective, Objective):
        return
    _, batch = ready(objective, draw(seed))
    weight = objective.aggregation(batch)
    for i in range(len(batch.group)):
        mine = objective.aggregation(batch[i : i + 1])
        assert_close(mine, weight[batch.row == i], rtol=0, atol=0)


def _one_token_each(seed: int) -> Scores:
    dice = torch.Generator().manual_seed(seed)
    size = int(torch.randint(1, 13, (), generator=dice))
    logp = -torch.rand(2, size, generator=dice, dtype=torch.float64)
    return Scores(
        reward=torch.randint(-3, 4, (size,), generator=dice).double() / 4,
        group=torch.randint(0, 4, (size,), generator=dice),
        row=torch.arange(size),
        correct=torch.rand(size, generator=dice) < _SOME,
        truncated=torch.rand(size, generator=dice) < _SOME,
        baseline=-logp[0],
        proximal_logp=logp[0],
        reference_logp=logp[1],
        entropy=-logp[0],
        value=-logp[1],
        dense=logp[0] / 4,
        external=torch.rand(size, generator=dice) < _SOME,
        segment=torch.zeros(size, dtype=torch.long),
        state=torch.randint(0, 3, (size,), generator=dice),
    )


def _centred(objective: Objective) -> bool:
    """Is the advantage a difference within the group, and nothing else?"""
    held = objective.advantage
    return Need.GROUP in held.needs and not held.uncentred


def _compares(objective: Objective) -> bool:
    """Is the advantage made of differences within the group?"""
    held = objective.advantage
    return Need.GROUP in held.needs and not held.absolute


def _compares(objective: Objective) -> bool:
    """Is the advantage made of differences within the group?"""
    held = objective.advantage
    return Need.GROUP in getattr(held, "needs", ()) and not getattr(held, "absolute", False)


def advantages_compare(objective: Lossy, seed: int) -> None:
    """Advantages ignore a shift of all rewards; those of a group baseline sum to 0 in the group."""
    if not isinstance(objective, Objective):
        return
    scores = _one_token_each(seed)
    advantage = objective.advantage(scores)
    if not objective.advantage.absolute:
        shifted = objective.advantage(replace(scores, reward=scores.reward + 5))
        assert_close(shifted, advantage, atol=1e-6, rtol=1e-6)
    if _centred(objective):
        sums = advantage.new_zeros(4).index_add(0, scores.group, advantage)
        assert_close(sums, torch.zeros_like(sums), atol=1e-7, rtol=0)


def _level(scores: Scores, reward: float, dtype: torch.dtype) -> Scores:
    """All rewards equal, no token better than another, every value and baseline right."""
    rewards = torch.full_like(scores.reward, reward, dtype=dtype)
    return replace(
        scores,
        reward=rewards,
        correct=torch.ones_like(rewards, dtype=torch.bool),
        baseline=rewards,
        value=rewards[scores.row],
        dense=torch.zeros_like(rewards[scores.row]),
        proximal_logp=torch.zeros_like(rewards[scores.row]),
        reference_logp=torch.zeros_like(rewards[scores.row]),
        entropy=torch.ones_like(rewards[scores.row]),
    )


def who_differs_from_nobody_teaches_nothing(objective: Lossy, seed: int) -> None:
    """Groups of one are finite and, where centred, 0; groups that agree are exactly 0.

    In float64 and in the float32 of a run, for rewards that neither can represent.
    """
    if not isinstance(objective, Objective):
        return
    scores = _one_token_each(seed)
    alone = objective.advantage(replace(scores, group=torch.arange(len(scores.group))))
    assert_close(alone.isfinite().all(), torch.tensor(data=True))
    if _centred(objective):
        assert_close(alone, torch.zeros_like(alone), atol=0, rtol=0)
    for dtype in (torch.float64, torch.float32):
        for reward in _AWKWARD:
            equal = objective.advantage(_level(scores, reward, dtype))
            assert_close(equal.isfinite().all(), torch.tensor(data=True))
            if _compares(objective):
                assert_close(equal, torch.zeros_like(equal), atol=0, rtol=0)


def what_teaches_nothing_has_no_gradient(objective: Lossy, seed: int) -> None:
    """The rollouts that a learner may skip have a gradient of exactly 0."""
    if not isinstance(objective, Objective):
        return
    logp, batch = ready(objective, draw(seed))
    _, gradient = loss_and_gradient(objective, logp, batch)
    idle = ~objective.teaches(batch)[batch.row]
    assert_close(gradient[idle], torch.zeros_like(gradient[idle]), rtol=0, atol=0)


def _forked(of: Batch | Scores, which: int, leaves: int) -> tuple[dict[str, Tensor], Tensor]:
    """Every column with `leaves` equal leaves in place of one rollout, and whose each token is."""
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
    return cut | {"row": torch.cat([of.row, new]), "tree_weight": weight[tokens]}, tokens


def _counts(objective: Algorithm, kind: type[Advantage] | type[Selection]) -> bool:
    """Does one of its parts count rollouts or tokens, so that equal leaves aren't one to it?"""
    return any(part.forks for part in inside(objective) if isinstance(part, kind))


def equal_leaves_are_one_rollout(objective: Lossy, seed: int) -> None:
    """A rollout that forks into equal leaves has the loss and the gradient of one without forks.

    The leaves share all their tokens, each weighs 1 / (leaves).  A part that counts rollouts or
    tokens (`forks`) is not asked.
    """
    if not isinstance(objective, Algorithm):
        return
    dice = torch.Generator().manual_seed(seed)
    leaves = int(torch.randint(2, 5, (), generator=dice))
    if not _counts(objective, Selection):
        logp, plain = draw(seed)
        which = int(torch.randint(0, len(plain.group), (), generator=dice))
        columns, tokens = _forked(plain, which, leaves)
        tree = ready(objective, Drawn(logp[tokens], replace(plain, **columns).counted()))
        loss, gradient = loss_and_gradient(objective, *ready(objective, Drawn(logp, plain)))
        same, parts = loss_and_gradient(objective, *tree)
        assert_close(same, loss)
        assert_close(torch.zeros_like(gradient).index_add(0, tokens, parts), gradient)
    if isinstance(objective, Objective) and not _counts(objective, Advantage):
        scores = _one_token_each(seed)
        which = int(torch.randint(0, len(scores.group), (), generator=dice))
        columns, tokens = _forked(scores, which, leaves)
        advantage = objective.advantage(scores)
        assert_close(objective.advantage(replace(scores, **columns)), advantage[tokens])


def it_is_a_value(objective: Lossy, seed: int) -> None:
    """It pickles, compares and hashes, so that it can travel and be written on a card."""
    del seed
    copy = pickle.loads(pickle.dumps(objective))
    if copy != objective or hash(copy) != hash(objective):
        raise AssertionError(f"{objective} is no value: make it a frozen dataclass")


Law = Callable[[Lossy, int], None]
LAWS: dict[str, Law] = {
    law.__name__: law
    for law in (
        micro_batches_add_up,
        order_is_irrelevant,
        on_policy_it_is_reinforce,
        finite_however_far,
        a_token_weighs_the_same_in_every_slice,
        advantages_compare,
        who_differs_from_nobody_teaches_nothing,
        what_teaches_nothing_has_no_gradient,
        equal_leaves_are_one_rollout,
        it_is_a_value,
    )
}


def check_objective(objective: Lossy, *, examples: int = 30) -> None:
    """Run every law on `objective`, on `examples` random batches each.

    Raises `AssertionError` that names the law, the seed of the batch and the objective.
    """
    for name, law in LAWS.items():
        for seed in range(examples):
            try:
                law(objective, seed)
            except AssertionError as error:
                raise AssertionError(
                    f"{objective} breaks {name!r} (seed {seed}): {error}"
                ) from error
