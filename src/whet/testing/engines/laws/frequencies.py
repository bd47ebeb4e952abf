"""The law of frequencies: tokens come as often as their distribution says."""

from collections.abc import Iterator
from math import log, sqrt

import torch
from torch import Tensor

from whet.testing.engines.examined import REPLY, ExaminedEngine, rollouts_of
from whet.testing.engines.findings import LawRecord
from whet.testing.engines.laws.probabilities import left, probabilities, sampled
from whet.types import Decoding, Rollout

_MANY, _FEW = 128, 32  # replies of a prompt; the few are of engines that decode one at a time
_RARE = 1e-7  # the most that chance gives a count that is refused
_DEVIATIONS = 5.5  # of the sum of surprises; chance gives more once in 25 million
_LARGEST = 30.0  # nats, of a token that counts in the sum
_RANKS = 4  # likeliest tokens whose counts are looked at by their rank
_HOWS = (
    Decoding(max_new_tokens=REPLY),
    Decoding(max_new_tokens=REPLY, temperature=0.7, top_p=0.8),
    Decoding(max_new_tokens=REPLY, temperature=1.6, top_k=5, min_p=0.05),
)


async def tokens_come_as_often_as_declared(subject: ExaminedEngine, found: LawRecord) -> None:
    """Each token, and each rank, comes as often as its probability says, also under truncation.

    So the sum of surprises is near that of entropies.
    """
    seeds = range(1001, 1001 + (_MANY if subject.engine.slots > 1 else _FEW))
    for how in _HOWS:
        rollouts = rollouts_of(await subject.played(how, seeds))
        if not rollouts:
            continue
        given = torch.cat([_distribution(subject, rollout) for rollout in rollouts])
        ids = torch.cat([sampled(rollout) for rollout in rollouts])
        drawn = torch.zeros_like(given).scatter_(1, ids[:, None], 1.0)
        for name, count, expected, variance in _counts(given, drawn):
            found.holds(
                f"{_told(how)}: {name} came {count:.0f} times, where {expected:.1f} are due",
                sound=_likely(abs(count - expected), variance),
            )
        off = _surprise(given, ids)
        found.holds(
            f"{_told(how)}: log-probs of tokens are {off:.1f} standard deviations from their mean",
            sound=abs(off) <= _DEVIATIONS,
        )


def _distribution(subject: ExaminedEngine, rollout: Rollout) -> Tensor:
    """The distribution that each token is drawn from, [N, V]."""
    whole = probabilities(subject, rollout)
    _, kept = left(whole, rollout.decoding, 0.0)
    kept.scatter_(1, whole.argmax(-1, keepdim=True), value=True)
    mass = whole * kept
    return mass / mass.sum(-1, keepdim=True)


def _counts(given: Tensor, drawn: Tensor) -> Iterator[tuple[str, float, float, float]]:
    """Names, counts, expectations and variances: of tokens, and of ranks."""
    order = given.sort(dim=-1, descending=True, stable=True).indices
    ranked = given.gather(1, order), drawn.gather(1, order)
    for what, (p, came), most in (
        ("token", (given, drawn), given.shape[1]),
        ("the token of rank", ranked, min(_RANKS, given.shape[1])),
    ):
        sums = came.sum(0), p.sum(0), (p * (1 - p)).sum(0)
        for place, numbers in enumerate(zip(*(x.tolist() for x in sums), strict=True)):
            if place < most:
                yield (f"{what} {place}", *numbers)


def _surprise(given: Tensor, ids: Tensor) -> float:
    """Σ(s − H) / √Σ Var s of surprises s = −log p, standard normal in the limit of many tokens.

    Where a token with p = 0 came, the sum has no term.  The law of truncation looks at such tokens:
    by rounding, the engine may keep another token at the edge.
    """
    due = given.gather(1, ids[:, None])[:, 0] > 0
    given, ids = given[due], ids[due]
    s = -given.clamp(min=1e-300).log()
    mean = (given * s).sum(-1)
    variance = ((given * s.square()).sum(-1) - mean.square()).sum().item()
    own = s.gather(1, ids[:, None])[:, 0].clamp(max=_LARGEST)
    return (own - mean).sum().item() / sqrt(variance) if variance > 1 else 0.0


def _likely(off: float, variance: float) -> bool:
    """Whether chance gives a sum so far off, by the inequality of Freedman and Bernstein.

    P(|S − E| ≥ t) ≤ 2 exp(−t² / (2 (V + t/3))).
    """
    return off * off <= -2 * log(_RARE / 2) * (variance + off / 3) + 1e-6


def _told(how: Decoding) -> str:
    names = ("temperature", "top_p", "top_k", "min_p")
    changed = {n: getattr(how, n) for n in names if getattr(how, n) != getattr(Decoding(), n)}
    return ", ".join(f"{name} {value}" for name, value in changed.items()) or "temperature 1.0"
