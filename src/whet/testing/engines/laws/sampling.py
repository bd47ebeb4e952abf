"""Laws of sampling: log-probs, forks, neighbours, seeds."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log, sqrt
from typing import ClassVar

import torch

from whet.protocols import OpenPlays
from whet.testing.engines.examined import FREE, ExaminedEngine, behaviour, ids_of, rollouts_of
from whet.testing.engines.findings import LawRecord
from whet.types import Decoding, Play, Request, Rollout
from whet.types.kept import KEPT

_CUT = 5  # sampled tokens before a fork
_DEVIATIONS = 4.5  # of a mean of surprises; chance gives more once in 150,000
_SURPRISING = 14.0  # nats of a text; two seeds give it by chance once in a million
_FAR = (5, 5 + 2**8, 5 + 2**16, 5 + 2**31, 5 + 2**32, 5 + 2**53, 5 + 2**62)
_HOT = Decoding(max_new_tokens=FREE.max_new_tokens, temperature=2.0)


@dataclass(frozen=True, slots=True)
class Forks:
    """A shape that forks every rollout within its reply, and its forks again."""

    resumes: ClassVar[bool] = True

    async def roll(self, request: Request, plays: OpenPlays) -> list[Rollout]:
        """Two forks of every rollout, and one of each of them."""
        first = [x for found in await plays.play(request.plays) for x in found]
        second = await self._forked(plays, request.plays[0], first, 2)
        third = await self._forked(plays, request.plays[0], second, 1)
        return [*first, *second, *third]

    @staticmethod
    async def _forked(
        plays: OpenPlays, like: Play, rollouts: Sequence[Rollout], count: int
    ) -> list[Rollout]:
        asked = [
            replace(like, seed=rollout.seed + 1000 * child, begun=(rollout, at))
            for rollout in rollouts
            for child in range(1, count + 1)
            if (at := min(rollout.forked_at + _CUT, rollout.length - 1)) > 0
        ]
        return [x for found in await plays.play(asked) for x in found] if asked else []


async def log_probs_are_the_models(subject: ExaminedEngine, found: LawRecord) -> None:
    """Log-probs and entropies of generator and learner are those of the original model."""
    rollouts = rollouts_of(await subject.played())
    await compare(subject, found, rollouts)
    learner, limit = subject.learner, subject.limits.logp
    due = torch.cat([torch.zeros(0), *(subject.due(r).entropy for r in rollouts)])
    found.near("the learner's entropy", await learner.entropy(rollouts), due, limit)


async def a_fork_is_a_full_forward(subject: ExaminedEngine, found: LawRecord) -> None:
    """A reply that goes on from a part of another one is that of a forward over the whole text."""
    groups = await subject.played(seeds=(11, 22), shape=Forks())
    rollouts = rollouts_of(groups)
    known = {rollout.id: rollout for rollout in rollouts}
    forks = [rollout for rollout in rollouts if rollout.parent in known]
    if not forks:
        found.unshown = "no reply was long enough to be forked"
        return
    for rollout in forks:
        at, parent = rollout.forked_at, known[rollout.parent]
        same = ids_of(rollout)[:at] == ids_of(parent)[:at]
        found.holds("a fork begins with other tokens than the rollout it is of", sound=same)
    await compare(subject, found, rollouts)


async def neighbours_do_not_matter(subject: ExaminedEngine, found: LawRecord) -> None:
    """A reply is the same whether it is sampled alone or beside others, and so are its scores."""
    together = rollouts_of(await subject.played())
    longer = replace(FREE, max_new_tokens=FREE.max_new_tokens + 3, temperature=1.3)
    mixed = await asyncio.gather(
        subject.played(longer, seeds=(44, 55)), subject.played(seeds=(33, 11, 22))
    )
    by_play = {(r.task.id, r.seed): r for r in rollouts_of(mixed[1])}
    alone = [
        one for seed in (11, 22, 33) for one in rollouts_of(await subject.played(seeds=(seed,)))
    ]
    lonely = {(r.task.id, r.seed): r for r in alone}
    for rollout in together:
        for others in (by_play, lonely):
            _same(subject, found, rollout, others[rollout.task.id, rollout.seed])
    if together:
        one = await subject.learner.logp(together[:1])
        every = await subject.learner.logp(together)
        found.near("the learner's log-prob", every[: len(one)], one, subject.limits.logp)


async def seeds_are_respected(subject: ExaminedEngine, found: LawRecord) -> None:
    """One seed gives one text, again and again; other seeds, all 63 bits of them, other texts."""
    seeds = tuple(range(101, 105))
    first, again = [rollouts_of(await subject.played(_HOT, seeds)) for _ in range(2)]
    for one, other in zip(first, again, strict=True):
        _same(subject, found, one, other)
    for task in sorted({rollout.task.id for rollout in first}):
        texts = [ids_of(rollout) for rollout in first if rollout.task.id == task]
        differ = len(set(texts)) > len(texts) // 2
        found.holds(f"{len(texts)} seeds give {len(set(texts))} texts", sound=differ)
    _far_apart(found, rollouts_of(await subject.played(_HOT, _FAR)))


def _far_apart(found: LawRecord, rollouts: Sequence[Rollout]) -> None:
    """Seeds that agree in their lower bits give different texts, where chance seldom gives one."""
    for index, one in enumerate(rollouts):
        surprise = -behaviour([one]).sum().item()
        for other in rollouts[:index]:
            alike = one.task.id == other.task.id and ids_of(one) == ids_of(other)
            found.holds(
                f"seeds {other.seed} and {one.seed} give one text",
                sound=not alike or surprise < _SURPRISING,
            )


async def compare(subject: ExaminedEngine, found: LawRecord, rollouts: Sequence[Rollout]) -> None:
    """Log-probs of these rollouts, by generator and learner, and how they were drawn."""
    limit = subject.limits.logp
    due = [subject.due(rollout) for rollout in rollouts]
    logp = torch.cat([torch.zeros(0), *(one.logp for one in due)])
    for rollout, one in zip(rollouts, due, strict=True):
        name = f"the generator's log-prob (task {rollout.task.id}, seed {rollout.seed})"
        found.near(name, torch.tensor(rollout.behaviour_logp), one.logp, limit)
        if rollout.entropy is not None:
            found.near("the generator's entropy", torch.tensor(rollout.entropy), one.entropy, limit)
        if rollout.self_certainty is not None:
            ours, sure = torch.tensor(rollout.self_certainty), _certainty(subject, rollout)
            found.near("the generator's self-certainty", ours, sure, limit)
    found.near("the learner's log-prob", await subject.learner.logp(rollouts), logp, limit)
    if rollouts:
        _as_declared(subject, found, rollouts)


def _as_declared(subject: ExaminedEngine, found: LawRecord, rollouts: Sequence[Rollout]) -> None:
    """Tokens come as often as their log-probs say.

    Of surprises s = −log π(y) the expectation is the entropy H, so Σ(s − H) / √Σ Var s is standard
    normal in the limit of many tokens.
    """
    total = variance = 0.0
    for rollout in rollouts:
        if rollout.decoding.temperature == 0 or KEPT in rollout.columns:
            continue
        start = rollout.forked_at
        moments = _moments(subject, rollout)[start:]
        surprise = -subject.due(rollout).logp.double()[start:]
        total += (surprise - moments[:, 0]).sum().item()
        variance += moments[:, 1].sum().item()
    if variance > 1:
        off = abs(total) / sqrt(variance)
        found.holds(
            f"how often tokens come is {off:.1f} standard deviations from their log-probs",
            sound=off <= _DEVIATIONS,
        )


@torch.no_grad()
def _moments(subject: ExaminedEngine, rollout: Rollout) -> torch.Tensor:
    """Mean and variance of the surprise of each sampled token, [N, 2]."""
    logp = torch.log_softmax(subject.logits(rollout) / rollout.decoding.logp_temperature, -1)
    p = logp.exp()
    mean = -(p * logp).sum(-1)
    return torch.stack([mean, (p * logp.square()).sum(-1) - mean.square()], 1)


@torch.no_grad()
def _certainty(subject: ExaminedEngine, rollout: Rollout) -> torch.Tensor:
    """KL(U ‖ softmax(z)) before each sampled token, [N]."""
    logits = subject.logits(rollout)
    return logits.logsumexp(-1) - logits.mean(-1) - log(logits.shape[-1])


def _same(subject: ExaminedEngine, found: LawRecord, one: Rollout, other: Rollout) -> None:
    """Two plays of one seed have the same tokens and log-probs."""
    if subject.limits.texts:
        equal = ids_of(one) == ids_of(other)
        found.holds(f"seed {one.seed} of task {one.task.id} gives two texts", sound=equal)
    size = next(
        (n for n, (a, b) in enumerate(zip(ids_of(one), ids_of(other), strict=False)) if a != b),
        min(one.length, other.length),
    )
    found.near(
        "a log-prob of one text",
        behaviour([one])[:size],
        behaviour([other])[:size],
        subject.limits.logp,
    )
