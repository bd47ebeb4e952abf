"""Laws of single parts."""

from math import inf

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from whet.policy.aggregation import SequenceMean, TokenMean
from whet.policy.arithmetic import (
    count_within,
    generalised_advantage,
    mean_within,
    reward_to_go,
    sum_within,
)
from whet.policy.clipping import Clipped, DualClipped, Unclipped
from whet.testing.draws import draw

numbers = st.floats(-3, 3).filter(lambda x: abs(x) > 1e-3)
owned = st.lists(st.tuples(st.floats(-3, 3), st.integers(0, 9)))


def columns(drawn: list[tuple[float, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.tensor([value for value, _ in drawn], dtype=torch.float64)
    return x, torch.tensor([k for _, k in drawn]).long()


@pytest.mark.parametrize("mean", [TokenMean(), SequenceMean()], ids=repr)
@given(st.integers(0, 2**31))
def test_means_weigh_one(mean, seed):
    assume(len(draw(seed).logp))
    weight = mean(draw(seed).batch)
    torch.testing.assert_close(weight.sum().item(), 1.0)


@pytest.mark.parametrize(
    "clip", [Clipped(low=inf, high=inf), DualClipped(low=inf, high=inf, floor=inf)], ids=repr
)
@given(st.lists(st.tuples(numbers, numbers), min_size=1))
def test_an_infinite_clip_is_no_clip(clip, drawn):
    log_ratio, advantage = (torch.tensor(column) for column in zip(*drawn, strict=True))
    ratio = log_ratio.exp()
    torch.testing.assert_close(clip(ratio, advantage), Unclipped()(ratio, advantage))


@given(owned)
def test_segments_are_what_a_loop_says(drawn):
    x, owner = columns(drawn)
    mine = [[value for value, k in drawn if k == own] for _, own in drawn]
    torch.testing.assert_close(count_within(owner), torch.tensor([len(m) for m in mine]).long())
    torch.testing.assert_close(sum_within(x, owner), torch.tensor([sum(m) for m in mine]).double())
    means = torch.tensor([sum(m) / len(m) for m in mine]).double()
    torch.testing.assert_close(mean_within(x, owner), means)


@given(owned, st.floats(0, 1))
def test_reward_to_go_is_what_a_loop_says(drawn, discount):
    reward, row = columns(drawn)
    wanted = []
    for n, (_, own) in enumerate(drawn):
        later = [value for value, k in drawn[n:] if k == own]
        wanted.append(sum(discount**s * value for s, value in enumerate(later)))
    torch.testing.assert_close(reward_to_go(reward, row, discount), torch.tensor(wanted).double())


@given(owned)
def test_gae_with_a_full_trace_is_return_minus_value(drawn):
    reward, row = columns(drawn)
    value = reward.flip(0)
    full = generalised_advantage(reward, value, row, gae_lambda=1.0)
    torch.testing.assert_close(full, reward_to_go(reward, row, 1.0) - value)


def test_gae_by_hand():
    """Two steps, λ = ½:  δ = (0 + 0.5 − 0.2, 1 − 0.5),  Â = (0.3 + 0.5 · 0.5, 0.5)."""
    reward, value = torch.tensor([0.0, 1.0]), torch.tensor([0.2, 0.5])
    advantage = generalised_advantage(reward, value, torch.tensor([0, 0]), gae_lambda=0.5)
    assert advantage.tolist() == pytest.approx([0.55, 0.5])
