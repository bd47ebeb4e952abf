"""Laws of objectives. Each takes an objective and a seed, and raises `AssertionError`.

A law about a slot (aggregation, advantage) passes for an object with only `loss`, such as an
algorithm that is not a weighted sum over tokens.
"""

import pickle
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.testing import assert_close

from whet.policy.inspection import walk
from whet.policy.objective import BatchLoss, Objective
from whet.protocols.algorithm import Advantage, Algorithm, Selection, TokenLoss
from whet.testing.draws import AWKWARD, DrawnBatch, draw, forked, level, one_token_each
from whet.types import Batch, Need


def ready(objective: TokenLoss, drawn: DrawnBatch) -> DrawnBatch:
    """The batch as a learner passes it to an algorithm, before it is sliced."""
    selections = objective.selections if isinstance(objective, Algorithm) else ()
    return DrawnBatch(drawn.logp, drawn.batch.prepared(selections))


def loss_and_gradient(objective: TokenLoss, logp: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """The loss, and its derivative with respect to every token's log-prob."""
    learner_logp = logp.clone().requires_grad_()
    loss = objective.loss(learner_logp, batch)
    if not loss.requires_grad:  # a detached loss fails a law, instead of an error in autograd
        return loss, torch.zeros_like(logp)
    (gradient,) = torch.autograd.grad(loss, learner_logp, materialize_grads=True)
    return loss.detach(), gradient


def observed_gradient(objective: TokenLoss, logp: Tensor, batch: Batch) -> Tensor:
    """The derivative of the loss with respect to the log-prob of every observation token, [M]."""
    if batch.observed is None or batch.observed.learner_logp is None:
        return torch.zeros(0)
    at = batch.observed.learner_logp.clone().requires_grad_()
    known = replace(batch, observed=replace(batch.observed, learner_logp=at))
    loss = objective.loss(logp, known)
    if not loss.requires_grad:
        return torch.zeros_like(at)
    (gradient,) = torch.autograd.grad(loss, at, materialize_grads=True)
    return gradient


def candidate_gradient(objective: TokenLoss, logp: Tensor, batch: Batch) -> Tensor:
    """The derivative of the loss with respect to the policy's log-probs of candidates, [N, K + 1].

    Of a loss that does not read them it is 0.
    """
    if batch.candidate_logp is None:
        return torch.zeros(len(logp), 1)
    at = batch.candidate_logp.clone().requires_grad_()
    loss = objective.loss(logp, replace(batch, candidate_logp=at))
    if not loss.requires_grad:
        return torch.zeros_like(at)
    (gradient,) = torch.autograd.grad(loss, at, materialize_grads=True)
    return gradient


def micro_batches_add_up(objective: TokenLoss, seed: int) -> None:
    """Losses and gradients of micro-batches add up to those of the whole batch."""
    logp, batch = ready(objective, draw(seed))
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
    assert_close(torch.stack([part for part, _ in parts]).sum(), loss)
    assert_close(torch.cat([part for _, part in parts]), gradient)
    apart = [candidate_gradient(objective, *part) for part in slices]
    assert_close(torch.cat(apart), candidate_gradient(objective, logp, batch))
    heard = [observed_gradient(objective, *part) for part in slices]
    assert_close(torch.cat(heard), observed_gradient(objective, logp, batch))


def order_is_irrelevant(objective: TokenLoss, seed: int) -> None:
    """Loss and gradients do not depend on the order of rollouts."""
    logp, batch = ready(objective, draw(seed))
    place = torch.randperm(len(batch.group), generator=torch.Generator().manual_seed(seed))
    moved = batch.ordered(place)
    loss, gradient = loss_and_gradient(objective, logp, batch)
    order = place[batch.row].argsort(stable=True)
    moved_loss, moved_gradient = loss_and_gradient(objective, logp[order], moved)
    assert_close(moved_loss, loss)
    assert_close(moved_gradient, gradient[order])
    apart = candidate_gradient(objective, logp[order], moved)
    assert_close(apart, candidate_gradient(objective, logp, batch)[order])


def on_policy_it_is_reinforce(objective: TokenLoss, seed: int) -> None:
    """At π_θ = π_prox the gradient is that of Σ w Â log π_θ, unless `why_not_reinforce` says why
    not.
    """
    if not isinstance(objective, Objective) or objective.why_not_reinforce:
        return
    logp, batch = ready(objective, draw(seed, drift=0.0))
    plain = replace(objective, regularisers=(), corrections=())
    _, gradient = loss_and_gradient(plain, logp, batch)
    assert_close(gradient, -objective.aggregation(batch) * batch.advantage)


def finite_however_far(objective: TokenLoss, seed: int) -> None:
    """Loss and gradients are finite for log-prob differences up to 1e4."""
    logp, batch = ready(objective, draw(seed))
    for distance in (-1e4, -50.0, 50.0, 1e4):
        far = replace(
            batch,
            proximal_logp=batch.proximal_logp + distance,
            reference_logp=logp - distance,
        )
        loss, gradient = loss_and_gradient(objective, logp, far)
        assert_close(torch.cat([loss[None], gradient]).isfinite().all(), torch.tensor(data=True))


def a_token_weighs_the_same_in_every_slice(objective: TokenLoss, seed: int) -> None:
    """Weights depend on the global totals only, and are equal to the last bit in every slice."""
    if not isinstance(objective, Objective):
        return
    _, batch = ready(objective, draw(seed))
    weight = objective.aggregation(batch)
    for i in range(len(batch.group)):
        mine = objective.aggregation(batch[i : i + 1])
        assert_close(mine, weight[batch.row == i], rtol=0, atol=0)


def _centred(objective: Objective) -> bool:
    """True if the advantage is a difference within the group, and sums to 0."""
    held = objective.advantage
    return Need.GROUP in held.needs and not held.why_uncentred


def _compares(objective: Objective) -> bool:
    """True if the advantage consists of differences within the group."""
    held = objective.advantage
    return Need.GROUP in held.needs and not held.shift_sensitive


def advantages_compare(objective: TokenLoss, seed: int) -> None:
    """A shift of all rewards changes no advantage; those with a group baseline sum to 0."""
    if not isinstance(objective, Objective):
        return
    inputs = one_token_each(seed)
    advantage = objective.advantage(inputs)
    if not objective.advantage.shift_sensitive:
        shifted = objective.advantage(replace(inputs, reward=inputs.reward + 5))
        assert_close(shifted, advantage, atol=1e-6, rtol=1e-6)
    if _centred(objective):
        sums = advantage.new_zeros(4).index_add(0, inputs.group, advantage)
        assert_close(sums, torch.zeros_like(sums), atol=1e-7, rtol=0)


def equal_rewards_have_no_gradient(objective: TokenLoss, seed: int) -> None:
    """Groups of equal rewards have advantages of exactly 0, groups of one have finite ones.

    This holds in float64 and in float32, for rewards that neither represents exactly. Where
    advantages are centred, groups of one have 0.
    """
    if not isinstance(objective, Objective):
        return
    inputs = one_token_each(seed)
    alone = objective.advantage(replace(inputs, group=torch.arange(len(inputs.group))))
    assert_close(alone.isfinite().all(), torch.tensor(data=True))
    if _centred(objective):
        assert_close(alone, torch.zeros_like(alone), atol=0, rtol=0)
    for dtype in (torch.float64, torch.float32):
        for reward in AWKWARD:
            equal = objective.advantage(level(inputs, reward, dtype))
            assert_close(equal.isfinite().all(), torch.tensor(data=True))
            if _compares(objective):
                assert_close(equal, torch.zeros_like(equal), atol=0, rtol=0)


def has_gradient_is_right(objective: TokenLoss, seed: int) -> None:
    """The rollouts that a learner may skip have a gradient of exactly 0."""
    if not isinstance(objective, Objective):
        return
    logp, batch = ready(objective, draw(seed))
    _, gradient = loss_and_gradient(objective, logp, batch)
    taught = objective.has_gradient(batch)
    idle = ~taught[batch.row]
    assert_close(gradient[idle], torch.zeros_like(gradient[idle]), rtol=0, atol=0)
    apart = candidate_gradient(objective, logp, batch)[idle]
    assert_close(apart, torch.zeros_like(apart), rtol=0, atol=0)
    if batch.observed is not None:
        heard = observed_gradient(objective, logp, batch)[~taught[batch.observed.row]]
        assert_close(heard, torch.zeros_like(heard), rtol=0, atol=0)


def _counts(objective: Algorithm, kind: type[Advantage] | type[Selection]) -> bool:
    """True if one of the parts counts rollouts or tokens, so that equal leaves change it."""
    return any(part.why_leaves_differ for part in walk(objective) if isinstance(part, kind))


def equal_leaves_are_one_rollout(objective: TokenLoss, seed: int) -> None:
    """A rollout that forks into equal leaves has the loss and the gradient of one without forks.

    The leaves share all their tokens, and each weighs 1 / (leaves). Parts that count rollouts or
    tokens (`forks`) are exempt.
    """
    if not isinstance(objective, Algorithm):
        return
    rng = torch.Generator().manual_seed(seed)
    leaves = int(torch.randint(2, 5, (), generator=rng))
    if not _counts(objective, Selection):
        logp, plain = draw(seed)
        which = int(torch.randint(0, len(plain.group), (), generator=rng))
        columns, tokens = forked(plain, which, leaves)
        tree = ready(objective, DrawnBatch(logp[tokens], replace(plain, **columns).counted()))
        loss, gradient = loss_and_gradient(objective, *ready(objective, DrawnBatch(logp, plain)))
        same, parts = loss_and_gradient(objective, *tree)
        assert_close(same, loss)
        assert_close(torch.zeros_like(gradient).index_add(0, tokens, parts), gradient)
        apart = candidate_gradient(objective, *ready(objective, DrawnBatch(logp, plain)))
        leaves_apart = candidate_gradient(objective, *tree)
        assert_close(torch.zeros_like(apart).index_add(0, tokens, leaves_apart), apart)
    if isinstance(objective, Objective) and not _counts(objective, Advantage):
        inputs = one_token_each(seed)
        which = int(torch.randint(0, len(inputs.group), (), generator=rng))
        columns, tokens = forked(inputs, which, leaves)
        advantage = objective.advantage(inputs)
        assert_close(objective.advantage(replace(inputs, **columns)), advantage[tokens])


def it_is_a_value(objective: TokenLoss, seed: int) -> None:
    """The objective can be pickled, compared and hashed."""
    del seed
    copy = pickle.loads(pickle.dumps(objective))
    if copy != objective or hash(copy) != hash(objective):
        raise AssertionError(f"{objective} is not a value: make it a frozen dataclass")


Law = Callable[[TokenLoss, int], None]
LAWS: dict[str, Law] = {
    law.__name__: law
    for law in (
        micro_batches_add_up,
        order_is_irrelevant,
        on_policy_it_is_reinforce,
        finite_however_far,
        a_token_weighs_the_same_in_every_slice,
        advantages_compare,
        equal_rewards_have_no_gradient,
        has_gradient_is_right,
        equal_leaves_are_one_rollout,
        it_is_a_value,
    )
}


def check_objective(objective: TokenLoss, *, examples: int = 30) -> None:
    """Run every law on `objective`, on `examples` random batches each.

    Raises `AssertionError` with the law, the seed of the batch and the objective.
    """
    for name, law in LAWS.items():
        for seed in range(examples):
            try:
                law(objective, seed)
            except AssertionError as error:
                raise AssertionError(
                    f"{objective} breaks {name!r} (seed {seed}): {error}"
                ) from error
