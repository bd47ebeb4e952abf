"""What the loss tells besides its value: tokens at a bound of the clip, counted by hand."""

from dataclasses import replace

import pytest
import torch
from thinned import thinned

from whet.policy import algorithms
from whet.policy.corrections import Masked
from whet.policy.objective import Objective
from whet.policy.regularisers import K3
from whet.registry import names
from whet.testing.draws import draw
from whet.testing.laws import ready
from whet.types import Batch, Mean, totals

NAMES = sorted(names("algorithm"))
RATIO = torch.tensor([1.3, 0.7, 1.1, 1.3, 0.7, 5.0, 1.3, 1.0]).double()
ADVANTAGE = torch.tensor([1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 0.0, 2.0]).double()


def moved(**columns) -> tuple[torch.Tensor, Batch]:
    """Eight rollouts of one token; the ratios and advantages above."""
    count = len(RATIO)
    each = torch.arange(count)
    proximal = torch.full((count,), -2.0).double()
    batch = Batch(
        totals=totals(each, each),
        row=each,
        group=each // 4,
        advantage=ADVANTAGE,
        behaviour_logp=proximal,
        proximal_logp=proximal,
        reference_logp=proximal - 0.5,
    )
    return proximal + RATIO.log(), replace(batch, **columns).counted()


def shares(objective, logp, batch) -> dict[str, tuple[float, float]]:
    batch = batch.prepared(objective.selections)
    return {n: (m.total, m.count) for n, m in objective.metrics(logp, batch).items()}


def test_a_price_hides_no_clip():
    """Seven tokens have an advantage.

    1.3 is above 1.2 where it is raised, 0.7 below 0.8 where it is lowered; 5.0 is lowered from
    above, and still has its gradient.
    """
    logp, batch = moved()
    priced = algorithms.load("grpo")
    assert priced.regularisers
    for objective in (priced, replace(priced, regularisers=())):
        assert shares(objective, logp, batch) == {
            "clipped": (2, 7),
            "clipped_high": (1, 7),
            "clipped_low": (1, 7),
            "masked": (0, 7),
        }


@pytest.mark.parametrize(
    ("name", "high", "low"),
    [
        ("dapo", 1, 1),  # 1.28 above
        ("ppo", 1, 1),
        ("gppo", 0, 1),  # outside the clip a bounded gradient; 5.0 is at the floor of 3
        ("cispo", 0, 0),  # clips weights, no gradients
        ("rloo", 0, 0),  # has no clip
        ("gmpo", 0, 0),  # its bounds are at e^±0.4: 1.49 and 0.67
    ],
)
def test_each_algorithm_clips_where_its_equation_says(name, high, low):
    logp, batch = moved()
    found = shares(algorithms.load(name), logp, batch)
    assert (found["clipped_high"], found["clipped_low"]) == ((high, 7), (low, 7))


def test_a_bound_inside_the_ratio_is_one_too():
    """GMPO clips log r before its mean: log 1.3 = 0.26, log 0.7 = −0.36."""
    logp, batch = moved()
    found = shares(algorithms.load("gmpo", low=0.3, high=0.2), logp, batch)
    assert (found["clipped_high"], found["clipped_low"]) == ((1, 7), (1, 7))


def test_a_ratio_of_a_whole_reply_clips_all_of_its_tokens():
    """GSPO: two tokens whose mean ratio is out of bounds, though one of them has not moved."""
    _, batch = moved()
    pairs = {"row": torch.arange(8) // 2, "group": torch.arange(4) // 2, "group_tokens": None}
    twins = replace(batch, **pairs).counted()
    twins = replace(twins, advantage=torch.tensor([1.0, 1.0, -1, -1, 1, 1, 0, 0]).double())
    logp = twins.proximal_logp + torch.tensor([0.0, 0.2, 0.0, 0.2, 0.0, 0.0, 0.2, 0.2]).double()
    found = shares(algorithms.load("gspo"), logp, twins)
    assert found["clipped_high"] == (2, 6)
    assert found["clipped_low"] == (0, 6)


def test_what_a_correction_silences_is_masked_and_not_clipped():
    logp, batch = moved(behaviour_logp=torch.full((8,), -2.0).double() - torch.arange(8))
    objective = replace(algorithms.load("grpo"), corrections=(Masked(),))
    found = shares(objective, logp, batch)
    weights = objective.corrections[0](batch)
    assert found["masked"] == (int(((weights == 0) & (ADVANTAGE != 0)).sum()), 7)
    assert 0 < found["masked"][0] < 7
    assert found["clipped"] == (2, 7)


@pytest.mark.parametrize("name", thinned(NAMES, 3))
def test_slices_add_up_and_the_sides_are_the_whole(name):
    objective = algorithms.load(name)
    for seed in range(6):
        logp, batch = ready(objective, draw(seed))
        whole = objective.metrics(logp, batch)
        if not isinstance(objective, Objective):
            assert whole == {}
            continue
        sides = whole["clipped_high"], whole["clipped_low"]
        assert whole["clipped"].total == sum(side.total for side in sides)
        assert 0 <= whole["clipped"].total <= whole["clipped"].count
        parts = [
            objective.metrics(logp[batch.row == i], batch[i : i + 1])
            for i in range(len(batch.group))
        ]
        for metric, mean in whole.items():
            found = sum((part[metric] for part in parts), Mean())
            assert (found.total, found.count) == pytest.approx((mean.total, mean.count), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_no_price_moves_a_count(name):
    objective = algorithms.load(name)
    if not isinstance(objective, Objective):
        return
    dearer = replace(objective, regularisers=(*objective.regularisers, K3(beta=0.5)))
    for seed in range(3):
        logp, batch = ready(objective, draw(seed))
        assert dearer.metrics(logp, batch) == objective.metrics(logp, batch)
