"""Preference losses against the file's numbers, by hand, and over pairs."""

from dataclasses import replace

import pytest
import torch
from policy.oracles import ORACLES, close, expected

from whet.policy.algorithms import load
from whet.policy.objective import BatchLoss
from whet.policy.preferences import (
    FixedAnchor,
    Logistic,
    MeanLogRatio,
    PairwiseLoss,
    Squared,
    SumLogRatio,
    Unpaired,
    pairs,
)
from whet.testing import check_objective
from whet.types import Batch, Totals, UsageError

IN = ORACLES["preference"]["inputs"]
KEPT, LOST = IN["len_w"], IN["len_l"]


def evenly(right: float, wrong: float) -> torch.Tensor:
    """Sums of log-probs, spread over the tokens of a right and a wrong reply."""
    shares = [right / KEPT] * KEPT + [wrong / LOST] * LOST
    return torch.tensor(shares, dtype=torch.float64)


def batch_of(
    correct: list[bool], group: list[int], row: list[int], reference: torch.Tensor
) -> Batch:
    return Batch(
        totals=Totals(tokens=len(row), rollouts=len(group), groups=len(set(group))),
        row=torch.tensor(row),
        group=torch.tensor(group),
        advantage=torch.zeros(len(row), dtype=torch.float64),
        behaviour_logp=reference,
        proximal_logp=reference,
        reference_logp=reference,
        correct=torch.tensor(correct),
    )


LOGP = evenly(IN["logp_w"], IN["logp_l"])
PAIR = batch_of([True, False], [0, 0], [0] * KEPT + [1] * LOST, evenly(IN["ref_w"], IN["ref_l"]))
CRITERIA = {
    "dpo": load("dpo"),
    "cdpo_label_smoothing_01": load("cdpo", smoothing=0.1),
    "ipo_sum": load("ipo", tau=0.1),
    "ipo_avg_TRL": BatchLoss(
        advantage=load("ipo").advantage,
        criterion=PairwiseLoss(score=MeanLogRatio(), link=Squared(tau=0.1)),
    ),
    "simpo": load("simpo"),
}


@pytest.mark.parametrize(("name", "algorithm"), list(CRITERIA.items()), ids=list(CRITERIA))
def test_a_pair(name, algorithm):
    close(algorithm.loss(LOGP, PAIR), expected("preference")[name])


def test_the_gradient_of_dpo():
    logp = LOGP.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(load("dpo").loss(logp, PAIR), logp)
    slope = expected("preference/dpo_grad_wrt_logp_w")
    close(gradient, torch.tensor([slope] * KEPT + [-slope] * LOST), gradient=True)


@pytest.mark.parametrize(
    ("correct", "name"), [([True, True], "kto_desirable"), ([False, False], "kto_undesirable")]
)
def test_kto(correct, name):
    keep = torch.tensor(correct) == torch.tensor([True, False])  # the first one is desirable
    one = replace(PAIR, correct=torch.tensor(correct)).where(keep)
    criterion = Unpaired(beta=0.1, anchor=FixedAnchor(value=0.2))
    close(criterion(LOGP[keep[PAIR.row]], one), expected("preference")[name])


def test_kto_asks_how_far_the_batch_has_gone():
    """H = (1, −½), z₀ = ¼:  L = (1 − σ(0.075) + 1 − σ(0.075)) / 2."""
    close(load("kto").loss(LOGP, PAIR), 1 - torch.tensor(0.075, dtype=torch.float64).sigmoid())


def test_every_right_one_is_preferred_to_every_wrong_one_of_its_group():
    correct, group = [True, False, True, False, True, False], [0, 0, 0, 0, 1, 2]
    zero = torch.zeros(5, dtype=torch.float64)
    better, worse = pairs(batch_of(correct, group, [0, 1, 2, 4, 5], zero))
    assert list(zip(better.tolist(), worse.tolist(), strict=True)) == [(0, 1), (2, 1)]


@pytest.mark.parametrize("name", ["dpo", "cdpo", "ipo", "simpo"])
def test_nobody_to_compare_is_no_loss(name):
    zero = torch.zeros(2, dtype=torch.float64)
    logp = zero.clone().requires_grad_()
    loss = load(name).loss(logp, batch_of([True, True], [0, 0], [0, 1], zero))
    (gradient,) = torch.autograd.grad(loss, logp)
    assert loss.item() == 0
    assert gradient.tolist() == [0, 0]


def test_dpo_at_the_reference():
    """Equal log-ratios: log 2, and a gradient of −β/2 for the right reply."""
    logp = PAIR.reference_logp.clone().requires_grad_()
    loss = load("dpo").loss(logp, PAIR)
    (gradient,) = torch.autograd.grad(loss, logp)
    assert loss.item() == pytest.approx(torch.tensor(2.0).log().item())
    assert gradient[0].item() == pytest.approx(-0.05)


def test_a_part_of_another_kind_obeys_the_laws_too():
    check_objective(CRITERIA["ipo_avg_TRL"], examples=10)
    mixed = PairwiseLoss(score=SumLogRatio(beta=0.3), link=Logistic(smoothing=0.2, margin=0.1))
    check_objective(BatchLoss(advantage=load("dpo").advantage, criterion=mixed), examples=10)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Logistic(smoothing=0.5), "Logistic.smoothing is 0.5"),
        (lambda: Squared(tau=0.0), "Squared.tau is 0"),
    ],
)
def test_what_prefers_nothing_is_refused(make, why):
    with pytest.raises(UsageError, match=why):
        make()
