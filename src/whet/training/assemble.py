"""From rollouts to tensors: judged tokens laid end to end, and their shares of a step."""

from collections.abc import Iterable, Sequence
from random import Random

import torch
from torch import Tensor

from whet.protocols import Learner
from whet.protocols.algorithm import Algorithm
from whet.types import Batch, Finish, Group, Need, Rollout, Scores, totals

Share = tuple[Sequence[Rollout], Batch]
"""What one optimiser step learns from: rollouts and, in the same order, their tokens."""


def assemble(groups: Iterable[Group], objective: Algorithm, learner: Learner) -> Share:
    """What to learn from, where nobody knows more of it than rollouts and learner do."""
    return shared(*scored(groups, objective.needs, learner), objective)


def scored(
    groups: Iterable[Group], needs: frozenset[Need], learner: Learner
) -> tuple[list[Rollout], Scores]:
    """The rollouts to learn from, and what rollouts and learner know of them.

    A rollout without a verdict's score (a fault) is left out, and so out of every baseline.
    Columns that nobody needs are not computed.
    """
    judged = ([r for r in group if r.score is not None] for group in groups)
    kept = [group for group in judged if group]
    rollouts = [r for group in kept for r in group]
    group = torch.tensor([g for g, members in enumerate(kept) for _ in members]).long()
    return rollouts, _scores(rollouts, group, needs, learner)


def shared(rollouts: Sequence[Rollout], scores: Scores, objective: Algorithm) -> Share:
    """With advantages made of the whole of them."""
    behaviour_logp = _tokens(logp for r in rollouts for logp in r.behaviour_logp)
    batch = Batch(
        totals=totals(scores.row, scores.group),
        row=scores.row,
        group=scores.group,
        advantage=objective.advantage(scores),
        behaviour_logp=behaviour_logp,
        proximal_logp=behaviour_logp if scores.proximal_logp is None else scores.proximal_logp,
        reference_logp=scores.reference_logp,
        entropy=scores.entropy,
        external=scores.external,
        reward=scores.reward,
        correct=scores.correct,
    )
    return rollouts, batch.counted()


def _scores(
    rollouts: Sequence[Rollout], group: Tensor, needs: frozenset[Need], learner: Learner
) -> Scores:
    now = learner.digest() if any(r.policy_digest for r in rollouts) else ""
    return Scores(
        reward=torch.tensor([float(r.score or 0.0) for r in rollouts]),
        group=group,
        row=torch.tensor([i for i, r in enumerate(rollouts) for _ in r.behaviour_logp]).long(),
        correct=torch.tensor([_right(r) for r in rollouts], dtype=torch.bool),
        truncated=torch.tensor([r.finish is Finish.LENGTH for r in rollouts], dtype=torch.bool),
        proximal_logp=(
            learner.logp(rollouts)
            if Need.PROXIMAL in needs
            else _tokens(logp for r in rollouts for logp in r.behaviour_logp)
        ),
        reference_logp=learner.reference_logp(rollouts) if Need.REFERENCE in needs else None,
        entropy=_entropy(rollouts, learner) if Need.ENTROPY in needs else None,
        dense=_tokens(x for r in rollouts for x in _credit(r)) if Need.DENSE in needs else None,
        external=torch.tensor([x for r in rollouts for x in _external(r, now)], dtype=torch.bool),
        **_turns(rollouts, needs),
    )


def _tokens(values: Iterable[float]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.float32)


def _right(rollout: Rollout) -> bool:
    """As its judge counts it; where the judge doesn't say, a full score."""
    verdict = rollout.verdict
    if verdict is None or verdict.correct is None:
        return (rollout.score or 0.0) >= 1
    return verdict.correct


def _external(rollout: Rollout, now: str) -> list[bool]:
    """Tokens that others chose, and all tokens of a policy that is no more."""
    if rollout.policy_digest != now:
        return [True] * rollout.length
    return [place < rollout.given for place in range(rollout.length)]


def _credit(rollout: Rollout) -> Sequence[float]:
    credit = rollout.verdict.credit if rollout.verdict else ()
    return credit or [0.0] * rollout.length


def _entropy(rollouts: Sequence[Rollout], learner: Learner) -> Tensor:
    """As sampled; of tokens that others chose, as the learner finds it."""
    unknown = [r for r in rollouts if r.given or len(r.entropy) != r.length]
    found = iter(learner.entropy(unknown).split([r.length for r in unknown]) if unknown else ())
    asked = {id(r) for r in unknown}
    parts = [next(found) if id(r) in asked else torch.tensor(r.entropy) for r in rollouts]
    return torch.cat(parts) if parts else torch.zeros(0)


def _turns(rollouts: Sequence[Rollout], needs: frozenset[Need]) -> dict[str, Tensor]:
    """Of every token: the how-manieth reply of its rollout it is in, and what that reply answers.

    Equal observations after equal tasks are equal states.
    """
    if Need.STATES not in needs:
        return {}
    states: dict[tuple[str, str], int] = {}
    segment: list[int] = []
    state: list[int] = []
    for rollout in rollouts:
        turn = -1
        before = False
        for chosen in rollout.chosen:
            turn += chosen and not before
            before = chosen
            if chosen:
                heard = rollout.turns[2 * turn] if 2 * turn < len(rollout.turns) else ""
                segment.append(turn)
                state.append(states.setdefault((rollout.task.id, heard), len(states)))
    return {"segment": torch.tensor(segment).long(), "state": torch.tensor(state).long()}


def minibatches(share: Share, count: int, dice: Random) -> list[Share]:
    """Deal whole groups into `count` optimiser steps; each is a global batch of its own."""
    rollouts, batch = share
    groups = sorted(set(batch.group.tolist()))
    if count == 1 or not groups:
        return [share]
    dice.shuffle(groups)
    shares = []
    for first in range(min(count, len(groups))):
        keep = torch.isin(batch.group, torch.tensor(groups[first::count]))
        mine = [r for r, kept in zip(rollouts, keep.tolist(), strict=True) if kept]
        shares.append((mine, batch.where(keep).counted()))
    return shares
