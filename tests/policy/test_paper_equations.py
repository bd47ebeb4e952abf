"""Equations of papers at settings that no default has, from sums written out by hand.

Nothing here calls the code's own arithmetic: every expected number is a Python sum over the tokens
of a rollout, in the words of the paper that the test names.
"""

from dataclasses import replace
from math import exp, log

import pytest
import torch
from policy.oracles import DOUBLE

from whet.policy.advantages import RewardToGo
from whet.policy.algorithms import load
from whet.policy.algorithms.critic_based.prime import AsReleased, ProcessAndOutcome
from whet.policy.algorithms.critic_free.clip_cov import Covariant
from whet.policy.algorithms.critic_free.kl_cov import MostCovariant
from whet.policy.algorithms.critic_free.nft import ByDeviation, SuccessRate
from whet.policy.clipping import GradientPreserving
from whet.policy.corrections import GeometricTruncated, SequenceMasked, SequenceTruncated
from whet.policy.critics import ExtendedGAE, GeneralisedAdvantage, KLPenalised, LengthAdaptive
from whet.policy.extensions.critic import Critic
from whet.policy.preferences import KLAnchor, Unpaired
from whet.policy.ranks import OverMean
from whet.policy.ratios import TokenRatio
from whet.testing.laws import loss_and_gradient
from whet.types import AdvantageInputs, Batch, totals

ROWS = [0, 0, 0, 1, 1, 2, 2, 2, 2]
GROUPS = [0, 0, 0]
VALUES = [0.4, -0.3, 0.7, 0.2, 0.9, -0.5, 0.6, 0.1, 0.8]
OLD = [-0.5, -1.2, -0.1, -2.0, -0.3, -0.9, -0.4, -1.1, -0.7]
REFERENCE = [-0.6, -1.0, -0.4, -1.8, -0.5, -0.2, -0.9, -1.0, -0.6]
DENSE = [0.3, -0.2, 0.5, 0.1, -0.6, 0.4, 0.2, -0.1, 0.7]
REWARDS = [0.9, -0.4, 0.25]


def column(numbers, dtype=DOUBLE):
    return torch.tensor(numbers, dtype=dtype)


def inputs(**more):
    known = AdvantageInputs(
        reward=column(REWARDS),
        group=torch.tensor(GROUPS),
        row=torch.tensor(ROWS),
        truncated=torch.tensor([False, True, False]),
        value=column(VALUES),
        proximal_logp=column(OLD),
        reference_logp=column(REFERENCE),
        dense=column(DENSE),
    )
    return replace(known, **more)


def rollouts():
    """The tokens of each rollout."""
    return [[n for n, row in enumerate(ROWS) if row == i] for i in range(3)]


def by_token(of):
    """A function of a rollout's tokens and a place among them, for all tokens."""
    return [of(i, tokens, t) for i, tokens in enumerate(rollouts()) for t in range(len(tokens))]


def gae(i, tokens, t, *, decay, beta=0.0, bootstrapped=False):
    """Â_t = Σ_l (γλ)^l δ_{t+l}, δ_t = r_t + γ V(s_{t+1}) − V(s_t) (arXiv:1506.02438)."""
    total, (gamma, gae_lambda) = 0.0, decay
    for s in range(t, len(tokens)):
        n, last = tokens[s], s == len(tokens) - 1
        following = VALUES[tokens[s + 1]] if not last else 0.0
        reward = (REWARDS[i] if last else 0.0) - beta * (OLD[n] - REFERENCE[n])
        if last and bootstrapped:
            reward, following = 0.0, VALUES[n]
        total += (gamma * gae_lambda) ** (s - t) * (reward + gamma * following - VALUES[n])
    return total


def agrees(found, wanted):
    assert found.tolist() == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("gamma", "gae_lambda"), [(0.9, 0.8), (0.9, 1.0), (0.5, 0.0), (1.0, 0.7)])
def test_gae_discounts_by_gamma_and_lambda(gamma, gae_lambda):
    """arXiv:1506.02438: every δ is discounted by (γλ)^l, and V(s_{t+1}) by γ."""
    advantage = GeneralisedAdvantage(gae_lambda=gae_lambda, discount=gamma)
    agrees(
        advantage(inputs()),
        by_token(lambda i, y, t: gae(i, y, t, decay=(gamma, gae_lambda))),
    )


def test_critics_are_fitted_to_discounted_returns():
    """G_t = Â_t + V(s_t) with the critic's own λ and γ (VC-PPO, arXiv:2503.01491)."""
    critic = Critic(gae_lambda=0.7, discount=0.9, token_rewards=KLPenalised(beta=0.3))
    wanted = by_token(lambda i, y, t: gae(i, y, t, decay=(0.9, 0.7), beta=0.3) + VALUES[y[t]])
    agrees(critic.targets(inputs()), wanted)


def test_length_adaptive_gae_is_discounted():
    """VAPO (arXiv:2504.05118): λ = 1 − 1/(α l), with γ away from 1."""
    found = LengthAdaptive(alpha=0.6, discount=0.8)(inputs())
    agrees(
        found,
        by_token(lambda i, y, t: gae(i, y, t, decay=(0.8, min(max(1 - 1 / (0.6 * len(y)), 0), 1)))),
    )


def test_extended_gae_is_discounted():
    """T-PPO (arXiv:2506.15050): V of a cut-off rollout's end is that of its last state."""
    found = ExtendedGAE(gae_lambda=0.7, discount=0.8)(inputs())
    agrees(
        found,
        by_token(lambda i, y, t: gae(i, y, t, decay=(0.8, 0.7), bootstrapped=i == 1)),
    )


def test_reward_to_go_is_discounted():
    """REINFORCE++ (arXiv:2501.03262): discounted returns of rewards less β k1."""
    agrees(
        RewardToGo(beta=0.3, discount=0.8)(inputs()),
        by_token(
            lambda i, y, t: sum(
                0.8 ** (s - t)
                * (REWARDS[i] * (s == len(y) - 1) - 0.3 * (OLD[y[s]] - REFERENCE[y[s]]))
                for s in range(t, len(y))
            )
        ),
    )


def leave_one_out(numbers, i):
    others = [x for j, x in enumerate(numbers) if j != i]
    return sum(others) / len(others)


def test_prime_discounts_its_process_rewards():
    """PRIME (arXiv:2502.01456): Σ_{s≥t} γ^{s−t} (r_s − mean_{j≠i} r̄_j) + leave-one-out R."""
    means = [sum(DENSE[n] for n in y) / len(y) for y in rollouts()]

    def wanted(i, y, t):
        left = [DENSE[n] - leave_one_out(means, i) for n in y]
        process = sum(0.7 ** (s - t) * left[s] for s in range(t, len(y)))
        return process + REWARDS[i] - leave_one_out(REWARDS, i)

    agrees(ProcessAndOutcome(discount=0.7)(inputs()), by_token(wanted))

    def released(i, y, t):
        left = [3 / 2 * DENSE[n] - sum(means) / 2 for n in y]
        process = sum(0.7 ** (s - t) * left[s] for s in range(t, len(y)))
        return process + REWARDS[i] - leave_one_out(REWARDS, i)

    agrees(ProcessAndOutcome(discount=0.7, centre=AsReleased())(inputs()), by_token(released))


def test_vapo_fits_its_critic_to_undiscounted_returns():
    """VAPO (arXiv:2504.05118): λ_critic = 1, so every target is R."""
    (critic,) = load("vapo").companions
    assert (critic.gae_lambda, critic.discount) == (1.0, 1.0)
    agrees(critic.targets(inputs()), [REWARDS[i] for i in ROWS])
    (critic,) = load("vc_ppo").companions
    agrees(critic.targets(inputs()), [REWARDS[i] for i in ROWS])


LEARNER = [-0.4, -0.9, -0.3, -2.2, -0.1, -1.5, -0.8, -0.6, -1.9]
BEHAVIOUR = [-1.5, -2.2, -1.1, -2.4, -0.9, -0.9, -0.4, -1.1, -0.7]


def batch(advantage=None, **more):
    row, group = torch.tensor(ROWS), torch.tensor(more.pop("group", GROUPS))
    known = Batch(
        totals=totals(row, group),
        row=row,
        group=group,
        advantage=column(advantage or [1.0] * len(ROWS)),
        behaviour_logp=column(BEHAVIOUR),
        proximal_logp=column(OLD),
        reference_logp=column(REFERENCE),
        correct=torch.tensor([True, False, True]),
        learner_logp=column(LEARNER),
    ).counted()
    return replace(known, **more)


def mean_logp(i, numbers=LEARNER):
    tokens = rollouts()[i]
    return sum(numbers[n] for n in tokens) / len(tokens)


def test_disco_divides_by_all_prompts():
    """DisCO (arXiv:2505.12366), released code: prompts of one class stay in the denominator."""
    mixed = batch(group=[0, 0, 1])  # the third rollout is alone in its group, and correct
    wanted = -(mean_logp(0) - 10 * log(exp(mean_logp(1) / 10))) / 2
    objective = load("disco", beta=0.0)
    assert objective.loss(column(LEARNER), mixed).item() == pytest.approx(wanted, abs=1e-12)


def test_kto_clamps_its_reference_point():
    """KTO (arXiv:2402.01306): z₀ is a KL, so it is never below 0."""
    moved = [sum(LEARNER[n] - REFERENCE[n] for n in tokens) for tokens in rollouts()]
    assert sum(moved) < 0
    sigmoid = lambda x: 1 / (1 + exp(-x))  # noqa: E731
    wanted = (
        sum(
            1 - sigmoid(0.5 * (h if right else -h))
            for h, right in zip(moved, (1, 0, 1), strict=True)
        )
        / 3
    )
    loss = Unpaired(beta=0.5, anchor=KLAnchor())(column(LEARNER), batch())
    assert loss.item() == pytest.approx(wanted, abs=1e-12)
    up = [-x for x in LEARNER]  # now the mean is positive
    above = [sum(up[n] - REFERENCE[n] for n in tokens) for tokens in rollouts()]
    z = sum(above) / 3
    wanted = (
        sum(
            1 - sigmoid(0.5 * (h - z if right else z - h))
            for h, right in zip(above, (1, 0, 1), strict=True)
        )
        / 3
    )
    loss = Unpaired(beta=0.5, anchor=KLAnchor())(column(up), batch())
    assert loss.item() == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("cap", [1.1, 2.0, 3.0, 1e9])
def test_weights_of_rollouts_are_capped(cap):
    """TIS: min(Π ρ, C); AReaL: min((Π ρ)^{1/|y|}, C); TRL's mask: 0 beyond C."""
    held = batch()
    products = [exp(sum(OLD[n] - BEHAVIOUR[n] for n in y)) for y in rollouts()]
    geometric = [p ** (1 / len(y)) for p, y in zip(products, rollouts(), strict=True)]
    assert max(geometric) > 1.1
    spread = lambda per_rollout: [per_rollout[i] for i in ROWS]  # noqa: E731
    agrees(SequenceTruncated(cap=cap)(held), spread([min(p, cap) for p in products]))
    agrees(GeometricTruncated(cap=cap)(held), spread([min(g, cap) for g in geometric]))
    agrees(SequenceMasked(cap=cap)(held), spread([p if p <= cap else 0 for p in products]))


def covariances(advantage):
    mean_a, mean_l = sum(advantage) / 9, sum(LEARNER) / 9
    return [(a - mean_a) * (x - mean_l) for a, x in zip(advantage, LEARNER, strict=True)]


WIDE = [8.0, -3.0, 2.0, 5.0, -9.0, -9.0, 4.0, 1.0, 6.0]


def test_clip_cov_draws_between_its_bounds():
    """Clip-Cov (arXiv:2505.22617): tokens of covariance within (ω_low, ω_high) only."""
    cov = covariances(WIDE)
    wanted = [1.0 < c < 5.0 for c in cov]
    assert any(c > 5 for c in cov)
    assert any(wanted)
    everything = Covariant(share=1.0, below=1e9, above=1e9)
    assert everything(batch(WIDE)).tolist() == wanted
    one = Covariant(share=1.9 / 9, below=1e9, above=1e9)(batch(WIDE))
    assert one.sum() == 1
    assert wanted[one.tolist().index(True)]


@pytest.mark.parametrize(("share", "count"), [(0.0, 1), (1.99 / 9, 1), (2.01 / 9, 2), (1.0, 9)])
def test_kl_cov_rounds_down(share, count):
    """KL-Cov (arXiv:2505.22617), released code: max(1, int(k · N)) tokens of largest covariance."""
    chosen = MostCovariant(share=share)(batch(WIDE)).tolist()
    ranked = sorted(range(9), key=covariances(WIDE).__getitem__, reverse=True)
    assert {n for n, mine in enumerate(chosen) if mine} == set(ranked[:count])


@pytest.mark.parametrize("right", [1, 50, 99])
def test_nft_clamps_the_success_rate_on_both_sides(right):
    """NFT (arXiv:2505.18116), released code: q in [.02, .98]; ω = 1 − q or √((1 − q)/q)."""
    correct = torch.arange(100) < right
    held = AdvantageInputs(
        reward=correct.double(),
        group=torch.zeros(100, dtype=torch.long),
        row=torch.arange(100),
        correct=correct,
    )
    q = min(max(right / 100, 0.02), 0.98)
    for by, weight in ((SuccessRate().by, 1 - q), (ByDeviation(), ((1 - q) / q) ** 0.5)):
        found = SuccessRate(by=by)(held)
        agrees(found[[0, -1]], [weight, -weight * q / (1 - q)])


def test_hpt_is_a_mean_over_all_tokens():
    """HPT (arXiv:2509.04419): own and demonstrated tokens share one mean over tokens."""
    external = torch.tensor([n >= 5 for n in range(9)])
    advantage = [0.5] * 3 + [-0.5] * 2 + [0.0] * 4
    held = batch(advantage, external=external)
    objective = load("hpt", coefficient=0.3)
    found, gradient = loss_and_gradient(
        objective, held.proximal_logp, held.prepared(objective.selections)
    )
    agrees(gradient, [-0.5 / 9] * 3 + [0.5 / 9] * 2 + [-0.3 / 9] * 4)
    wanted = -(sum(advantage) + 0.3 * sum(OLD[5:])) / 9
    assert found.item() == pytest.approx(wanted, abs=1e-12)


def test_dph_rl_is_anchored_at_the_policy_that_sampled():
    """DPH-RL (arXiv:2509.07430): u = π_θ/π₀ on samples of π₀, f(u) of Jensen–Shannon."""
    held = batch([0.0] * 9, external=torch.tensor([True] * 9))
    objective = load("dph_rl", beta=0.4)

    def f(u):
        return u * log(u) - (u + 1) * log((u + 1) / 2)

    wanted = 0.4 * sum(f(exp(a - b)) for a, b in zip(LEARNER, BEHAVIOUR, strict=True)) / 9
    found = objective.loss(column(LEARNER), held.prepared(objective.selections))
    assert found.item() == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("rewards", "wanted"),
    [
        ([1.0, 0.0, 0.0], [2.0, -1.0, -1.0]),
        ([-1.0, 0.0, -1.0], [0.0] * 3),
        ([1.0, 0.0, -1.0], [0.0] * 3),
        ([2.0, 0.5, 0.5], [1.0, -0.5, -0.5]),
    ],
)
def test_max_rl_is_for_means_above_0(rewards, wanted):
    """MaxRL (arXiv:2602.02710): (R − r̂)/r̂, a normaliser that only makes sense for r̂ > 0."""
    found = OverMean()(
        AdvantageInputs(
            reward=column(rewards), group=torch.zeros(3, dtype=torch.long), row=torch.arange(3)
        )
    )
    agrees(found, wanted)


def test_ce_gppo_changes_the_slope_strictly_outside_the_clip():
    """CE-GPPO (arXiv:2509.20712): r < 1 − ε has slope β₁ (1 − ε), r = 1 − ε itself has 1."""
    for advantage, edge, factor in ((-1.0, 0.75, 0.5), (1.0, 1.25, 0.25)):
        clip = GradientPreserving(low=0.25, high=0.25, below=0.5, above=0.25)
        outward = -1e-6 if advantage < 0 else 1e-6
        at = column([edge, edge + outward]).requires_grad_()
        clip(at, column([advantage, advantage])).sum().backward()
        wanted = [advantage, advantage * factor * edge / (edge + outward)]
        assert at.grad.tolist() == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("apart", [-19.0, -5.0, -3.5, 3.5, 5.0, 19.0])
def test_ratios_are_exact_far_beyond_any_trust_region(apart):
    """PPO (arXiv:1707.06347): r = π_θ/π_old; 20 is where e^x leaves what float32 can sum."""
    held = batch()
    ratio = TokenRatio()(held.proximal_logp + apart, held)
    assert ratio.tolist() == pytest.approx([exp(apart)] * 9, rel=1e-12)
    far = TokenRatio()(held.proximal_logp + 25.0, held)
    assert far.tolist() == pytest.approx([exp(20)] * 9, rel=1e-12)


def test_srft_weighs_by_the_entropy_of_whole_rollouts():
    """SRFT (arXiv:2506.19767): H is of the rollout, so a hint's tokens count in it, too."""
    entropy = [0.2, 0.9, 0.4, 1.1, 0.3, 0.6, 0.8, 0.1, 0.7]
    external = torch.tensor([n in (0, 5, 6) for n in range(9)])  # two rollouts begin with a hint
    held = batch([0.0] * 9, external=external, entropy=column(entropy))
    objective = load("srft")
    _, gradient = loss_and_gradient(
        objective, held.proximal_logp, held.prepared(objective.selections)
    )
    mean = [sum(entropy[n] for n in y) / len(y) for y in rollouts()]
    shown, right, wrong = 3, 4, 2  # tokens: hints, own ones of correct rollouts, and of wrong ones

    def wanted(n):
        i = ROWS[n]
        if external[n]:
            return -0.5 * exp(-mean[i]) / shown
        return -0.1 * exp(mean[i]) / right if i != 1 else 1 / wrong

    agrees(gradient, [wanted(n) for n in range(9)])
