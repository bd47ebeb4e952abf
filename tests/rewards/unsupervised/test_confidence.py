"""Confidence, surrogates and controls: hand numbers."""

from dataclasses import replace
from math import log

import pytest
import torch
from said import Marks, asked, replied, scores

from whet.engines.embedded.decoding import SamplingTensors, draw
from whet.protocols import Reward
from whet.rewards.unsupervised import Marked
from whet.rewards.unsupervised.constant import Constant
from whet.rewards.unsupervised.covo import consistency, nearest, vector, volatility
from whet.rewards.unsupervised.entropy_sequence import EntropySequence
from whet.rewards.unsupervised.entropy_token import EntropyToken
from whet.rewards.unsupervised.format_length import FormatLength, arch
from whet.rewards.unsupervised.format_only import FormatOnly
from whet.rewards.unsupervised.random import Random
from whet.rewards.unsupervised.rlsc import Rlsc
from whet.rewards.unsupervised.rlsf import Rlsf
from whet.rewards.unsupervised.self_certainty import SelfCertainty
from whet.types import Reason, UsageError, Verdict


def certain(logits):
    sampling = SamplingTensors(*(torch.tensor([x]) for x in (1.0, 1.0, 0, 0.0)))
    drawn = draw(torch.tensor([logits]), sampling, torch.tensor([0.1]))
    return float(drawn.certainty), float(drawn.entropy)


def test_self_certainty_by_hand():
    """Logits [2, 0, 0, 0]: KL(U‖π) .454, H .918."""
    certainty, entropy = certain([2.0, 0.0, 0.0, 0.0])
    group = [
        replied("ab", self_certainty=(certainty, certainty), entropy=(entropy, entropy)),
        replied("ab", self_certainty=(0.0, 0.2), entropy=(1.0, 1.2)),
    ]
    assert scores(asked(SelfCertainty(truth=None), group)) == pytest.approx([0.454, 0.1], abs=1e-3)
    assert scores(asked(EntropyToken(truth=None), group)) == pytest.approx([-0.918, -1.1], abs=1e-3)


def test_what_others_began_is_not_measured():
    held = replied("abc", self_certainty=(9.0, 1.0, 2.0), forced=1)
    [found] = asked(SelfCertainty(truth=None), [held])
    assert found.score == 1.5


def test_who_chose_nothing_is_no_zero_and_what_nobody_recorded_is_refused():
    [empty] = asked(SelfCertainty(truth=None), [replied("")])
    assert empty.fault
    with pytest.raises(UsageError, match="rollout.self_certainty is missing for 2 tokens"):
        asked(SelfCertainty(truth=None), [replied("ab")])


def test_likelihoods_by_hand():
    group = [replied("ab", probabilities=(0.5, 0.125))]
    [found] = asked(EntropySequence(truth=Marks()), group)
    assert found.score == pytest.approx((log(0.5) + log(0.125)) / 2)
    assert found.correct is False and "reward_accuracy" not in found.parts
    assert scores(asked(Rlsc(truth=None), group)) == pytest.approx([0.25 + 0.1])


def test_the_answers_confidence_is_that_of_its_tokens():
    group = [
        replied("ab#42", probabilities=(0.1, 0.1, 0.1, 0.9, 0.7)),
        replied("no", probabilities=(0.5, 0.75)),
    ]
    assert scores(asked(Rlsf(truth=None), group)) == pytest.approx([(0.8 + 0.4) / 2, 0])


@pytest.mark.parametrize(("x", "worth"), [(0.25, 0.75), (0.5, 1), (0.75, 0.5), (1, -1)])
def test_the_arch_of_length(x, worth):
    assert arch(x, 0.5) == pytest.approx(worth)


def test_format_and_length_instead_of_truth():
    judge = FormatLength(longest=8, form=Constant(value=1.0, truth=None), reader=Marked())
    judge = replace(judge, truth=None)
    group = [replied("##42"), replied("abcd"), replied("12345678"), replied("#2345678")]
    assert scores(asked(judge, group)) == pytest.approx([2, 0, -1, 0])
    with pytest.raises(UsageError, match="format_length.peak"):
        FormatLength(peak=1.0)


def test_a_coin_is_the_rollouts_own_and_fair():
    group = [replied("x", seed=s) for s in range(1000)]
    first = scores(asked(Random(truth=None), group))
    assert first == scores(asked(Random(truth=None), group))
    assert set(first) == {0.0, 1.0} and abs(sum(first) - 500) < 60
    assert scores(asked(Random(probability=0.0, truth=None), group[:3])) == [0, 0, 0]
    with pytest.raises(UsageError, match="random.probability"):
        Random(probability=1.5)


def test_controls_tell_the_truth_beside():
    group = [replied("#42"), replied("#41"), replied("well")]
    everything = asked(Constant(truth=Marks()), group)
    assert scores(everything) == [1, 1, 1]
    assert [v.correct for v in everything] == [True, False, False]
    formed = asked(FormatOnly(reader=Marked(), truth=Marks()), group)
    assert scores(formed) == [1, 1, 0] and formed[2].reason is Reason.NO_ANSWER
    assert formed[0].parts["reward_accuracy"] == 1 and formed[1].parts["reward_accuracy"] == 0


def test_covo_by_hand():
    for near, con, vol in (([0, 1, 1, 1], 0.75, 0.25), ([1, 0, 1, 1], 0.75, 0.5)):
        assert consistency([bool(x) for x in near]) == con
        assert volatility([bool(x) for x in near]) == vol
    assert nearest([[2.0, 1.0], [0.5, 1.0]], own=0) == [False, True]
    assert vector([(0.75, 0.0)]) == pytest.approx(0.75)


def test_a_fault_of_the_form_is_one():
    class IntegrityError(Reward):
        def score(self, rollout):
            return Verdict.unjudged("no")

    judge = FormatLength(form=IntegrityError(), reader=Marked(), truth=None)
    assert asked(judge, [replied("#42")])[0].fault
