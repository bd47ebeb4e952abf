"""The rewards that play on, against their equations, computed again in plain Python."""

import math
from dataclasses import dataclass
from random import Random

import pytest
from rederived import ANSWER, drawn, spans_of
from said import Marks, asked, replied, together

from whet.protocols import Reward
from whet.rewards.dense import Hard, Separated, Soft, Surprises
from whet.rewards.dense.progress import Progress
from whet.rewards.dense.segments import Segments
from whet.rewards.dense.shepherd import Shepherd
from whet.rewards.dense.vine import Vine
from whet.types import Reason, Verdict

SEEDS = range(100)
COUNT = 8


class World:
    """Continuations of a prefix: how many of `COUNT` are right, and how many can't be judged."""

    def __init__(self, seed):
        self.seed = seed

    def right(self, prefix):
        return Random(f"{self.seed} {len(prefix)}").choice([0, 1, 3, 7, COUNT])

    def lost(self, prefix):
        return Random(f"lost {self.seed} {len(prefix)}").choice([0, 0, 0, 1, 3])

    async def __call__(self, request):
        [prefix] = {play.prefix for play in request.plays}
        count = len(request.plays)
        words = [ANSWER] * self.right(prefix) + ["7"] * (count - self.right(prefix))
        words[count - self.lost(prefix) :] = ["fault"] * self.lost(prefix)
        return together(replied(w, task=request.task) for w in words)

    def rate(self, length):
        """The share of right ones among those that could be judged."""
        judged = COUNT - self.lost(range(length))
        return min(self.right(range(length)), judged) / judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled(Reward):
    """`Marks` on another scale: wrong scores `low`, right `high`."""

    low: float = 0.0
    high: float = 1.0

    def score(self, rollout):
        found = Marks().score(rollout)
        if found.fault:
            return found
        score = self.high if found.correct else self.low
        reason = Reason.OK if found.correct else Reason.WRONG
        return Verdict(reason=reason, score=score, correct=found.correct)


SCALES = [Scaled(), Scaled(low=-1.0), Scaled(low=-1.0, high=0.9), Scaled(high=0.3)]


def chains():
    """A chain, what its continuations are worth, and its judge; some replies are empty."""
    for seed in SEEDS:
        rng = Random(seed)
        reply = drawn(rng, "any").replace("fault", "").replace("b", ";")
        yield reply, World(seed), SCALES[seed % len(SCALES)]


def scored(judge, rate):
    """The mean score of continuations of which this share is right."""
    return judge.low + (judge.high - judge.low) * rate


def steps_and_rates(reply, world):
    """Spans of the steps, and the success rate before each; the last step ends the chain."""
    spans = spans_of(reply, ";")
    return spans, [world.rate(start) for start, _ in spans]


def test_vine():
    """A_k = V̂(s_{k+1}) − V̂(s_k) at every token of step k; V̂ of the end is the return itself.

    arXiv:2410.01679 section 4, and `_compute_step_advantages` of the authors' code.
    """
    for reply, world, inner in chains():
        judge = Vine(count=COUNT, cuts=Separated(mark=";"), inner=inner)
        [found] = asked(judge, [replied(reply)], world)
        spans, rates = steps_and_rates(reply, world)
        outcome = scored(inner, float(reply.endswith(ANSWER)))
        values = [*(scored(inner, r) for r in rates), outcome]
        wanted = [0.0] * len(reply)
        for (start, end), a, b in zip(spans, values, values[1:], strict=False):
            wanted[start:end] = [b - a] * (end - start)
        assert found.score == pytest.approx(outcome)
        assert found.credit == pytest.approx(wanted, abs=1e-6), reply


@pytest.mark.parametrize("label", [Soft(), Hard()])
def test_shepherd(label):
    """y_k = (1/N) Σ_j right_j, or 1 where any is right, at the end of step k; the last step has
    the outcome.  Right is what the judge calls right, on any scale.

    arXiv:2312.08935 section 3.3, equations 3 and 4 (from memory).
    """
    for reply, world, inner in chains():
        judge = Shepherd(count=COUNT, label=label, cuts=Separated(mark=";"), inner=inner)
        [found] = asked(judge, [replied(reply)], world)
        spans, rates = steps_and_rates(reply, world)
        labels = [*rates[1:], float(reply.endswith(ANSWER))]
        if isinstance(label, Hard):
            labels = [float(y > 0) for y in labels]
        wanted = [0.0] * len(reply)
        for (_, end), y in zip(spans, labels, strict=bool(spans)):
            wanted[end - 1] = y
        assert found.credit == pytest.approx(wanted, abs=1e-6), reply


def test_progress():
    """α (Q^μ(s_{k+1}) − Q^μ(s_k)), Q^μ = 1 − (1 − Q^π)^K, Q^π the success rate, in [0, 1].

    arXiv:2410.08146 (from memory); best of 4 as in the code of SPO.
    """
    for reply, world, inner in chains():
        judge = Progress(count=COUNT, prover=4, alpha=3.0, cuts=Separated(mark=";"), inner=inner)
        [found] = asked(judge, [replied(reply)], world)
        spans, rates = steps_and_rates(reply, world)
        prover = [1 - (1 - q) ** 4 for q in [*rates, float(reply.endswith(ANSWER))]]
        wanted = [0.0] * len(reply)
        for (_, end), a, b in zip(spans, prover, prover[1:], strict=False):
            wanted[end - 1] = 3 * (b - a)
        assert found.credit == pytest.approx(wanted, abs=1e-6), reply


def test_segments():
    """V̂(end) − V̂(start) of the segment for tokens with π ≤ 0.9, which end after every m-th token
    of π < 0.9; 0 for the others.

    arXiv:2505.23564, figure 1.  The released code cuts before such a token, from the first on.
    """
    for seed in SEEDS:
        rng = Random(seed)
        reply = "x" * rng.randrange(12) + rng.choice([ANSWER, "7", ""])
        pi = [rng.choice([0.2, 0.5, 0.89, 0.91, 0.99, 1.0]) for _ in reply]
        every, world, inner = rng.randint(1, 3), World(seed), SCALES[seed % len(SCALES)]
        judge = Segments(count=COUNT, cuts=Surprises(every=every), inner=inner)
        [found] = asked(judge, [replied(reply, probabilities=tuple(pi))], world)
        rare = [n + 1 for n, p in enumerate(pi) if p < 0.9][every - 1 :: every]
        edges = [0, *(c for c in rare if c < len(reply)), len(reply)]
        values = [scored(inner, world.rate(c)) for c in edges[:-1]]
        values.append(scored(inner, float(reply.endswith(ANSWER))))
        wanted = [0.0] * len(reply)
        for k, (start, end) in enumerate(zip(edges, edges[1:], strict=False)):
            for n in range(start, end):
                wanted[n] = values[k + 1] - values[k] if pi[n] <= 0.9 else 0.0
        assert found.credit == pytest.approx(wanted, abs=1e-6), (reply, pi)


def test_values_add_up():
    """Σ_k A_k = R − V̂(s_0): the advantages of a chain telescope."""
    for reply, world, inner in chains():
        judge = Vine(count=COUNT, cuts=Separated(mark=";"), inner=inner)
        [found] = asked(judge, [replied(reply)], world)
        if spans := spans_of(reply, ";"):
            total = math.fsum(found.credit[start] for start, _ in spans)
            assert total == pytest.approx(found.score - scored(inner, world.rate(0)), abs=1e-6)
