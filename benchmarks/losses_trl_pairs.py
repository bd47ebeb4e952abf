"""Every loss of TRL that whet has too, by rewards. `losses_trl` runs TRL's side."""

from collections.abc import Iterator
from math import inf
from typing import Any

import losses_trl as trl
import losses_trl_taught_pairs
from losses_draw import LONGEST, as_sampled
from losses_pairs import Pair

from whet.policy.advantages import Centred, Standardised
from whet.policy.aggregation import FixedLength, SequenceMean, TokenMean
from whet.policy.algorithms.critic_free.cispo import WeightedLogLikelihood
from whet.policy.clipping import Clipped, DualClipped, Unclipped
from whet.policy.corrections import (
    ConstantWeight,
    IcePop,
    Masked,
    SequenceMasked,
    SequenceTruncated,
    Truncated,
    Without,
)
from whet.policy.objective import Term
from whet.policy.ratios import LogLikelihood, SequenceProduct, SequenceRatio
from whet.policy.regularisers import K3, EntropyBonus, WeightedK3
from whet.policy.selections import OffPolicyNegatives
from whet.policy.truncation import MaskTruncated

SCALED = Standardised(epsilon=1e-4)
MEAN = {"advantage": SCALED, "clipping": Clipped(), "aggregation": TokenMean()}
PLAIN = {"advantage": SCALED, "regularisers": ()}


def _pair(loss: str, theirs: Any, base: str, **rest: Any) -> Pair:
    named = {name: rest.pop(name) for name in ("draw", "part_only") if name in rest}
    return Pair(peer="TRL", loss=loss, theirs=theirs, base=base, changes=rest, **named)


def losses() -> Iterator[Pair]:
    """Each `loss_type`."""
    yield _pair("GRPO, loss_type=grpo", trl.grpo(loss_type="grpo"), "grpo", **PLAIN)
    yield _pair("GRPO, loss_type=bnpo", trl.grpo(loss_type="bnpo"), "dapo", **MEAN)
    fixed = {"advantage": Centred(), "aggregation": FixedLength(length=LONGEST)}
    settings = {"scale_rewards": "none", "max_completion_length": LONGEST}
    theirs = trl.grpo(loss_type="dr_grpo", **settings)
    yield _pair("GRPO, loss_type=dr_grpo, scale_rewards=none", theirs, "dr_grpo", **fixed)
    yield _pair("GRPO, loss_type=dapo", trl.grpo(loss_type="dapo"), "dapo", **MEAN)
    high = trl.grpo(loss_type="dapo", epsilon_high=0.28)
    yield _pair("GRPO, loss_type=dapo, epsilon_high=0.28", high, "dapo", advantage=SCALED)
    capped = {"advantage": SCALED, "ratio": WeightedLogLikelihood(low=inf, high=4.0)}
    theirs = trl.grpo(loss_type="cispo", epsilon_high=5.0)
    yield _pair("GRPO, loss_type=cispo, epsilon_high=5", theirs, "cispo", **capped)
    yield _pair("GRPO, loss_type=sapo", trl.grpo(loss_type="sapo"), "sapo", advantage=SCALED)
    soft = {"advantage": SCALED, "draw": as_sampled}
    yield _pair("GRPO, loss_type=vespo", trl.grpo(loss_type="vespo"), "vespo", **soft)
    narrow = {"epsilon": 3e-4, "epsilon_high": 4e-4, "importance_sampling_level": "sequence"}
    theirs = trl.grpo(loss_type="luspo", **narrow)
    yield _pair("GRPO, loss_type=luspo, sequence level", theirs, "luspo", advantage=SCALED)
    theirs = trl.grpo(loss_type="grpo", **narrow)
    yield _pair("GRPO, loss_type=grpo, sequence level", theirs, "gspo", advantage=SCALED)
    theirs, by_tokens = trl.grpo(**narrow), {"advantage": SCALED, "aggregation": TokenMean()}
    yield _pair("GRPO, sequence level", theirs, "gspo", **by_tokens)
    yield _pair("AsyncGRPO", trl.asynchronous, "dapo", **MEAN)
    gmpo = trl.grpo("experimental.gmpo.gmpo_trainer.GMPO")
    yield _pair("GMPO", gmpo, "gmpo", advantage=SCALED)
    product = {"ratio": SequenceProduct(), "clipping": Clipped(), "aggregation": SequenceMean()}
    yield _pair("RLOO, beta=0", trl.rloo(beta=0.0), "rloo", **product)
    yield _pair("RLOO", trl.rloo(), "rloo", **product)


def settings() -> Iterator[Pair]:
    """Each setting that changes a loss, beside the default `loss_type`."""
    two_sided = {**MEAN, "clipping": DualClipped(floor=3.0)}
    yield _pair("GRPO, delta=3", trl.grpo(delta=3.0), "dapo", **two_sided, part_only=True)
    batch = trl.grpo(scale_rewards="batch")
    yield _pair("GRPO, scale_rewards=batch", batch, "lite_ppo")
    kinds = ((True, WeightedK3(beta=0.04)), (False, K3(beta=0.04)))
    for corrected, part in kinds:
        kl = {"beta": 0.04, "use_bias_correction_kl": corrected}
        theirs = trl.grpo(loss_type="grpo", **kl)
        name = f"GRPO, loss_type=grpo, beta=0.04, use_bias_correction_kl={corrected}"
        yield _pair(name, theirs, "grpo", advantage=SCALED, regularisers=(part,))
    gspo = trl.grpo(loss_type="grpo", beta=0.04, importance_sampling_level="sequence")
    weighted = {"regularisers": (WeightedK3(beta=0.04),), "ratio": SequenceRatio()}
    name = "GRPO, loss_type=grpo, sequence level, beta=0.04"
    yield _pair(name, gspo, "grpo", **weighted, advantage=SCALED, part_only=True)
    forks = {"advantage": SCALED, "clipping": Clipped(), "aggregation": TokenMean()}
    high = trl.grpo(top_entropy_quantile=0.2)
    yield _pair("GRPO, top_entropy_quantile=0.2", high, "high_entropy", **forks)
    without = Without(of=OffPolicyNegatives(most=0.05))
    masked = trl.grpo(off_policy_mask_threshold=0.05)
    name = "GRPO, off_policy_mask_threshold=0.05"
    yield _pair(name, masked, "dapo", **MEAN, corrections=(without,), part_only=True)
    apart = Term(
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        corrections=(ConstantWeight(factor=0.0),),
        regularisers=(EntropyBonus(beta=0.01),),
    )
    bonus = trl.grpo(loss_type="grpo", entropy_coef=0.01)
    name = "GRPO, loss_type=grpo, entropy_coef=0.01"
    yield _pair(name, bonus, "grpo", **PLAIN, extra=(apart,), part_only=True)
    cut = {**MEAN, "advantage": MaskTruncated(inner=SCALED), "part_only": True}
    for kind, part in (("dapo", TokenMean()), ("grpo", SequenceMean())):
        theirs = trl.grpo(loss_type=kind, mask_truncated_completions=True)
        name = f"GRPO, loss_type={kind}, mask_truncated_completions"
        yield _pair(name, theirs, "dapo", **{**cut, "aggregation": part})


def corrections() -> Iterator[Pair]:
    """Each `vllm_importance_sampling_mode`."""
    kinds: tuple[tuple[str, float | None, Any], ...] = (
        ("token_truncate", None, Truncated(cap=2.0)),
        ("token_mask", None, Masked(cap=2.0)),
        ("token_mask", 0.5, IcePop(low=0.5, high=2.0)),
        ("sequence_truncate", None, SequenceTruncated(cap=2.0)),
        ("sequence_mask", None, SequenceMasked(cap=2.0)),
    )
    for mode, least, part in kinds:
        theirs = trl.grpo(
            use_vllm=True,
            vllm_importance_sampling_mode=mode,
            vllm_importance_sampling_clip_min=least,
            vllm_importance_sampling_clip_max=2.0,
        )
        bounds = "clip_max=2" if least is None else f"clip_min={least}, clip_max=2"
        name = f"GRPO, use_vllm, {mode}, {bounds}"
        yield _pair(name, theirs, "dapo", **MEAN, corrections=(part,), part_only=True)
    soft = trl.grpo(loss_type="vespo", use_vllm=True, vllm_importance_sampling_clip_max=None)
    name = "GRPO, loss_type=vespo, use_vllm, clip_max=None"
    yield _pair(name, soft, "vespo", advantage=SCALED, part_only=True)


def pairs() -> list[Pair]:
    """All of them."""
    parts = (losses, settings, corrections, losses_trl_taught_pairs.pairs)
    return [pair for part in parts for pair in part()]
