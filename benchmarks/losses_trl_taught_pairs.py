"""Every loss of TRL that whet has too, by preferences, demonstrations or teachers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import losses_trl_taught as trl
import torch
from losses_draw import Drawn, demonstrations, draw, preferences
from losses_pairs import Algorithm, Outcome, Pair, loss_only, outcome
from losses_taught import all_but_one, policys_likeliest, taught, teachers_likeliest
from torch import Tensor

from whet.policy.aggregation import SequenceMean
from whet.policy.distillation import (
    ForwardDivergence,
    MixtureDivergence,
    ReverseDivergence,
    TeacherDivergence,
)
from whet.policy.extensions.reference_values import ReferenceValues
from whet.policy.objective import BatchLoss
from whet.policy.preferences import (
    FixedAnchor,
    Logistic,
    MeanLikelihood,
    MeanLogRatio,
    PairwiseLoss,
    Squared,
    Unpaired,
)
from whet.policy.ratios import LogLikelihood


def _pair(loss: str, theirs: Any, base: str, **rest: Any) -> Pair:
    named = {name: rest.pop(name) for name in ("draw", "ours", "part_only") if name in rest}
    held = {"ours": loss_only, **named}
    return Pair(peer="TRL", loss=loss, theirs=theirs, base=base, changes=rest, **held)


def _pairwise(score: Any, link: Any) -> dict[str, Any]:
    return {"criterion": PairwiseLoss(score=score, link=link), "draw": preferences}


def of_preferences() -> Iterator[Pair]:
    """Two replies, or labels of single ones."""
    yield _pair("DPO, loss_type=sigmoid", trl.dpo("sigmoid"), "dpo", draw=preferences)
    ipo = _pairwise(MeanLogRatio(), Squared(tau=0.1))
    yield _pair("DPO, loss_type=ipo", trl.dpo("ipo"), "ipo", **ipo)
    norm = _pairwise(MeanLogRatio(beta=0.1), Logistic())
    yield _pair("DPO, loss_type=sigmoid_norm", trl.dpo("sigmoid_norm"), "dpo", **norm)
    simpo = trl.cpo("simpo", mean=True, beta=2.5, simpo_gamma=1.375)
    yield _pair(
        "CPO, loss_type=simpo, beta=2.5, simpo_gamma=1.375", simpo, "simpo", draw=preferences
    )
    low = _pairwise(MeanLikelihood(beta=0.1), Logistic(margin=0.5))
    simpo = trl.cpo("simpo", mean=True, beta=0.1, simpo_gamma=0.5)
    yield _pair("CPO, loss_type=simpo", simpo, "simpo", **low)
    smooth = trl.cpo("sigmoid", mean=False, beta=0.1, label_smoothing=0.1)
    name = "CPO, loss_type=sigmoid, label_smoothing=0.1"
    yield _pair(name, smooth, "cdpo", draw=_unreferenced, part_only=True)
    given = Unpaired(anchor=FixedAnchor())  # of which the value is TRL's z₀
    yield _pair("KTO", trl.kto("kto"), "kto", ours=_anchored, criterion=given)
    zero = Unpaired(anchor=FixedAnchor(value=0.0))
    yield _pair(
        "KTO, loss_type=apo_zero_unpaired", trl.kto("apo_zero_unpaired"), "kto", criterion=zero
    )


def of_demonstrations() -> Iterator[Pair]:
    """Replies that others wrote, and a regression on the reward."""
    yield _pair("SFT, loss_type=nll", trl.sft("nll"), "sft", draw=demonstrations)
    yield _pair("SFT, loss_type=dft", trl.sft("dft"), "dft", draw=demonstrations)
    yield _pair("A2PO", trl.a_star_po(_values), "a_star_po", ours=_regressed)


def of_teachers() -> Iterator[Pair]:
    """The next-token distribution of a teacher. The gradient is that of the policy's logits."""
    kinds = {0.0: ForwardDivergence(), 0.3: MixtureDivergence(beta=0.3), 1.0: ReverseDivergence()}
    everything = taught(all_but_one)
    for beta, divergence in kinds.items():
        parts = {"regularisers": (TeacherDivergence(divergence=divergence),), "ours": everything}
        yield _pair(f"GKD, beta={beta:g}", trl.taught(trl.gkd(beta)), "gkd", **parts)
        theirs = trl.taught(trl.chunked(beta))
        yield _pair(f"Distillation, beta={beta:g}", theirs, "gkd", **parts, part_only=True)
    yield _pair("GKD", trl.taught(trl.gkd(0.5)), "gkd", ours=everything)
    replies = {"aggregation": SequenceMean()}
    few = {"distillation_mode": "topk_logits", "distillation_topk": 4}
    theirs = trl.taught(trl.self_distilled(**few, distillation_add_tail=True))
    name = "SDPO and SDFT, topk_logits, distillation_topk=4, distillation_add_tail"
    yield _pair(
        f"{name}, the policy's tokens", theirs, "sdpo", ours=taught(policys_likeliest), **replies
    )
    yield _pair(
        f"{name}, the teacher's", theirs, "sdpo", ours=taught(teachers_likeliest), **replies
    )
    theirs = trl.taught(trl.self_distilled(**few))
    name = "SDPO and SDFT, topk_logits, distillation_topk=4"
    yield _pair(name, theirs, "sdpo", ours=taught(policys_likeliest), **replies)
    theirs = trl.taught(trl.self_distilled(distillation_mode="full_logits"))
    yield _pair("SDPO and SDFT, full_logits", theirs, "sdft", ours=everything, **replies)
    spoken = {"ratio": LogLikelihood(), "draw": _spoken, "ours": everything}
    theirs = trl.taught(trl.self_distilled())
    yield _pair("SDPO and SDFT, sampled_token", theirs, "opd", **spoken, **replies)
    yield _pair("IW-OPD, gamma=0", trl.taught(trl.weighted(0.0)), "opd", **spoken)
    yield _pair("IW-OPD, gamma=1", trl.taught(trl.weighted(1.0)), "opd", **spoken)


def pairs() -> list[Pair]:
    """All of them."""
    return [*of_preferences(), *of_demonstrations(), *of_teachers()]


def _unreferenced(seed: int) -> Drawn:
    drawn = preferences(seed)
    return replace(drawn, reference=torch.zeros_like(drawn.reference))


def _spoken(seed: int) -> Drawn:
    """The replies' log-probs are those of the logits, and the policy has not moved."""
    drawn = draw(seed)
    both = (drawn.logits, drawn.teacher_logits)
    policy, teacher = (x.log_softmax(-1).gather(-1, drawn.words[..., None])[..., 0] for x in both)
    return replace(drawn, logp=policy, proximal=policy, behaviour=policy, reference=teacher)


def _anchored(drawn: Drawn, algorithm: Algorithm) -> Outcome:
    """With TRL's z₀, of mismatched replies, in the place of the batch's mean."""
    if not isinstance(algorithm, BatchLoss):
        raise TypeError("kto is a loss of a batch")
    if algorithm.criterion != Unpaired(anchor=FixedAnchor()):
        return loss_only(drawn, algorithm)
    policy, reference = trl.mismatched(drawn)
    anchor = FixedAnchor(value=(policy - reference).mean().clamp(min=0).item())
    return loss_only(drawn, replace(algorithm, criterion=Unpaired(anchor=anchor)))


def _values(drawn: Drawn) -> Tensor:
    """V* of the group's rewards, by whet."""
    of = ReferenceValues(beta=0.5, count=drawn.size)
    found = [of.value(rewards.tolist()) for rewards in drawn.reward.view(-1, drawn.size)]
    return torch.tensor(found, dtype=torch.float64).repeat_interleave(drawn.size)


def _regressed(drawn: Drawn, algorithm: Algorithm) -> Outcome:
    return outcome(replace(drawn, baseline=_values(drawn)), algorithm)
