"""The cheapest policies under every unsupervised reward, against an honest one.

A proxy that knows no answer can be met without thinking.  Which of them can is a fact about them;
which cheap replies must not pay is a promise.
"""

import pytest
from said import Marks, asked, replied, scores, together

from whet.rewards.unsupervised import Edge, Marked
from whet.rewards.unsupervised.co_reward import CoReward
from whet.rewards.unsupervised.constant import Constant
from whet.rewards.unsupervised.entropy_sequence import EntropySequence
from whet.rewards.unsupervised.entropy_token import EntropyToken
from whet.rewards.unsupervised.format_length import FormatLength
from whet.rewards.unsupervised.format_only import FormatOnly
from whet.rewards.unsupervised.incorrect_majority import IncorrectMajority
from whet.rewards.unsupervised.majority import Majority
from whet.rewards.unsupervised.noisy import Noisy
from whet.rewards.unsupervised.random import Random
from whet.rewards.unsupervised.rlsc import Rlsc
from whet.rewards.unsupervised.rlsf import Rlsf
from whet.rewards.unsupervised.self_certainty import SelfCertainty
from whet.rewards.unsupervised.semantic_entropy import SemanticEntropy

READER = Marked()


def group(*texts, chance=0.6):
    """Replies whose tokens all had this probability, and columns that fit it."""
    return [
        replied(
            text,
            seed=i,
            probabilities=(chance,) * len(text),
            entropy=(1 - chance,) * len(text),
            self_certainty=(chance,) * len(text),
        )
        for i, text in enumerate(texts)
    ]


HONEST = group("6*7=42 so #42", "so it is #42", "7*6 #42", "#41")
SAME = group("#7", "#7", "#7", "#7", chance=0.99)
MOST = group("#7", "#7", "#7", "#8", chance=0.99)
TOKEN = group("aaaa", "aaaa", "aaaa", "aaaa", chance=0.99)
COPY = group("6*7=", "6*7=", "6*7=", "6*7=", chance=0.99)


async def sevens(request):
    return together(replied("#7", seed=play.seed) for play in request.plays)


async def rights(request):
    return together(replied("#42", seed=play.seed) for play in request.plays)


def earned(judge, policy, play=None):
    found = scores(asked(judge, policy, play))
    return sum(found) / len(found)


HACKABLE = [  # (reward, cheapest policy): who knows nothing earns what an honest policy does
    (Majority(reader=READER, truth=None), SAME),
    (SemanticEntropy(reader=READER, truth=None), MOST),
    (IncorrectMajority(reader=READER, truth=Marks()), SAME),
    (EntropyToken(truth=None), TOKEN),
    (EntropySequence(truth=None), TOKEN),
    (SelfCertainty(truth=None), TOKEN),
    (Rlsc(truth=None), TOKEN),
    (Rlsf(truth=None), SAME),
    (FormatOnly(reader=READER, truth=None), SAME),
    (FormatLength(longest=8, form=Constant(truth=None), reader=READER, truth=None), SAME),
    (Constant(truth=None), TOKEN),
    (Random(truth=None), TOKEN),
]


@pytest.mark.parametrize(("judge", "cheap"), HACKABLE, ids=lambda x: type(x).__name__)
def test_hackable_by_nature(judge, cheap):
    assert earned(judge, cheap) >= earned(judge, HONEST)


def test_co_reward_is_hackable_by_nature():
    judge = CoReward(reader=READER, truth=None)
    assert earned(judge, SAME, sevens) == 1 > earned(judge, HONEST, rights)


NEEDS_AN_ANSWER = [
    Majority(reader=READER, truth=None),
    SemanticEntropy(reader=READER, truth=None),
    IncorrectMajority(reader=READER, truth=Marks()),
    Rlsf(truth=None),
    FormatOnly(reader=READER, truth=None),
]


@pytest.mark.parametrize("judge", NEEDS_AN_ANSWER, ids=lambda x: type(x).__name__)
@pytest.mark.parametrize(
    "cheap", [TOKEN, COPY, group("a", "b"), group("#", "#"), group("<think>#7")]
)
def test_where_an_answer_counts_none_earns_nothing(judge, cheap):
    assert scores(asked(judge, cheap)) == [0] * len(cheap)


def test_one_answer_in_all_replies_teaches_nothing_under_semantic_entropy():
    assert earned(SemanticEntropy(reader=READER, truth=None), SAME) == 0


def test_no_answer_is_never_above_one_under_format_and_length():
    judge = FormatLength(longest=8, form=Constant(truth=None), reader=READER, truth=None)
    for size in range(1, 12):
        [with_one, without] = asked(judge, [replied("#7", length=size), replied("ab", length=size)])
        assert without.score < with_one.score and without.score <= 0


def test_noise_keeps_the_order_and_pays_no_cheap_policy():
    judge = Noisy(probability=0.2, inner=Marks())
    right = [replied("#42", seed=i) for i in range(300)]
    wrong = [replied("#7", seed=i) for i in range(300)]
    assert earned(judge, right) > 0.7
    assert earned(judge, wrong) < 0.3


def test_trivial_and_impossible_proposals_are_worth_nothing():
    assert Edge()(0.0) == Edge()(1.0) == 0
    assert Edge()(0.125) == 0.875  # a coin that comes up one time in eight: hackable by nature
