"""Length rewards against oracles that were written from the papers, without their code."""

from math import exp, sqrt
from statistics import fmean, pstdev

import pytest
from shaped_groups import Told, agrees, among_judged, everywhere, rate

from whet.rewards.shaping.alp import Alp
from whet.rewards.shaping.arora_zanette import AroraZanette
from whet.rewards.shaping.kimi_length import KimiLength
from whet.rewards.shaping.l1_exact import L1Exact
from whet.rewards.shaping.l1_max import L1Max
from whet.rewards.shaping.laser import Laser
from whet.rewards.shaping.laser_d import LaserD
from whet.rewards.shaping.laser_de import LaserDe
from whet.rewards.shaping.linear_length import LinearLength
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.shaping.shorter_better import ShorterBetter
from whet.rewards.shaping.signed import Signed
from whet.rewards.shaping.staged_overlong import StagedOverlong


@among_judged
def alp(rows, beta, longest):
    return [r.c - beta / longest * max(rate(rows), 1 / len(rows)) * r.length for r in rows]


@everywhere
def test_alp(rows):
    """R = 1[right] − (β/N) max(p, 1/K) |y|, p the solve rate of K rollouts (2506.05256)."""
    agrees(Alp(beta=0.05, longest=4096, inner=Told()), rows, alp(rows, 0.05, 4096))
    agrees(Alp(beta=0.3, longest=50, inner=Told()), rows, alp(rows, 0.3, 50))


@among_judged
def arora_zanette(rows, alpha):
    right = [r.length for r in rows if r.right]
    mean, deviation = (fmean(right), pstdev(right)) if right else (0.0, 0.0)
    z = [(r.length - mean) / deviation if deviation else 0.0 for r in rows]
    return [r.c * (1 - alpha / (1 + exp(-x))) if r.right else 0.0 for r, x in zip(rows, z)]  # noqa: B905


@everywhere
def test_arora_zanette(rows):
    """R = 1[right] (1 − α σ((L − mean) / std)), both over right replies (notes of 2502.04463)."""
    for alpha in (0.0, 0.1, 0.4):
        agrees(AroraZanette(alpha=alpha, inner=Told()), rows, arora_zanette(rows, alpha))


@among_judged
def kimi(rows, weight):
    shortest, longest = (f((r.length for r in rows), default=0) for f in (min, max))
    spread = longest - shortest
    share = [0.5 - (r.length - shortest) / spread if spread else 0.0 for r in rows]
    return [r.c + weight * (s if r.right else min(0.0, s)) for r, s in zip(rows, share)]  # noqa: B905


@everywhere
def test_kimi_length(rows):
    """R + w λ, or w min(0, λ) where wrong; λ = ½ − (L − min)/(max − min) (2501.12599).

    λ = 0 where max = min.  The paper's r is 1 or 0, so a graded score is not it.
    """
    for weight in (0.0, 1.0, 1.9):
        agrees(KimiLength(weight=weight, inner=Told()), rows, kimi(rows, weight))


@among_judged
def l1_exact(rows, alpha, target):
    return [r.c - alpha * abs(target - r.length) for r in rows]


@everywhere
def test_l1_exact(rows):
    """R = 1[right] − α |n_gold − n_y|, α = .0003 (2503.04697; run_l1_exact.sh)."""
    agrees(L1Exact(inner=Told()), rows, l1_exact(rows, 0.0003, 1024))
    agrees(L1Exact(alpha=0.01, target=30, inner=Told()), rows, l1_exact(rows, 0.01, 30))


@among_judged
def l1_max(rows, alpha, delta, target):
    return [r.c * min(1.0, max(0.0, alpha * (target - r.length) + delta)) for r in rows]


@everywhere
def test_l1_max(rows):
    """R = 1[right] clip(α (n_gold − n_y) + δ, 0, 1), δ = ½ (2503.04697, memory)."""
    agrees(L1Max(inner=Told()), rows, l1_max(rows, 0.0003, 0.5, 1024))
    judge = L1Max(alpha=0.01, delta=0.25, target=30, inner=Told())
    agrees(judge, rows, l1_max(rows, 0.01, 0.25, 30))


@among_judged
def laser(rows, alpha, target):
    return [r.c + alpha * r.c * (r.length <= target) for r in rows]


@everywhere
def test_laser(rows):
    """R = C + α C 1[L ≤ L_T], α = .5 (2505.15612; `compute_length_reward_larse`)."""
    agrees(Laser(inner=Told()), rows, laser(rows, 0.5, 2048))
    agrees(Laser(target=9, alpha=0.2, inner=Told()), rows, laser(rows, 0.2, 9))


def target_of(rows, targets):
    """Buckets of the release: easy from 2/3 right on, medium from 1/3 on, else hard."""
    easy, medium = 3 * sum(r.c for r in rows) >= 2 * len(rows), rate(rows) >= 1 / 3
    return targets[2] if easy else targets[1] if medium else targets[0]


@among_judged
def laser_d(rows, targets, alpha):
    return [r.c + alpha * r.c * (r.length <= target_of(rows, targets)) for r in rows]


@everywhere
def test_laser_d(rows):
    """As LASER, L_T by the group's accuracy (2505.15612; `compute_length_reward_larse_d`)."""
    for targets in ((4096, 2048, 1024), (3000, 100, 8)):
        agrees(LaserD(targets=targets, inner=Told()), rows, laser_d(rows, targets, 0.5))


@among_judged
def laser_de(rows, targets, alpha):
    def bonus(row):
        within = row.length <= target_of(rows, targets)
        return within if row.right else not within and not row.finish.truncated

    return [r.c + alpha * bonus(r) for r in rows]


@everywhere
def test_laser_de(rows):
    """As LASER-D; and α 1[L > L_T] for wrong replies that ended (`compute_length_reward_larse_de`).

    The release pays it where the score is −.5, which a reply without an answer doesn't have.
    """
    for targets in ((4096, 2048, 1024), (3000, 100, 8)):
        agrees(LaserDe(targets=targets, inner=Told()), rows, laser_de(rows, targets, 0.5))


@among_judged
def linear_length(rows, weight):
    longest = max((r.length for r in rows), default=0)
    share = [r.length / longest if longest else 0.0 for r in rows]
    return [r.c - weight * rate(rows) * r.c * s for r, s in zip(rows, share)]  # noqa: B905


@everywhere
def test_linear_length(rows):
    """C − w p̂ L / max L where it is right, else 0 (from memory: prime-rl's group penalty)."""
    agrees(LinearLength(inner=Told()), rows, linear_length(rows, 0.1))
    agrees(LinearLength(weight=0.9, inner=Told()), rows, linear_length(rows, 0.9))


def soft(row, longest, cushion):
    if row.length <= longest - cushion:
        return 0.0
    return (longest - cushion - row.length) / cushion if row.length <= longest else -1.0


@among_judged
def overlong(rows, longest, cushion, weight):
    return [r.R + weight * soft(r, longest, cushion) for r in rows]


@everywhere
def test_overlong(rows):
    """R + ((L_max − C) − L)/C between L_max − C and L_max, −1 beyond (TRL, eq. 13 of DAPO)."""
    agrees(Overlong(inner=Told()), rows, overlong(rows, 20480, 4096, 1.0))
    judge = Overlong(longest=40, cushion=32, weight=0.5, inner=Told())
    agrees(judge, rows, overlong(rows, 40, 32, 0.5))
    agrees(Overlong(longest=9, cushion=9, inner=Told()), rows, overlong(rows, 9, 9, 1.0))


@everywhere
def test_dapo(rows):
    """DAPO's base is 1 where the reply is right, else −1 (2503.14476, from memory)."""
    wanted = [None if r.fault else (1 if r.right else -1) + soft(r, 40, 32) for r in rows]
    agrees(Overlong(longest=40, cushion=32, inner=Signed(inner=Told())), rows, wanted)


@everywhere
def test_staged_overlong(rows):
    """As overlong; a reply that was cut below L_max has no score (from memory, 2509.08827)."""
    for longest, cushion in ((20480, 4096), (10_000, 100), (40, 32)):
        wanted = [
            None if r.finish.truncated and r.length < longest else score
            for r, score in zip(rows, overlong(rows, longest, cushion, 1.0), strict=True)
        ]
        agrees(StagedOverlong(longest=longest, cushion=cushion, inner=Told()), rows, wanted)


@among_judged
def shorter_better(rows, alpha, beta):
    right = [r.length for r in rows if r.right]
    best = min(right) if right else sum(r.length for r in rows) / max(len(rows), 1)
    return [alpha * r.c - beta * abs(r.length - best) for r in rows]


@everywhere
def test_shorter_better(rows):
    """R = α 1[right] − β |L − SOL|, SOL the shortest right, or the mean length (2504.21370)."""
    agrees(ShorterBetter(inner=Told()), rows, shorter_better(rows, 2.0, 0.001))
    judge = ShorterBetter(alpha=1.0, beta=0.01, inner=Told())
    agrees(judge, rows, shorter_better(rows, 1.0, 0.01))


def test_the_deviation_of_right_lengths_is_the_populations():
    """10, 20, 30: √(200/3), so z = ∓1.2247 and σ(−1.2247) = .2271."""
    assert pstdev([10, 20, 30]) == pytest.approx(sqrt(200 / 3))
