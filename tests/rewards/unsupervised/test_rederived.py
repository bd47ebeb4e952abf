"""Unsupervised rewards against oracles that were written from the papers and their releases.

Every oracle stands in its test's neighbourhood in plain Python; the docstring has the equation and
where it was read.
"""

from collections import Counter
from math import cos, hypot, log, sin, sqrt
from statistics import fmean

import numpy as np
import pytest
import torch
from said import Marks, asked, replied, scores, together

from whet.engines.embedded.decoding import SamplingTensors, draw
from whet.rewards.unsupervised import Edge, Marked, Parabola, Rarer, Tent
from whet.rewards.unsupervised.co_reward import CoReward
from whet.rewards.unsupervised.constant import Constant
from whet.rewards.unsupervised.covo import consistency, nearest, vector, volatility
from whet.rewards.unsupervised.entropy_sequence import EntropySequence
from whet.rewards.unsupervised.entropy_token import EntropyToken
from whet.rewards.unsupervised.format_length import FormatLength, arch
from whet.rewards.unsupervised.format_only import FormatOnly
from whet.rewards.unsupervised.incorrect_majority import IncorrectMajority
from whet.rewards.unsupervised.majority import Majority
from whet.rewards.unsupervised.noisy import Noisy
from whet.rewards.unsupervised.random import Random
from whet.rewards.unsupervised.rlsc import Rlsc
from whet.rewards.unsupervised.rlsf import Rlsf
from whet.rewards.unsupervised.self_certainty import SelfCertainty
from whet.rewards.unsupervised.semantic_entropy import SemanticEntropy
from whet.rewards.unsupervised.truth import correlation
from whet.types import Finish, Reason

READER = Marked()
CUT = "a cut reply"
BALLOTS = [  # groups of one, ties, all equal, all different, none, empty, cut, unequal sizes
    ["a"],
    [None],
    ["a", "b"],
    ["b", "a", "a", "b"],
    ["a", "a", "a", "a"],
    ["a", "b", "c", "d"],
    [None, None, None],
    ["a", None, "a", "b", None],
    ["a", CUT, "b", "b", CUT, CUT],
    ["a"] * 5 + ["b"] * 2 + ["c"],
    ["a"] * 4 + ["b"] * 4,
]


def ballots(answers):
    """One rollout per answer, of unequal lengths."""
    said = {None: "well"}
    return [
        replied("so #a", seed=i, finish=Finish.LENGTH)
        if a == CUT
        else replied("hm " * i + said.get(a, f"so #{a}"), seed=i, finish=Finish.STOP)
        for i, a in enumerate(answers)
    ]


def read(answers):
    return [None if a == CUT else a for a in answers]


def most(answers):
    """The label of a vote: the most frequent answer, among equals the first; None of none."""
    votes = [a for a in answers if a is not None]
    return Counter(votes).most_common(1)[0][0] if votes else None


def equal(answers, label):
    return [float(a is not None and a == label) for a in answers]


@pytest.mark.parametrize("answers", BALLOTS)
def test_majority(answers):
    """R_i = 1[a_i = mode], ratio = votes of the mode / all replies (TTRL, `ttt_metrics.py`)."""
    held = read(answers)
    label = most(held)
    found = asked(Majority(reader=READER, truth=None), ballots(answers))
    assert scores(found) == equal(held, label)
    ratio = held.count(label) / len(held) if label else 0.0
    assert all(v.parts["majority_ratio"] == pytest.approx(ratio) for v in found)
    none = (Reason.NO_ANSWER, Reason.TRUNCATED)
    assert [v.reason in none for v in found] == [a is None for a in held]


@pytest.mark.parametrize("answers", BALLOTS)
@pytest.mark.parametrize("other", [["a"], ["b", "a", "b"], [None, CUT], ["z", "z"]])
def test_co_reward(answers, other):
    """R_i = 1[a_i = mode of the other wording's answers], 0 without one (`co_reward.py`)."""

    async def play(request):
        return together(ballots(other))

    found = asked(CoReward(reader=READER, truth=None), ballots(answers), play)
    assert scores(found) == equal(read(answers), most(read(other)))


@pytest.mark.parametrize("answers", BALLOTS)
def test_incorrect_majority(answers):
    """R_i = 1[a_i = mode of the wrong answers] (spurious rewards, section 2, from memory)."""
    held = read(answers)
    label = most([a for a in held if a != "a"])
    group = [
        replied(r.reply.replace("#a", "#42"), seed=r.seed, finish=r.finish)
        for r in ballots(answers)
    ]
    found = asked(IncorrectMajority(reader=READER, truth=Marks()), group)
    assert scores(found) == equal(held, label)


def empo(answers, low, high):
    """p(C_i) where low log G < H < high log G, without an answer 0 and a cluster of one each."""
    size = len(answers)
    shares = [1 / size if a is None else answers.count(a) / size for a in answers]
    entropy = -fmean(log(p) for p in shares)  # a mean over replies is a p-weighted sum
    inside = low * log(size) < entropy < high * log(size)
    return [p if inside and a is not None else 0.0 for p, a in zip(shares, answers, strict=True)]


@pytest.mark.parametrize("answers", BALLOTS)
@pytest.mark.parametrize(("low", "high"), [(0.2, 0.9), (0.0, 1.0), (0.5, 0.6)])
def test_semantic_entropy(answers, low, high):
    """EMPO, eq. 6-7 of arXiv:2504.05812 and `semantic_entropy_math_reward` of its release."""
    judge = SemanticEntropy(low=low, high=high, reader=READER, truth=None)
    found = asked(judge, ballots(answers))
    assert scores(found) == pytest.approx(empo(read(answers), low, high))


P = [(0.5, 0.125), (0.9,), (1.0, 1.0, 1.0), (0.01, 0.99, 0.3, 0.7), (0.2,) * 9]


def spoken(probabilities, **more):
    return [replied("x" * len(p), probabilities=p, seed=i, **more) for i, p in enumerate(P)]


def test_entropy_sequence():
    """EM-RL-sequence is Σ log π(y_t) (arXiv:2505.15134, section 4); here its mean, declared."""
    found = asked(EntropySequence(truth=None), [*spoken(P), replied("")])
    assert scores(found)[:-1] == pytest.approx([fmean(map(log, p)) for p in P], abs=1e-6)
    assert found[-1].fault


def test_rlsc():
    """The weight is p_old(y) + α, α = .1 (RLSC, section 3); p_old per token is declared."""
    found = asked(Rlsc(truth=None), spoken(P))
    means = [np.prod(np.array(p)) ** (1 / len(p)) + 0.1 for p in P]
    assert scores(found) == pytest.approx(means, abs=1e-6)


def test_entropy_token_and_self_certainty():
    """−mean H (RENT, `ray_trainer.py`); KL(U‖π) = logsumexp z − mean z − log V (Intuitor)."""
    rng = np.random.default_rng(3)
    logits = [rng.normal(scale=3, size=(n, 7)) for n in (1, 4, 9)]
    one = [[torch.tensor([x]) for x in (1.0, 1.0, 0, 0.0)]]
    group, entropy, certainty = [], [], []
    for rows in logits:
        drawn = [
            draw(
                torch.tensor(r[None], dtype=torch.float32),
                SamplingTensors(*one[0]),
                torch.tensor([0.1]),
            )
            for r in rows
        ]
        columns = {
            "entropy": tuple(float(d.entropy) for d in drawn),
            "self_certainty": tuple(float(d.certainty) for d in drawn),
        }
        group.append(replied("x" * len(rows), **columns))
        chance = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
        entropy.append(-np.mean((chance * np.log(chance)).sum(1)))
        certainty.append(np.mean(-log(7) - np.log(chance).mean(1)))
    assert scores(asked(EntropyToken(truth=None), group)) == pytest.approx(
        [-h for h in entropy], abs=1e-5
    )
    assert scores(asked(SelfCertainty(truth=None), group)) == pytest.approx(certainty, abs=1e-5)


def test_rlsf():
    """Mean of p_top1 − p_top2 over the answer's tokens (arXiv:2507.21931, from memory).

    A reply without an answer has no such tokens; it must not earn more than any answer.
    """
    text, sampled = "so #42", (0.9, 0.9, 0.9, 0.9, 0.75, 0.95)
    told, mute = replied(text, probabilities=sampled), replied("so 42!", probabilities=(1.0,) * 6)
    bad = replied("so #43", probabilities=(*sampled[:4], 1e-6, 1e-6))
    empty = replied("so # ", probabilities=(1.0,) * 5)
    cut = replied(text, probabilities=sampled, finish=Finish.LENGTH)
    found = asked(Rlsf(truth=None), [told, mute, bad, empty, cut])
    assert found[0].score == pytest.approx((0.5 + 0.9) / 2, abs=1e-6)
    assert found[1].reason is Reason.NO_ANSWER and found[1].score <= found[2].score
    assert (found[3].reason, found[4].reason) == (Reason.NO_ANSWER, Reason.TRUNCATED)
    assert found[3].score == found[4].score == 0


@pytest.mark.parametrize("length", [0, 1, 384, 768, 1536, 2304, 3072, 4000])
@pytest.mark.parametrize("says", ["<answer>4</answer>", "well"])
def test_format_length(length, says):
    """½ (format + parse) + L where an answer parses, else min(0, L) (`math_reward.py`)."""
    x, p = length / 3072, 0.5
    bend = 1 - (1 - x / p) ** 2 if x <= p else 1 - 2 * ((x - p) / (1 - p)) ** 2
    assert arch(x, p) == pytest.approx(bend)
    if length:
        judge = FormatLength(form=Marks(), truth=None)
        [found] = asked(judge, [replied(says, length=length)])
        parses = says != "well"
        assert found.score == pytest.approx(0.5 + bend if parses else min(0.0, bend))


def test_format_only_and_constant():
    """1 where there is a box or an answer, right or wrong; 1 for everything (spurious rewards)."""
    group = [replied(t) for t in (r"\boxed{9}", "<answer>4</answer>", "well", "", r"\boxed{")]
    assert scores(asked(FormatOnly(truth=None), group)) == [1, 1, 0, 0, 0]
    assert scores(asked(Constant(truth=None), group)) == [1] * 5


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 1.0])
def test_random_and_noisy(rate):
    """R ~ Bernoulli(γ), nothing of the reply in it; a verdict turned with probability p."""
    some = [replied("#42" if i % 2 else "#7", seed=i) for i in range(300)]
    others = [replied("what", seed=i) for i in range(300)]
    drawn = scores(asked(Random(probability=rate, truth=None), some))
    assert drawn == scores(asked(Random(probability=rate, truth=None), others))
    assert fmean(drawn) == pytest.approx(rate, abs=4 * sqrt(rate * (1 - rate) / 300) + 1e-9)
    heard = scores(asked(Noisy(probability=rate, inner=Marks()), some))
    flips = [h != i % 2 for i, h in enumerate(heard)]
    assert fmean(flips) == pytest.approx(rate, abs=4 * sqrt(rate * (1 - rate) / 300) + 1e-9)


@pytest.mark.parametrize("solved", range(9))
def test_worths_of_a_proposal(solved):
    """AZR eq. 4: 0 at 0 and 1, else 1 − p; R-Zero: 1 − 2|p − ½| (paper), min(p, 1 − p) (code)."""
    p = solved / 8
    assert Edge()(p) == pytest.approx(0 if p in (0, 1) else 1 - p)
    assert Tent()(p) == pytest.approx(1 - 2 * abs(p - 0.5)) == pytest.approx(2 * Rarer()(p))
    assert Parabola()(p) == pytest.approx(4 * p * (1 - p))


def released(near):
    """CoVo's `experience_maker.py`: 1 − (states since the last miss) / T."""
    tail = 0
    for hit in reversed(near):
        if not hit:
            break
        tail += 1
    return sum(near) / len(near), 1 - tail / len(near)


@pytest.mark.parametrize("bits", range(16))
def test_covo(bits):
    """Con = share of nearest states, Vol = i of the last miss / T, i from 1 (the release)."""
    near = [bool(bits >> i & 1) for i in range(4)]
    distance = [[1.0, 2.0, 3.0] if hit else [2.5, 2.0, 3.0] for hit in near]
    assert nearest(distance, 0) == near
    con, vol = released(near)
    assert consistency(near) == pytest.approx(con) and volatility(near) == pytest.approx(vol)
    pairs = [(con, vol), (0.5, 0.25), (1.0, 0.0)]
    polar = [np.mean([c * f(v) for c, v in pairs]) for f in (cos, sin)]
    assert vector(pairs) == pytest.approx(hypot(*polar))


def test_correlation():
    """Pearson's r, by numpy; float32 scores, and none where a side is constant."""
    rng = np.random.default_rng(1)
    for size in (2, 3, 50):
        proxy = rng.normal(size=size).astype(np.float32)
        truth = np.arange(size) % 2
        value = np.corrcoef(proxy.astype(np.float64), truth)[0, 1]
        pairs = list(zip(map(float, proxy), map(float, truth), strict=True))
        assert correlation(pairs) == pytest.approx(value)
    assert correlation([(0.1, 1.0)]) is None
    assert correlation([(0.3, 1.0), (0.1 + 0.2, 0.0)]) is None
