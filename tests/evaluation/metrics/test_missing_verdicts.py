"""Every metric with missing verdicts: against every way to fill them in."""

from functools import partial
from math import isnan
from random import Random

import pytest
from problem_records import N, R, W, completions, problem

from whet.evaluation.metrics import pooled
from whet.evaluation.metrics.auroc import pooled_auroc
from whet.evaluation.metrics.best_of_n import mean_best_of_n, mean_oracle_gap
from whet.evaluation.metrics.brier import mean_brier
from whet.evaluation.metrics.calibration_error import calibration_error
from whet.evaluation.metrics.chain_pass_at_k import mean_chain_given_answer, mean_chain_pass_at_k
from whet.evaluation.metrics.columns import column
from whet.evaluation.metrics.g_pass_at_k import mean_g_pass_at_k, mean_mg_pass_at_k
from whet.evaluation.metrics.lengths import mean_right_length
from whet.evaluation.metrics.majority import mean_majority_at_k
from whet.evaluation.metrics.pass_all_k import mean_pass_all_k
from whet.evaluation.metrics.pass_at_k import mean_average, mean_pass_at_k
from whet.evaluation.metrics.selective import (
    pooled_aurc,
    pooled_coverage_at,
    pooled_selective_accuracy,
)
from whet.evaluation.metrics.token_budget import mean_budget_area, tokens_per_right
from whet.evaluation.metrics.weighted_majority import Softmax, mean_weighted_majority_at_k


def stated(problems):
    return column(problems, lambda sample: sample.confidence)


def rated(metric, *more):
    return lambda problems: metric(problems, stated(problems), *more)


MET = {  # both ends are met by a completion
    "average": mean_average,
    "pass@2": partial(mean_pass_at_k, k=2),
    "pass^2": partial(mean_pass_all_k, k=2),
    "G-Pass@3": partial(mean_g_pass_at_k, k=3, tau=0.5),
    "mG-Pass@3": partial(mean_mg_pass_at_k, k=3),
    "maj@3": partial(mean_majority_at_k, k=3),
    "weighted maj@3": rated(mean_weighted_majority_at_k, 3),
    "softmax maj@3": rated(mean_weighted_majority_at_k, 3, Softmax(temperature=0.3)),
    "BoN@2": rated(mean_best_of_n, 2),
    "CoT-pass@2": partial(mean_chain_pass_at_k, k=2),
    "Brier": rated(mean_brier),
    "ECE": lambda problems: calibration_error(problems, stated(problems), 2).plain,
    "AUROC": rated(pooled_auroc),
    "AURC": rated(pooled_aurc),
    "selective accuracy": rated(pooled_selective_accuracy, 0.5),
    "coverage": rated(pooled_coverage_at, 0.6),
    "budget area": partial(mean_budget_area, budget=50),
    "tokens per right": tokens_per_right,
}
HELD = {  # no completion is outside
    "oracle gap": rated(mean_oracle_gap, 2),
    "chain given answer": mean_chain_given_answer,
    "right length": mean_right_length,
}


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(pooled, "_DRAWS", 3)


def drawn(dice, name, samples=4):
    verdicts = [dice.choice([R, W, N]) for _ in range(samples)]
    return problem(
        verdicts,
        name,
        extracted=dice.choices("abc", k=samples),
        confidence=[dice.choice([0.1, 0.4, 0.5, 0.8, 0.9]) for _ in range(samples)],
        chain_correct=dice.choices([R, W], k=samples),
        tokens=[dice.randrange(1, 99) for _ in range(samples)],
    )


def values(metric, held):
    found = [metric(whole).value for whole in completions(held)]
    return [value for value in found if not isnan(value)]


@pytest.mark.parametrize("name", list(MET))
@pytest.mark.parametrize("seed", range(4))
def test_both_ends_are_met_and_the_value_is_between(name, seed):
    dice = Random(seed)
    held = [drawn(dice, "p"), drawn(dice, "q")]
    found, every = MET[name](held), values(MET[name], held)
    assert (found.least, found.most) == pytest.approx((min(every), max(every)), abs=1e-9)
    assert isnan(found.value) or found.least <= found.value <= found.most
    assert isnan(found.value) or found.low <= found.value <= found.high


@pytest.mark.parametrize("name", list(HELD))
@pytest.mark.parametrize("seed", range(4))
def test_no_completion_is_outside(name, seed):
    dice = Random(seed)
    held = [drawn(dice, "p"), drawn(dice, "q")]
    found, every = HELD[name](held), values(HELD[name], held)
    assert found.least - 1e-9 <= min(every) and max(every) <= found.most + 1e-9
    assert isnan(found.value) or found.least <= found.value <= found.most


@pytest.mark.parametrize("name", [*MET, *HELD])
def test_with_all_verdicts_the_value_is_exact(name):
    held = [
        problem([R, W, R, W], extracted=["a", "b", "a", "b"], confidence=[0.9, 0.1, 0.8, 0.8],
                chain_correct=R, tokens=10),
        problem([R, R, R, R], "q", extracted="a", confidence=[0.5, 0.6, 0.7, 0.8],
                chain_correct=W, tokens=20),
    ]  # fmt: skip
    found = {**MET, **HELD}[name](held)
    assert found.exact
    assert found.least == pytest.approx(found.value, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in MET if "per" not in name and name != "AUROC"])
def test_all_right_is_one_end_of_the_scale(name):
    """1 exactly, so that the interval is Wilson's: rounding must not make a 0.9999 of it."""
    held = [
        problem([R] * 4, str(at), extracted=list("aaab"), confidence=1.0, chain_correct=R, tokens=0)
        for at in range(3)
    ]
    found = MET[name](held)
    assert found.value == (0.0 if name in ("Brier", "ECE", "AURC") else 1.0)
    assert 0 < found.high - found.low < 1
