"""A value model: it begins at 0, learns what it is told, and slices don't show."""

from pathlib import Path

import pytest
import torch
from test_parity import ENDS, played
from torch.testing import assert_close

from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.learner import NonFinite
from whet.types import Decoding
from whet.types.optimisers import AdamW

VARIED = Decoding(length=20, stop=ENDS)
BRISK = AdamW(rate=3e-3)


@pytest.fixture
def rollouts(engine):
    return [r for group in played(engine[0], VARIED) for r in group if r.length]


def fit(target, count):
    """Half the mean square error."""
    return lambda value, tokens: ((value - target[tokens]) ** 2).sum() / (2 * count)


def of_prompts(rollouts):
    """1 for every token after an even number of prompt tokens, else 0."""
    even = [float(r.chosen.index(True) % 2 == 0) for r in rollouts for _ in r.behaviour_logp]
    return torch.tensor(even)


def test_before_it_has_learned_anything_it_expects_nothing(folder, rollouts):
    values = Embedded(device="cpu").critic(Path(folder)).values(rollouts)
    assert len(values) == sum(r.length for r in rollouts)
    assert not values.any()


def test_it_learns_what_it_is_told(folder, rollouts):
    critic = Embedded(device="cpu").critic(Path(folder))
    critic.begin(BRISK)
    target = of_prompts(rollouts)
    assert 0 < target.mean() < 1
    wanted = fit(target, len(target))
    losses = [critic.step(wanted, rollouts, BRISK.rate)["value_loss"].value for _ in range(30)]
    assert losses[-1] < 0.2 * losses[0]
    assert_close(wanted(critic.values(rollouts), slice(None)).item(), losses[-1], rtol=1, atol=0.1)


def test_slices_do_not_show(folder, rollouts):
    target = of_prompts(rollouts)
    wanted = fit(target, len(target))
    found = []
    for budget in (30, 10**9):
        critic = Embedded(device="cpu", budget=budget).critic(Path(folder))
        critic.begin(BRISK)
        told = [critic.step(wanted, rollouts, BRISK.rate) for _ in range(2)]
        found.append((told[-1]["value_loss"].value, critic.values(rollouts)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-4)


def test_saved_and_loaded_it_goes_on_as_if_nothing_had_happened(folder, rollouts, tmp_path):
    target = of_prompts(rollouts)
    wanted = fit(target, len(target))
    one, other = (Embedded(device="cpu").critic(Path(folder)) for _ in range(2))
    for critic in (one, other):
        critic.begin(BRISK)
    one.step(wanted, rollouts, BRISK.rate)
    one.save(tmp_path)
    other.load(tmp_path)
    for critic in (one, other):
        critic.step(wanted, rollouts, BRISK.rate)
    assert torch.equal(one.values(rollouts), other.values(rollouts))


def test_a_loss_that_is_no_number_moves_no_weight(folder, rollouts):
    critic = Embedded(device="cpu").critic(Path(folder))
    critic.begin(BRISK)
    with pytest.raises(NonFinite, match="the critic's loss is nan"):
        critic.step(lambda value, tokens: value.sum() * float("nan"), rollouts, BRISK.rate)
    assert not critic.values(rollouts).any()
