"""Laws of rewards: shifts, equal rewards, and groups in which there is nothing to compare."""

from dataclasses import replace

import torch
from torch.testing import assert_close

from whet.policy.objective import BatchLoss
from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.testing.draws import AWKWARD, draw, level, one_token_each
from whet.testing.laws.gradients import loss_and_gradient, near
from whet.types import Need


def centres(objective: Algorithm) -> bool:
    """True if the advantage is a difference within the group, and sums to 0."""
    held = objective.advantage
    return Need.GROUP in held.needs and not held.why_uncentred


def compares(objective: Algorithm) -> bool:
    """True if the advantage consists of differences within the group."""
    held = objective.advantage
    return Need.GROUP in held.needs and not held.shift_sensitive


def why_it_compares_nothing(objective: TokenLoss) -> str:
    """Why a shift of rewards may change advantages; empty if it may not."""
    if not isinstance(objective, Algorithm):
        return "it has no advantage of its own"
    if isinstance(objective, BatchLoss):
        return "its loss is made of replies, not of advantages"
    if objective.advantage.shift_sensitive and not centres(objective):
        return f"{type(objective.advantage).__name__} has no baseline that shifts with the rewards"
    return ""


def advantages_compare(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """A shift of all rewards changes no advantage; those with a group baseline sum to 0."""
    if not isinstance(objective, Algorithm):
        raise TypeError("only an Algorithm has an advantage")
    inputs = one_token_each(seed, dtype=dtype)
    advantage = objective.advantage(inputs)
    if not objective.advantage.shift_sensitive:
        near(objective.advantage(replace(inputs, reward=inputs.reward + 5)), advantage)
    if centres(objective):
        sums = advantage.new_zeros(4).index_add(0, inputs.group, advantage)
        near(sums, torch.zeros_like(sums), scale=advantage)


def equal_rewards_have_no_gradient(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """Groups of equal rewards have advantages of exactly 0, groups of one have finite ones.

    This holds for rewards that no float represents exactly. Where advantages are centred, groups of
    one have 0. A loss of pairs has no gradient among replies that are all right or all wrong.
    """
    if not isinstance(objective, Algorithm):
        raise TypeError("only an Algorithm has an advantage")
    inputs = one_token_each(seed, dtype=dtype)
    alone = objective.advantage(replace(inputs, group=torch.arange(len(inputs.group))))
    assert_close(alone.isfinite().all(), torch.tensor(data=True))
    if centres(objective):
        assert_close(alone, torch.zeros_like(alone), atol=0, rtol=0)
    for reward in AWKWARD:
        equal = objective.advantage(level(inputs, reward, dtype))
        assert_close(equal.isfinite().all(), torch.tensor(data=True))
        if compares(objective):
            assert_close(equal, torch.zeros_like(equal), atol=0, rtol=0)
    if isinstance(objective, BatchLoss) and Need.PAIRS in objective.needs:
        _no_pairs_no_gradient(objective, seed, dtype)


def _no_pairs_no_gradient(objective: BatchLoss, seed: int, dtype: torch.dtype) -> None:
    logp, batch = draw(seed, drift=0.0, dtype=dtype)
    for right in (True, False):
        alike = replace(batch, correct=torch.full_like(batch.group, right, dtype=torch.bool))
        _, gradient = loss_and_gradient(objective, logp, alike)
        assert_close(gradient, torch.zeros_like(gradient), atol=0, rtol=0)
