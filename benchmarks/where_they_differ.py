"""Where TRL, veRL and the papers differ: each difference is a choice of parts, with its number.

    python benchmarks/where_they_differ.py

prints the table of docs/where_they_differ.md.  All numbers are of one batch of six rollouts, 15
tokens, two groups: the one that the oracles of the tests are made of.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from difference_rows import Row, ways
from newer_differences import scales, teachers, trust_regions
from six_rollouts import (
    LOGP,
    SCORES,
    batch_of,
    by_halves,
    by_tokens,
    chosen,
    critic_loss,
    first,
    loss,
    of_one_group,
    plain,
    price,
    slope,
    times,
)

from whet.policy.advantages import (
    Centred,
    GroupCentredBatchScaled,
    LeaveOneOut,
    PopulationWhitened,
    RewardToGo,
    Standardised,
    Whitened,
)
from whet.policy.aggregation import SequenceMean, TokenMean
from whet.policy.algorithms import load
from whet.policy.clipping import Clipped, DualClipped, Unclipped
from whet.policy.corrections import (
    ConstantWeight,
    GeometricTruncated,
    IcePop,
    Masked,
    SequenceMasked,
    SequenceTruncated,
    Truncated,
)
from whet.policy.objective import BatchLoss, Term
from whet.policy.preferences import MeanLogRatio, PairwiseLoss, Squared, SumLogRatio
from whet.policy.ratios import LogLikelihood, SequenceProduct
from whet.policy.regularisers import K2, K3, ClampedK3, EntropyBonus, K3WithGradientOfK2, WeightedK3
from whet.policy.truncation import ExcludeTruncated, MaskTruncated
from whet.protocols.algorithm import Correction, Regulariser

WHITE_CENTRED = Whitened(inner=Centred())


def advantages() -> Iterator[Row]:
    """Deviations, ε, baselines and scales."""
    sample, population = Standardised(), Standardised(ddof=0)
    yield from ways(
        "deviation of a group, Â₀",
        ("TRL, veRL, OpenRLHF", "Standardised()", first(sample)),
        ("GFPO", "Standardised(ddof=0)", first(population)),
    )
    to_go = RewardToGo(beta=0.05)
    yield from ways(
        "whitening of REINFORCE++ over tokens, Â₀",
        ("TRL, veRL", "Whitened(RewardToGo)", first(Whitened(inner=to_go))),
        ("OpenRLHF", "PopulationWhitened(RewardToGo)", first(PopulationWhitened(inner=to_go))),
        ("TRL's nearest", "Whitened(LeaveOneOut)", first(Whitened(inner=LeaveOneOut()))),
    )
    near = of_one_group(1.0, 1.0, 0.999)
    yield from ways(
        "ε, Â of the first of R = 1, 1, 0.999",
        ("TRL", "Standardised(epsilon=1e-4)", first(Standardised(epsilon=1e-4), near)),
        ("veRL", "Standardised(epsilon=1e-6)", first(Standardised(epsilon=1e-6), near)),
        ("OpenRLHF", "Standardised(epsilon=1e-9)", first(Standardised(epsilon=1e-9), near)),
    )
    yield from ways(
        "deviation of the batch, Â₀",
        ("TRL, ROLL: LitePPO", "GroupCentredBatchScaled()", first(GroupCentredBatchScaled())),
        ("veRL, OpenRLHF: REINFORCE++-baseline", "Whitened(Centred)", first(WHITE_CENTRED)),
    )
    cut = of_one_group(1.0, 1.0, 0.0, truncated=(False, True, False))
    learned, among = MaskTruncated(inner=sample), ExcludeTruncated(inner=sample)
    yield from ways(
        "cut-off rollouts, Â of the first of R = 1, 1 (cut off), 0",
        ("TRL", "MaskTruncated(Standardised)", first(learned, cut)),
        ("Skywork-OR1", "ExcludeTruncated(Standardised)", first(among, cut)),
    )


def denominators() -> Iterator[Row]:
    """What a sum over tokens is divided by."""
    mean = plain("dapo", high=0.2)
    trl = replace(mean, advantage=Standardised(epsilon=1e-4))
    yield from ways(
        "what GRPO means, loss",
        ("the paper", "grpo", loss(load("grpo"))),
        ("TRL's default", "dapo(high=0.2), Standardised(epsilon=1e-4)", loss(trl)),
        ("veRL's default", "dapo, DualClipped()", loss(replace(mean, clipping=DualClipped()))),
    )
    yield from ways(
        "the mean over tokens in two micro-batches, loss",
        ("whet; TRL `dapo`; veRL's engine", "TokenMean()", loss(mean)),
        ("TRL `bnpo`, veRL-Jan's actor", "counted() each by itself", by_halves(mean)),
    )
    fixed = replace(plain("dr_grpo", length=8), advantage=Standardised())
    yield from ways(
        "a fixed length of 8, loss",
        ("the paper, TRL, veRL-Aug", "FixedLength(8)", loss(fixed)),
        (
            "veRL-Jan, micro-batches of 3",
            "FixedLength(8), ConstantWeight(3)",
            loss(times(fixed, 3.0)),
        ),
    )
    yield from _empty_rows()
    yield from ways(
        "GSPO, loss",
        ("the paper, veRL, TRL `grpo`", "gspo", loss(chosen("gspo"))),
        ("TRL's default `loss_type`", "gspo, TokenMean()", loss(by_tokens(chosen("gspo")))),
    )
    forks = chosen("high_entropy")
    yield from ways(
        "80/20, loss",
        ("the paper", "high_entropy", loss(forks)),
        ("TRL", "high_entropy, TokenMean()", loss(by_tokens(forks))),
    )
    yield from ways(
        "SAPO, loss",
        ("the paper", "sapo", loss(load("sapo"))),
        ("AReaL", "sapo, TokenMean()", loss(by_tokens(chosen("sapo")))),
    )


def _empty_rows() -> list[Row]:
    """Rollout 3 has lost its only token."""
    objective = plain("grpo")
    rest = batch_of(objective.advantage(SCORES)).where(torch.arange(6) != 3).counted()
    logp = LOGP[SCORES.row != 3]
    ours, trl = (of.loss(logp, rest).item() for of in (objective, times(objective, 5 / 6)))
    return ways(
        "a rollout without tokens, loss",
        ("whet, veRL", "SequenceMean()", ours),
        ("TRL", "SequenceMean(), ConstantWeight(5/6)", trl),
    )


def clips() -> Iterator[Row]:
    """Where a gradient ends."""
    mean = plain("dapo", high=0.2)
    yield from ways(
        "dual clip, loss",
        ("TRL, unless `delta` is set", "Clipped()", loss(mean)),
        ("veRL's default", "DualClipped()", loss(replace(mean, clipping=DualClipped()))),
    )
    yield from ways(
        "CISPO, loss",
        ("the paper (ε_high unconfirmed)", "cispo", loss(load("cispo"))),
        ("TRL, `epsilon_high` = 5", "cispo(high=4)", loss(load("cispo", high=4.0))),
        ("veRL", "cispo(low=0.2, high=0.2)", loss(load("cispo", low=0.2, high=0.2))),
        ("ROLL", "cispo(low=0.1, high=0.1)", loss(load("cispo", low=0.1, high=0.1))),
    )
    yield from ways(
        "GMPO, loss",
        ("the paper, TRL", "gmpo", loss(load("gmpo"))),
        ("veRL", "gmpo(low=0.2, high=0.2)", loss(load("gmpo", low=0.2, high=0.2))),
    )
    rloo = chosen("rloo")
    trl = replace(rloo, ratio=SequenceProduct(), clipping=Clipped(), aggregation=SequenceMean())
    verl = replace(mean, advantage=LeaveOneOut(), clipping=DualClipped())
    yield from ways(
        "RLOO, loss",
        ("the paper", "rloo", loss(rloo)),
        ("TRL", "rloo, SequenceProduct(), Clipped(), SequenceMean()", loss(trl)),
        ("veRL", "dapo(high=0.2), LeaveOneOut(), DualClipped()", loss(verl)),
    )
    yield from ways(
        "the clip of PPO's critic, its loss",
        ("TRL", "Critic(clip=0.2)", critic_loss(0.2)),
        ("veRL", "Critic(clip=0.5)", critic_loss(0.5)),
    )


def prices() -> Iterator[Row]:
    """The KL in the loss, β = 1, and its slope at the sixth token; the entropy."""
    kinds: tuple[tuple[str, Regulariser], ...] = (
        ("the paper; TRL-Jul", K3(beta=1.0)),
        ("TRL 1.16.0", WeightedK3(beta=1.0)),
        ("veRL `low_var_kl`", ClampedK3(beta=1.0)),
        ("veRL-Aug `low_var_kl+`", K3WithGradientOfK2(beta=1.0)),
        ("REINFORCE++-baseline", K2(beta=1.0)),
    )
    named = [(whose, f"{type(kind).__name__}(beta=1)", kind) for whose, kind in kinds]
    yield from ways("the KL in the loss", *((who, how, price(k)) for who, how, k in named))
    yield from ways("its slope at token 5", *((who, how, slope(k)) for who, how, k in named))
    bonus = EntropyBonus(beta=0.01)
    own = replace(plain("grpo"), regularisers=(bonus,))
    apart = Term(
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
        corrections=(ConstantWeight(factor=0.0),),
        regularisers=(bonus,),
    )
    trl = replace(plain("grpo"), extra=(apart,))
    yield from ways(
        "GRPO with an entropy bonus of 0.01, loss",
        ("veRL: as the rest", "grpo, EntropyBonus", loss(own)),
        ("TRL: a mean over tokens", "grpo, Term(TokenMean, EntropyBonus)", loss(trl)),
    )
    recipe, default = (load("kl_cov", share=0.14, beta=beta) for beta in (1.0, 0.1))
    yield from ways(
        "KL-Cov on 2 of 15 tokens, loss",
        ("the authors' recipe", "kl_cov(beta=1)", loss(recipe)),
        ("their default", "kl_cov(beta=0.1)", loss(default)),
    )


def mismatches() -> Iterator[Row]:
    """A sampler that is not quite the policy; preferences."""
    verl = replace(plain("dapo"), clipping=DualClipped(low=0.2, high=0.28))
    dual: tuple[tuple[str, Correction], ...] = (
        ("veRL, token", Truncated()),
        ("veRL, sequence", SequenceTruncated()),
    )
    kinds: tuple[tuple[str, Correction], ...] = (
        ("TRL's default beside vLLM", SequenceMasked()),
        ("slime, token", Truncated()),
        ("AReaL, sequence", GeometricTruncated()),
        ("AReaL, decoupled PPO", Masked()),
        ("IcePop", IcePop()),
    )
    weighed = [
        (whose, f"{type(kind).__name__}()", loss(replace(plain("dapo"), corrections=(kind,))))
        for whose, kind in kinds
    ]
    floored = [
        (whose, f"DualClipped(), {type(kind).__name__}()", loss(replace(verl, corrections=(kind,))))
        for whose, kind in dual
    ]
    none = ("veRL's default", "DualClipped(), no correction", loss(verl))
    yield from ways("DAPO with a sampler that drifts, loss", none, *floored, *weighed)
    summed, averaged = (
        BatchLoss(
            advantage=load("ipo").advantage,
            criterion=PairwiseLoss(score=score, link=Squared(tau=0.1)),
        )
        for score in (SumLogRatio(beta=1.0), MeanLogRatio())
    )
    yield from ways(
        "IPO, loss",
        ("the paper", "ipo", loss(summed)),
        ("TRL", "Pairwise(MeanLogRatio(), Squared())", loss(averaged)),
    )


def table() -> str:
    """In Markdown."""
    lines = ["| difference | whose | parts | number |", "|---|---|---|---|"]
    older = (advantages, denominators, clips, prices, mismatches)
    for part in (*older, trust_regions, scales, teachers):
        lines += [f"| {r.what} | {r.whose} | `{r.parts}` | {r.number:.6g} |" for r in part()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
