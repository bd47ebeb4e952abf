"""The sum over observation tokens: numbers by hand, own denominators, trees."""

from dataclasses import replace
from random import Random

import pytest
import torch
from policy.oracles import DOUBLE, b0, close, flat, scores

from whet.policy.aggregation import SequenceMean, TokenMean
from whet.policy.algorithms import load
from whet.policy.observations import ObservationLikelihood
from whet.testing import LAWS
from whet.testing.draws import draw
from whet.testing.laws import loss_and_gradient, observed_gradient
from whet.types import Need, Rollout, Task, TrainBatch, UsageError, observations

LOGP = [-1.0, -3.0, -0.5, -2.0, -4.0]
ROW = [0, 0, 2, 2, 2]  # rollouts 1, 3, 4 and 5 observed nothing


def heard(tree_weight=None, logp=LOGP, row=ROW, group=(0, 0, 0, 1, 1, 1)):
    weight = None if tree_weight is None else torch.tensor(tree_weight, dtype=DOUBLE)
    seen = observations(torch.tensor(row).long(), torch.tensor(group), weight, DOUBLE)
    return replace(seen, learner_logp=torch.tensor(logp, dtype=DOUBLE))


def batch(seen):
    objective = load("echo")
    return replace(b0(objective.advantage(scores())), observed=seen)


def gain(term, seen):
    return term.gain(flat([[0.0] * 4] * 6), batch(seen)).item()


def test_echo_is_grpo_and_the_mean_log_prob_of_observations():
    """α ½ ((−1 − 3)/2 + (−0.5 − 2 − 4)/3) = 0.05 · ½ · (−2 − 13/6) = −0.104166…"""
    logp, whole = flat([[-0.4] * 4] * 6), batch(heard())
    loss, gradient = loss_and_gradient(load("echo"), logp, whole)
    plain, same = loss_and_gradient(load("grpo", beta=0.0), logp, whole)
    close(loss - plain, 0.05 * (2 + 13 / 6) / 2)
    close(gradient, same, gradient=True)
    wanted = [-0.05 / 4, -0.05 / 4, *[-0.05 / 6] * 3]
    close(observed_gradient(load("echo"), logp, whole), wanted, gradient=True)


def test_a_mean_over_tokens_is_over_observation_tokens():
    """−10.5 / 5: neither the 15 sampled tokens nor the 6 rollouts count."""
    term = ObservationLikelihood(coefficient=1.0, aggregation=TokenMean())
    assert gain(term, heard()) == pytest.approx(-10.5 / 5, abs=1e-12)


def test_shared_observations_weigh_as_they_are_told():
    """Rollouts 0 and 2 are leaves that share their first token, −1 for both; 2 goes on alone.

    By tokens: (½ · −1 + −3 + ½ · −1 + −2 − 4) / (½ + 1 + ½ + 1 + 1).
    By rollouts: both last tokens weigh 1, so ½ ((−½ − 3) / 1.5 + (−½ − 2 − 4) / 2.5).
    """
    seen = heard([0.5, 1, 0.5, 1, 1], [-1.0, -3.0, -1.0, -2.0, -4.0])
    by_tokens = ObservationLikelihood(coefficient=1.0, aggregation=TokenMean())
    by_rollouts = ObservationLikelihood(coefficient=1.0, aggregation=SequenceMean())
    assert gain(by_tokens, seen) == pytest.approx(-10 / 4, abs=1e-12)
    assert gain(by_rollouts, seen) == pytest.approx((-3.5 / 1.5 - 6.5 / 2.5) / 2, abs=1e-12)
    nll = by_tokens.metrics(flat([[0.0] * 4] * 6), batch(seen))["observed_nll"]
    assert (nll.total, nll.count) == pytest.approx((10, 4))


def test_nothing_observed_is_exactly_nothing():
    nothing = batch(heard(logp=[], row=[]))
    logp = flat([[-0.4] * 4] * 6)
    assert loss_and_gradient(load("echo"), logp, nothing)[0] == load("grpo", beta=0.0).loss(
        logp, nothing
    )
    [term] = load("echo").extra
    assert term.gain(logp, nothing) == 0
    assert not term.has_gradient(nothing).any()
    assert term.metrics(logp, nothing)["observed_nll"].count == 0


def test_every_rollout_with_an_observation_has_a_gradient_whatever_its_advantage():
    still = replace(batch(heard()), advantage=torch.zeros(15, dtype=DOUBLE))
    assert load("echo").has_gradient(still).tolist() == [True, False, True, False, False, False]
    silenced = load("echo", coefficient=0.0)
    assert not silenced.has_gradient(still).any()


def test_totals_of_sampled_tokens_stay_and_those_of_observations_travel():
    whole, alone = batch(heard()), b0(load("echo").advantage(scores()))
    assert whole.counted().totals == alone.totals
    part = whole[2:3]
    assert part.observed is not None
    assert part.observed.totals == whole.observed.totals
    assert (whole.observed.totals.tokens, whole.observed.totals.rollouts) == (5, 2)
    assert part.observed.row.tolist() == [0, 0, 0]
    assert part.observed.learner_logp.tolist() == LOGP[2:]


def test_a_minibatch_counts_its_own_observations():
    """Group 0 has all five tokens, group 1 none."""
    rollouts = [Rollout.from_text(Task(id=str(n), prompt="?"), "!") for n in range(6)]
    parts = TrainBatch(rollouts, batch(heard())).minibatches(2, Random(0))
    counts = sorted(part.tokens.observed.totals.tokens for part in parts)
    assert counts == [0, 5]


def test_a_batch_in_another_order_moves_the_observations_along():
    whole = batch(heard())
    moved = whole.ordered(torch.tensor([5, 4, 3, 2, 1, 0]))
    assert moved.observed.row.tolist() == [3, 3, 3, 5, 5]
    assert moved.observed.learner_logp.tolist() == [*LOGP[2:], *LOGP[:2]]


def test_a_learner_that_knows_no_observations_is_refused():
    [term] = load("echo").extra
    logp = flat([[0.0] * 4] * 6)
    with pytest.raises(ValueError, match=r"batch\.observed"):
        term.gain(logp, batch(None))
    with pytest.raises(ValueError, match=r"observed\.learner_logp"):
        term.gain(logp, batch(replace(heard(), learner_logp=None)))


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_coefficient_outside_its_domain_is_refused(value):
    with pytest.raises(UsageError, match=r"ObservationLikelihood\.coefficient"):
        ObservationLikelihood(coefficient=value)


def test_echo_alone_asks_for_observations():
    assert Need.OBSERVED in load("echo").needs
    assert Need.OBSERVED not in load("grpo").needs


class PerSlice(ObservationLikelihood):
    """The commonest mistake: a mean over the slice's own tokens."""

    def gain(self, learner_logp, batch):
        return (
            self.coefficient * batch.observed.learner_logp.sum() / max(len(batch.observed.row), 1)
        )


class Idle(ObservationLikelihood):
    """Another: only rollouts with an advantage are computed."""

    def has_gradient(self, batch):
        return batch.group < 0


@pytest.mark.parametrize(
    ("broken", "law"), [(PerSlice(), "micro_batches_add_up"), (Idle(), "has_gradient_is_right")]
)
def test_the_laws_see_a_broken_sum_over_observations(broken, law):
    objective = replace(load("echo"), extra=(broken,))
    with pytest.raises(AssertionError):
        for seed in range(30):
            LAWS[law](objective, seed)


def test_the_laws_draw_observations():
    drawn = [draw(seed).batch.observed for seed in range(20)]
    assert sum(len(seen.row) for seen in drawn) > 20
    assert any(seen.tree_weight is not None and (seen.tree_weight < 1).any() for seen in drawn)
