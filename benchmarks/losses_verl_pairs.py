"""Every loss of veRL that whet has too. `losses_verl` runs veRL's side."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import losses_verl as verl
from losses_draw import LONGEST, WORDS, Drawn, as_sampled
from losses_pairs import Algorithm, Outcome, Pair, gradient, outcome
from losses_taught import all_but_one, taught, teachers_likeliest

from whet.policy.advantages import Centred, RewardToGo, Whitened
from whet.policy.aggregation import FixedLength, SequenceMean, SequenceSum, TokenMean
from whet.policy.algorithms.critic_free.cispo import WeightedLogLikelihood
from whet.policy.algorithms.critic_free.clip_cov import Covariant
from whet.policy.algorithms.critic_free.gmpo import ClippedGeometricMean
from whet.policy.algorithms.critic_free.kl_cov import MostCovariant
from whet.policy.anchors import Proximal
from whet.policy.clipping import Clipped, DualClipped
from whet.policy.corrections import (
    ConstantWeight,
    GeometricTruncated,
    IcePop,
    SequenceTruncated,
    Truncated,
    Without,
)
from whet.policy.distillation import ForwardDivergence, NoAdvantage, TeacherDivergence
from whet.policy.extensions.critic import Critic
from whet.policy.objective import Objective
from whet.policy.ratios import SequenceTokenRatio, TokenRatio
from whet.policy.regularisers import (
    K1,
    K2,
    Absolute,
    ClampedK3,
    EntropyBonus,
    K3WithGradientOfK2,
    Within,
)
from whet.policy.trust_regions import WithinKL, WithinTV

DUAL: dict[str, Any] = {  # veRL's default loss
    "ratio": TokenRatio(),
    "clipping": DualClipped(),
    "aggregation": TokenMean(),
    "regularisers": (),
}
GRPO = verl.scored("grpo")
CENTRED = verl.scored("grpo", norm_adv_by_std_in_grpo=False)


def _pair(loss: str, theirs: Any, base: str, **rest: Any) -> Pair:
    named = {name: rest.pop(name) for name in ("draw", "ours", "part_only") if name in rest}
    return Pair(peer="veRL", loss=loss, theirs=theirs, base=base, changes=rest, **named)


def advantages() -> Iterator[Pair]:
    """Each estimator with the default loss: dual clip, mean over tokens."""
    yield _pair("grpo", verl.policy(GRPO), "grpo", **DUAL)
    vectorised = verl.policy(verl.scored("grpo_vectorized"))
    yield _pair("grpo_vectorized", vectorised, "grpo", **DUAL)
    centred = verl.policy(CENTRED, agg="seq-mean-token-sum-norm")
    fixed = FixedLength(length=LONGEST)
    norm = {"clipping": DualClipped(), "aggregation": fixed}
    yield _pair("grpo without deviation, seq-mean-token-sum-norm", centred, "dr_grpo", **norm)
    for deviation in (False, True):
        passk = verl.scored("grpo_passk", norm_adv_by_std_in_grpo=deviation)
        name = f"grpo_passk, norm_adv_by_std_in_grpo={deviation}"
        yield _pair(name, verl.policy(passk), "best_of_group", **DUAL)
    yield _pair("rloo", verl.policy(verl.scored("rloo")), "rloo", **DUAL)
    yield _pair("rloo_vectorized", verl.policy(verl.scored("rloo_vectorized")), "rloo", **DUAL)
    yield _pair("opo", verl.policy(verl.scored("opo")), "opo", **DUAL)
    yield _pair("remax", verl.policy(verl.remax), "remax", **DUAL)
    plus = verl.policy(verl.rewarded(0.05))
    whitened = Whitened(inner=RewardToGo(beta=0.05))
    yield _pair(
        "reinforce_plus_plus, kl_coef=0.05", plus, "reinforce_pp", advantage=whitened, **DUAL
    )
    baseline = verl.policy(verl.scored("reinforce_plus_plus_baseline"))
    yield _pair("reinforce_plus_plus_baseline", baseline, "reinforce_pp_baseline", **DUAL)
    for name in ("optimal_token_baseline", "tir_optimal_token_baseline"):
        for tail in (False, True):
            theirs = verl.policy(verl.optimal(name, handle_zero_tail=tail))
            yield _pair(f"{name}, handle_zero_tail={tail}", theirs, "otb", **DUAL)
    priced = verl.policy(lambda drawn: verl.gae(drawn, beta=0.05))
    yield _pair("gae, lam=0.95, kl_coef=0.05", priced, "ppo", **DUAL)


def losses() -> Iterator[Pair]:
    """Each policy loss, with the advantage that its authors take."""
    yield _pair("gspo", _sequence("gspo"), "gspo", clipping=Clipped(low=3e-4, high=4e-4))
    wide = Clipped(low=0.2, high=0.2)
    tokens = {"ratio": SequenceTokenRatio(), "clipping": wide, "aggregation": TokenMean()}
    yield _pair("gspo, token-mean, clip 0.2", verl.policy(GRPO, "gspo"), "gspo", **tokens)
    yield _pair("sapo", verl.policy(GRPO, "sapo"), "sapo")
    narrow = WeightedLogLikelihood(low=0.2, high=0.2)
    yield _pair("cispo", verl.policy(GRPO, "cispo"), "cispo", ratio=narrow)
    mean = ClippedGeometricMean(low=0.2, high=0.2)
    yield _pair("geo_mean", verl.policy(GRPO, "geo_mean"), "gmpo", ratio=mean)
    gpg = verl.policy(verl.scored("gpg"), "gpg")
    yield _pair("gpg", gpg, "gpg", ours=_by_rewards, advantage=Centred())
    yield _pair(
        "clip_cov, clip_cov_ratio=0.05, clip_cov_lb=0.2", _clip_cov(), "clip_cov", **_drawn()
    )
    kl = verl.policy(GRPO, "kl_cov", policy_loss={"kl_cov_ratio": 0.1, "ppo_kl_coef": 1.0})
    price = Within(of=MostCovariant(share=0.1), price=Absolute(beta=1.0, anchor=Proximal()))
    yield _pair("kl_cov, kl_cov_ratio=0.1, ppo_kl_coef=1", kl, "kl_cov", regularisers=(price,))
    fixed = FixedLength(length=LONGEST)
    for name, ratio in (("tv", WithinTV(low=0.2, high=0.2)), ("kl", WithinKL(low=0.2, high=0.2))):
        base = "dppo" if name == "tv" else "dppo_kl"
        parts = {"ratio": ratio, "aggregation": fixed, "draw": as_sampled}
        for cap in (20.0, 3.0):
            settings = {"agg": "seq-mean-token-sum-norm", "clip_ratio_c": cap}
            theirs = verl.policy(CENTRED, f"dppo_{name}", **settings)
            yield _pair(f"dppo_{name}, clip_ratio_c={cap:g}", theirs, base, **parts)
    rloo = verl.bypassed(
        verl.scored("rloo"), "seq-mean-token-sum", loss_type="reinforce", rollout_is=None
    )
    yield _pair("bypass_mode, loss_type=reinforce", rloo, "rloo", draw=as_sampled)
    token = {"loss_type": "reinforce", "rollout_is": "token", "rollout_is_threshold": 2.0}
    capped = WeightedLogLikelihood(low=float("inf"), high=1.0)
    weighed = verl.bypassed(GRPO, "token-mean", **token)
    name = "bypass_mode, loss_type=reinforce, rollout_is=token"
    yield _pair(name, weighed, "cispo", ratio=capped, draw=as_sampled)
    clip = verl.bypassed(GRPO, "token-mean", loss_type="ppo_clip")
    yield _pair("bypass_mode, loss_type=ppo_clip", clip, "grpo", draw=as_sampled, **DUAL)


def aggregations() -> Iterator[Pair]:
    """Each way to sum a loss, around the default one."""
    kinds = {
        "token-mean": TokenMean(),
        "seq-mean-token-sum": SequenceSum(),
        "seq-mean-token-mean": SequenceMean(),
        "seq-mean-token-sum-norm": FixedLength(length=LONGEST),
    }
    for name, part in kinds.items():
        parts = {**DUAL, "aggregation": part, "part_only": True}
        yield _pair(f"agg_loss, {name}", verl.policy(GRPO, agg=name), "grpo", **parts)
    times = ConstantWeight(factor=16.0)  # the rollouts of a draw
    summed = {**DUAL, "aggregation": SequenceSum(), "corrections": (times,), "part_only": True}
    yield _pair("agg_loss, token-sum", verl.policy(GRPO, agg="token-sum"), "grpo", **summed)


def prices() -> Iterator[Pair]:
    """Each estimator of the KL in the loss, and the entropy."""
    kinds = {
        "k1": K1(beta=1.0),
        "abs": Absolute(beta=1.0),
        "k2": K2(beta=1.0),
        "low_var_kl": ClampedK3(beta=1.0),
        "low_var_kl+": K3WithGradientOfK2(beta=1.0),
    }
    for name, part in kinds.items():
        parts = {"advantage": NoAdvantage(), "regularisers": (part,), "part_only": True}
        yield _pair(f"kl_penalty, {name}", verl.penalty(name), "sft", **parts)
    entropy = {**DUAL, "regularisers": (EntropyBonus(beta=0.01),), "part_only": True}
    yield _pair("entropy_coeff=0.01", verl.bonus(0.01), "grpo", **entropy)
    yield _pair("compute_value_loss", verl.critic(0.5), "ppo", ours=_critic, part_only=True)


def corrections() -> Iterator[Pair]:
    """Each weight of a sampler that is not the proximal policy."""
    kinds: tuple[tuple[str, Any, Any], ...] = (
        ("token", 2.0, Truncated(cap=2.0)),
        ("sequence", 2.0, SequenceTruncated(cap=2.0)),
        ("token", "0.5_5.0", IcePop(low=0.5, high=5.0)),
    )
    for level, threshold, part in kinds:
        settings = {"rollout_is": level, "rollout_is_threshold": threshold}
        theirs = verl.corrected(GRPO, **settings)
        name = f"rollout_is={level}, rollout_is_threshold={threshold}"
        yield _pair(name, theirs, "grpo", corrections=(part,), part_only=True, **DUAL)
    token = {"rollout_is": "token", "rollout_is_threshold": 2.0}
    wide = {"ratio": SequenceTokenRatio(), "clipping": Clipped(), "aggregation": TokenMean()}
    parts = {**wide, "corrections": (Truncated(cap=2.0),), "part_only": True}
    yield _pair("gspo, rollout_is=token", verl.corrected(GRPO, "gspo", **token), "gspo", **parts)
    mean = ClippedGeometricMean(low=0.2, high=0.2)
    theirs = verl.corrected(GRPO, "geo_mean", **token)
    parts = {"ratio": mean, "corrections": (GeometricTruncated(cap=2.0),), "part_only": True}
    yield _pair("geo_mean, rollout_is=token", theirs, "gmpo", **parts)


def teachers() -> Iterator[Pair]:
    """The forward KL to a teacher. The gradient is that of the policy's logits."""
    forward = (TeacherDivergence(divergence=ForwardDivergence()),)
    for count, pick in ((WORDS, all_but_one), (4, teachers_likeliest)):
        parts = {"regularisers": forward, "ours": taught(pick)}
        name = f"forward_kl_topk, topk={count} of {WORDS} tokens"
        yield _pair(name, verl.forward_kl(count), "gkd", **parts)


def pairs() -> list[Pair]:
    """All of them."""
    parts = (advantages, losses, aggregations, prices, corrections, teachers)
    return [pair for part in parts for pair in part()]


def _sequence(mode: str) -> Any:
    clip = {"clip_ratio_low": 3e-4, "clip_ratio_high": 4e-4}
    return verl.policy(GRPO, mode, agg="seq-mean-token-mean", **clip)


def _clip_cov() -> Any:
    return verl.policy(GRPO, "clip_cov", policy_loss={"clip_cov_ratio": 0.05, "clip_cov_lb": 0.2})


def _drawn() -> dict[str, Any]:
    chosen = Covariant(share=0.05, low=0.2, below=0.2, above=0.2)
    return {"clipping": Clipped(low=0.2, high=0.2), "corrections": (Without(of=chosen),)}


def _by_rewards(drawn: Drawn, algorithm: Algorithm) -> Outcome:
    """Scaled by B over the number of rewards other than 0, where the baseline is veRL's."""
    if not isinstance(algorithm, Objective) or algorithm.advantage != Centred():
        return outcome(drawn, algorithm)
    alpha = len(drawn.reward) / int(drawn.reward.count_nonzero())
    scaled = replace(algorithm, corrections=(ConstantWeight(factor=alpha),))
    found = outcome(drawn, scaled)
    return found._replace(advantage=alpha * algorithm.advantage(drawn.inputs))


def _critic(drawn: Drawn, algorithm: Algorithm) -> Outcome:
    """The critic's loss; its gradient is that of the values."""
    del algorithm
    critic = Critic(clip=0.5)
    target = critic.targets(drawn.inputs)
    at = drawn.flat(drawn.new_value).clone().requires_grad_()
    loss = critic.error(at, drawn.flat(drawn.value), target).mean()
    return Outcome(target, loss.detach(), gradient(loss, at))
