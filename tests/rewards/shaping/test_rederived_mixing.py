"""Rewards that mix and explore, against oracles that were written without their code."""

from dataclasses import replace
from math import exp, fsum, sqrt
from statistics import fmean

from shaped_groups import Failing, Heard, Seconded, Told, agrees, among_judged, everywhere, rate

from whet.rewards.shaping import Ramp, Weighed
from whet.rewards.shaping.additive import Additive
from whet.rewards.shaping.annealed import Annealed
from whet.rewards.shaping.cascade import Cascade
from whet.rewards.shaping.combined import Combined
from whet.rewards.shaping.combined_freely import CombinedFreely
from whet.rewards.shaping.dace import Dace
from whet.rewards.shaping.difficulty import Difficulty
from whet.rewards.shaping.diversity import Diversity
from whet.rewards.shaping.gated import Gated
from whet.rewards.shaping.gdpo import Gdpo
from whet.rewards.shaping.novelty import Novelty
from whet.rewards.shaping.prioritised import Prioritised
from whet.rewards.shaping.saturating import Saturating
from whet.rewards.shaping.sigmoid_hybrid import SigmoidHybrid
from whet.rewards.shaping.signed import Signed
from whet.rewards.shaping.stratified import Stratified
from whet.rewards.shaping.weighted_sum import WeightedSum

FIRST = Weighed(judge=Heard(), weight=0.2, name="first")
SECOND = Weighed(judge=Seconded(), weight=0.3, name="second")


def each(rows, score):
    return [None if row.fault else score(row) for row in rows]


@everywhere
def test_additive(rows):
    """R = c + λ clip(m, 0, 1) (from memory: the usual small share of a model's score)."""
    judge = Additive(model=Heard(), weight=0.2, inner=Told())
    agrees(judge, rows, each(rows, lambda r: r.c + 0.2 * min(1, max(0, r.opinion))))


@everywhere
def test_annealed(rows):
    """R + w(step) s, w from .2 to 0 within 500 steps, linearly (ours, no paper)."""
    for step, weight in ((0, 0.2), (125, 0.15), (499, 0.2 / 500), (500, 0.0), (9999, 0.0)):
        judge = Annealed(extra=Heard(), inner=Told())
        agrees(judge, rows, each(rows, lambda r, w=weight: r.R + w * r.opinion), step)


@everywhere
def test_annealed_to_nothing_asks_nobody(rows):
    """At weight 0 the sum is R, whatever befalls the extra judge; before, its fault is a fault."""
    judge = Annealed(extra=Failing(), weight=Ramp(start=0.2, end=0.0, steps=10), inner=Told())
    agrees(judge, rows, each(rows, lambda r: r.R), step=10)
    agrees(judge, rows, [None] * len(rows), step=9)


@everywhere
def test_cascade(rows):
    """1 where the rule accepts, else 1[m ≥ τ] for a reply with an answer (from memory: TinyV)."""
    for tau in (0.8, 0.5, 1.0):
        judge = Cascade(model=Heard(), threshold=tau, inner=Told())
        agrees(judge, rows, each(rows, lambda r, t=tau: 1.0 if r.right else float(passed(r, t))))


def passed(row, tau):
    return row.opinion >= tau


def clipped(x, low, high):
    return min(high, max(low, x))


@everywhere
def test_combined(rows):
    """clip(c + Σ w x, −1, 1.5) through the gates, else the floor; an odd c is a fault (ours)."""
    wanted = each(rows, lambda r: clipped(r.c + 0.2 * r.opinion + 0.3 * r.second, -1, 1.5))
    wanted = [w if r.c == r.R else None for r, w in zip(rows, wanted, strict=True)]
    for kind in (Combined, CombinedFreely):
        agrees(kind(parts=(FIRST, SECOND), inner=Told()), rows, wanted)
    gated = [-0.5 if w is not None and r.opinion < 0.5 else w for r, w in zip(rows, wanted)]  # noqa: B905
    judge = CombinedFreely(parts=(FIRST, SECOND), gates=(Heard(),), floor=-0.5, inner=Told())
    agrees(judge, rows, gated)


@among_judged
def dace(rows, alpha, beta, certainty):
    d = 1 - rate(rows) if rows else 0.0
    sign = (d < beta) - (d > beta)
    return [r.R + alpha * sign * (certainty if r.length else 0.0) for r in rows]


@everywhere
def test_dace(rows):
    """R + α sgn(β − d) C, C the mean log-prob, here −.5 of every token (2509.00125, abstract)."""
    agrees(Dace(inner=Told()), rows, dace(rows, 0.1, 0.5, -0.5))
    agrees(Dace(alpha=0.3, beta=0.25, inner=Told()), rows, dace(rows, 0.3, 0.25, -0.5))


@everywhere
def test_difficulty(rows):
    """R (1 − p̂)^γ (ours, no paper)."""
    for gamma in (0.5, 1.0, 2.0):
        wanted = among_judged(lambda rs, g=gamma: [r.R * (1 - rate(rs)) ** g for r in rs])(rows)
        agrees(Difficulty(gamma=gamma, inner=Told()), rows, wanted)


@among_judged
def diversity(rows, bonus):
    shared = [sum(r.answer == other.answer for other in rows) for r in rows]
    return [r.R + bonus / sqrt(n) * r.c for r, n in zip(rows, shared, strict=True)]


@everywhere
def test_diversity(rows):
    """R + b / √N(answer), where right (2509.06941, abstract; √ from memory)."""
    agrees(Diversity(inner=Told()), rows, diversity(rows, 0.1))


@everywhere
def test_gated(rows):
    """C + Σ λ x 1[c = 1] through all gates, else the floor (from memory: format gates)."""
    wanted = each(
        rows,
        lambda r: r.c * (1 + 0.2 * r.opinion) if r.second >= 0.5 else -1.0,
    )
    agrees(Gated(gates=(Seconded(),), parts=(FIRST,), floor=-1.0, inner=Told()), rows, wanted)
    closed = [replace(r, second=0.4 if i % 2 else 0.5) for i, r in enumerate(rows)]
    wanted = each(closed, lambda r: r.c * (1 + 0.2 * r.opinion) if r.second >= 0.5 else -1.0)
    agrees(Gated(gates=(Seconded(),), parts=(FIRST,), floor=-1.0, inner=Told()), closed, wanted)


def z(values):
    """Standard scores; values that differ by rounding (a float32's or a sum's) are equal."""
    mean = fmean(values) if values else 0.0
    deviation = sqrt(fsum((v - mean) ** 2 for v in values) / max(len(values), 1))
    equal = deviation <= 1e-6 * max(map(abs, values), default=0.0)
    return [0.0 if equal else (v - mean) / deviation for v in values]


@among_judged
def gdpo(rows):
    parts = [z([r.R for r in rows]), z([r.opinion for r in rows]), z([r.second for r in rows])]
    return [fsum(w * p[i] for w, p in zip((1, 0.2, 0.3), parts)) for i in range(len(rows))]  # noqa: B905


@everywhere
def test_gdpo(rows):
    """Σ_k w_k (r_k − mean r_k) / std r_k over the group (2601.05242, in others' code)."""
    agrees(Gdpo(parts=(FIRST, SECOND), inner=Told()), rows, gdpo(rows))


@everywhere
def test_prioritised(rows):
    """C + Σ_j w_j x_j 1[c = 1] Π_{i<j} 1[s_i ≥ ½] (notes of 2508.10548)."""
    for first in (0.49, 0.5, 1.0):
        drawn = [replace(r, opinion=first) for r in rows]
        wanted = each(
            drawn, lambda r: r.c * (1 + 0.2 * r.opinion + 0.3 * r.second * (r.opinion >= 0.5))
        )
        agrees(Prioritised(parts=(FIRST, SECOND), inner=Told()), drawn, wanted)


@among_judged
def saturating(rows, gamma):
    def part(weight, values):
        return [weight * (1 - fmean(values)) ** gamma * v for v in values] if values else []

    parts = part(1, [r.R for r in rows]), part(0.2, [r.opinion for r in rows])
    return list(map(sum, zip(*parts, strict=True)))


@everywhere
def test_saturating(rows):
    """Σ_k w_k (1 − mean s_k)^γ s_k, scores in [0, 1], others are faults (from memory)."""
    odd = any(not 0 <= r.R <= 1 for r in rows)
    drawn = [replace(r, fault=r.fault or not 0 <= r.R <= 1) for r in rows] if odd else rows
    for gamma in (1.0, 2.0):
        judge = Saturating(parts=(FIRST,), gamma=gamma, inner=Told())
        agrees(judge, rows, saturating(drawn, gamma))


@everywhere
def test_sigmoid_hybrid(rows):
    """σ(α m) + (c − 1), α = ½ (Qwen2.5-Math, 2409.12122, from memory)."""
    for alpha in (0.5, 3.0):
        judge = SigmoidHybrid(model=Heard(), alpha=alpha, inner=Told())
        agrees(judge, rows, each(rows, lambda r, a=alpha: 1 / (1 + exp(-a * r.opinion)) + r.c - 1))


@everywhere
def test_signed(rows):
    """+w₊ where it is right, −w₋ where it is wrong (2506.01347, ±1 in notes)."""
    wanted = each(rows, lambda r: 0.1 if r.right else -1.0)
    agrees(Signed(positive=0.1, inner=Told()), rows, wanted)


@among_judged
def stratified(rows, delta):
    def u(row):
        band = [r.opinion for r in rows if r.right == row.right]
        spread = max(band) - min(band)
        equal = spread <= 1e-6 * max(map(abs, band))
        return 0.5 if equal else (row.opinion - min(band)) / spread

    return [r.c + delta * (2 * u(r) - 1) for r in rows]


@everywhere
def test_stratified(rows):
    """Wrong: −α + 2α u, right: 1 − β + 2β u, u min–max within the band (2510.07242, in a review).

    The paper adds ε to the divisor, by which equal scores have u = 0; here u is ½.
    """
    for delta in (0.05, 0.1):
        judge = Stratified(model=Heard(), delta=delta, inner=Told())
        agrees(judge, rows, stratified(rows, delta))


@everywhere
def test_weighted_sum(rows):
    """Σ w R, faults are faults (from memory: TRL adds what is no NaN)."""
    judge = WeightedSum(rewards=(Told(), Heard(), Seconded()), weights=(2.0, -0.5, 0.25))
    agrees(judge, rows, each(rows, lambda r: 2 * r.R - r.opinion / 2 + r.second / 4))
    mean = WeightedSum(rewards=(Told(), Heard()))
    agrees(mean, rows, each(rows, lambda r: (r.R + r.opinion) / 2))


@among_judged
def novelty(rows, bonus, size):
    grams = [{tuple(range(i, i + size)) for i in range(r.length - size + 1)} for r in rows]
    others = [set().union(*(g for j, g in enumerate(grams) if j != i)) for i in range(len(rows))]
    new = [len(g - o) / len(g) if g else 0.0 for g, o in zip(grams, others, strict=True)]
    return [r.R + bonus * r.c * u for r, u in zip(rows, new, strict=True)]


@everywhere
def test_novelty(rows):
    """R + b |own n-grams in no other reply| / |own n-grams|, where right (ours, no paper).

    The replies count upwards, so the longest one alone has n-grams of its own.
    """
    agrees(Novelty(inner=Told()), rows, novelty(rows, 0.1, 4))
    agrees(Novelty(bonus=0.05, size=1, inner=Told()), rows, novelty(rows, 0.05, 1))
