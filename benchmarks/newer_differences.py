"""Where frameworks and papers differ on methods of 2025 and 2026, on the same six rollouts.

`where_they_differ` prints these rows with its own.  The teacher is the reference, and its candidate
the sampled token, so that a bin for all other tokens is the second one.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from difference_rows import Row, ways
from six_rollouts import LOGP, SCORES, batch_of, chosen, loss, times
from torch import Tensor

from whet.policy.advantages import Centred
from whet.policy.aggregation import SequenceMean
from whet.policy.algorithms import load
from whet.policy.algorithms.off_policy.m2po import BeyondSecondMoment
from whet.policy.corrections import Without
from whet.policy.distillation import ForwardDivergence, ReverseDivergence, TokenDivergence
from whet.policy.objective import Objective
from whet.policy.selections import PolicyTokens


def _two_bins(logp: Tensor) -> Tensor:
    """Log-probs of the sampled token, and of all others together."""
    return torch.stack([logp, torch.log(-logp.expm1())], 1)


def distilled(objective: Objective) -> float:
    """Of a divergence to the teacher."""
    if SCORES.reference_logp is None:
        raise ValueError("the batch has no reference")
    batch = replace(
        batch_of(torch.zeros_like(LOGP)),
        taught=torch.ones_like(LOGP, dtype=torch.bool),
        candidates=torch.zeros(len(LOGP), 1, dtype=torch.long),
        candidate_teacher_logp=_two_bins(SCORES.reference_logp),
        candidate_logp=_two_bins(LOGP),
    )
    return objective.loss(LOGP, batch.prepared(objective.selections)).item()


def trust_regions() -> Iterator[Row]:
    """Which tokens are masked, and by which weights."""
    yield from ways(
        "DPPO over a length of 8, loss",
        ("the paper, C.1: total variation", "dppo(length=8)", loss(load("dppo", length=8))),
        (
            "the paper's larger runs",
            "dppo(low=0.2, high=0.2, length=8)",
            loss(load("dppo", low=0.2, high=0.2, length=8)),
        ),
        ("prime-rl's default", "dppo_squared", loss(load("dppo_squared"))),
        ("Kimi K2.5", "kimi_k25", loss(load("kimi_k25"))),
    )
    every = Without(of=BeyondSecondMoment(among=PolicyTokens()))
    yield from ways(
        "M2PO, loss",
        ("the authors: outward tokens", "m2po", loss(load("m2po"))),
        (
            "AReaL: all tokens",
            "BeyondSecondMoment(among=PolicyTokens())",
            loss(replace(chosen("m2po"), corrections=(every,))),
        ),
    )
    yield from ways(
        "FIPO, loss",
        ("the authors' run, 32B", "fipo", loss(load("fipo"))),
        ("their advice for 7B", "fipo(low=0.2)", loss(load("fipo", low=0.2))),
    )


def scales() -> Iterator[Row]:
    """What a sum is multiplied by."""
    gpg = chosen("gpg")
    by_rewards = times(replace(gpg, advantage=Centred()), 6 / 3)  # three rewards are not 0
    yield from ways(
        "GPG, loss",
        ("the authors", "gpg", loss(gpg)),
        ("veRL", "gpg, Centred(), ConstantWeight(6/3)", loss(by_rewards)),
    )
    entropic = chosen("entropic")
    yield from ways(
        "entropic advantages, loss",
        ("whet: a mean over tokens", "entropic", loss(entropic)),
        ("TTT-Discover: a sum", "entropic, ConstantWeight(15)", loss(times(entropic, 15.0))),
    )


def teachers() -> Iterator[Row]:
    """Divergences to a teacher, and what they are a mean of."""
    gkd = chosen("gkd")
    yield from ways(
        "GKD, loss",
        ("TRL: over tokens", "gkd", distilled(gkd)),
        (
            "the paper (from memory): over replies",
            "gkd, SequenceMean()",
            distilled(replace(gkd, aggregation=SequenceMean())),
        ),
    )
    kinds: tuple[tuple[str, TokenDivergence], ...] = (
        ("SDFT, SDPO; the reverse KL", ReverseDivergence()),
        ("the forward KL, as of a teacher's own text", ForwardDivergence()),
    )
    yield from ways(
        "the divergence to a teacher, loss",
        ("TRL's GKD", "MixtureDivergence(beta=0.5)", distilled(gkd)),
        *((whose, f"{type(kind).__name__}()", distilled(load_with(kind))) for whose, kind in kinds),
    )


def load_with(divergence: TokenDivergence) -> Objective:
    """GKD with another divergence."""
    objective = load("gkd", divergence=divergence)
    if not isinstance(objective, Objective):
        raise TypeError("gkd is no sum over tokens")
    return objective
