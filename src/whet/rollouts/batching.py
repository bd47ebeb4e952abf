"""Building batches: from judged groups to flat tensors of sampled tokens."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from whet.policy.extensions.together import Extensions
from whet.policy.nodes import nodes, numbered, roots
from whet.protocols import Algorithm, Learner, StepContext
from whet.rollouts.correctness import check_correctness, correct
from whet.rollouts.lineage import parentage
from whet.rollouts.observations import observed
from whet.types import (
    AdvantageInputs,
    Batch,
    Group,
    IntegrityError,
    Need,
    Rollout,
    TrainBatch,
    Version,
    along,
    totals,
)

_LARGEST = torch.finfo(torch.float32).max


async def build_batch(
    groups: Iterable[Group],
    objective: Algorithm,
    learner: Learner,
    context: StepContext | None = None,
    extensions: Extensions | None = None,
) -> tuple[TrainBatch, AdvantageInputs]:
    """The batch to learn from, and the inputs that its advantages were computed from.

    A rollout without a score (a fault) is left out, also from baselines. Rollouts that
    `Group.learn` or the advantage's `learned` excludes count in baselines only. Columns that no
    part needs are not computed.

    Raises `IntegrityError` if a rollout is in the batch twice, or if one of its numbers is not
    finite; `UsageError` if the algorithm needs correctness, and a reward doesn't say it.
    """
    given = list(groups)
    everyone = [r for group in given for r in group]
    kept = [scored for group in given if (scored := _scored(group))]
    rollouts = [r for group in kept for r in group]
    _unlike(rollouts)
    check_correctness(objective, kept)
    number = torch.tensor([g for g, members in enumerate(kept) for _ in members]).long()
    inputs = await _inputs(rollouts, number, objective.needs, learner)
    inputs = replace(
        inputs,
        tree_weight=_tree_weight(rollouts, everyone, objective),
        **_trees(rollouts, everyone),
        version_lag=_lags(rollouts, learner.version, None if context is None else context.version),
    )
    if extensions is not None and context is not None:
        inputs = await extensions.add_columns(context, inputs, rollouts)
    weight = torch.tensor([group.weight for group in kept for _ in group])
    batch = _batch(rollouts, inputs, objective, weight)
    _check_numbers(inputs, batch, rollouts)
    learned = torch.tensor([x for group in kept for x in _learned(group)], dtype=torch.bool)
    learned = learned & objective.advantage.learned(inputs)
    if not learned.all():
        rollouts = [r for r, good in zip(rollouts, learned.tolist(), strict=True) if good]
        batch, inputs = batch.where(learned), inputs.where(learned)
        batch = replace(batch, tree_weight=_tree_weight(rollouts, everyone, objective))
    if Need.OBSERVED in objective.needs:
        seen = observed(rollouts, everyone, batch.group, objective)
        batch = replace(batch, observed=seen)
    return TrainBatch(rollouts, batch.counted()), inputs


def _scored(group: Group) -> Group:
    """The group without rollouts that have no score."""
    flags = [r.score is not None for r in group]
    if all(flags):
        return group
    learn = group.learn and tuple(x for x, good in zip(group.learn, flags, strict=True) if good)
    members = tuple(r for r, good in zip(group, flags, strict=True) if good)
    return replace(group, rollouts=members, learn=learn)


def _learned(group: Group) -> Sequence[bool]:
    return (True,) * len(group) if group.learn is None else group.learn


def _unlike(rollouts: Sequence[Rollout]) -> None:
    seen: dict[str, Rollout] = {}
    for rollout in rollouts:
        if rollout.id in seen:
            raise IntegrityError(
                f"rollout {rollout.id} of task {rollout.task.id!r} is in the batch twice",
                [seen[rollout.id], rollout],
            )
        seen[rollout.id] = rollout


def _check_numbers(inputs: AdvantageInputs, batch: Batch, rollouts: Sequence[Rollout]) -> None:
    """Raise `IntegrityError` for non-finite numbers, which a mask could hide from the loss."""
    columns = {name: (getattr(inputs, name), inputs.row) for name in along("N", AdvantageInputs)}
    everyone = torch.arange(len(rollouts))
    columns |= {name: (getattr(inputs, name), everyone) for name in along("B", AdvantageInputs)}
    columns["advantage"] = (batch.advantage, batch.row)
    for name, (column, owner) in columns.items():
        if column is None or (finite := column.isfinite()).all():
            continue
        whole = finite.flatten(1).all(1) if finite.ndim > 1 else finite
        odd = [rollouts[i] for i in owner[~whole].unique().tolist()]
        names = sorted({rollout.task.id for rollout in odd})
        raise IntegrityError(
            f"{name} {_trouble(name, odd)} for {len(names)} tasks: {', '.join(names[:3])}", odd
        )


def _trouble(name: str, odd: Sequence[Rollout]) -> str:
    """That a column is not finite; of a finite score, that it is too large."""
    large = [r.score for r in odd if r.score is not None and abs(r.score) > _LARGEST]
    if name == "reward" and large:
        return f"is {large[0]:g}, beyond float32,"
    return "is not finite"


def _batch(
    rollouts: Sequence[Rollout], inputs: AdvantageInputs, objective: Algorithm, weight: Tensor
) -> Batch:
    """The batch, with advantages computed over all rollouts."""
    behaviour = _column([r.behaviour_logp for r in rollouts])
    return Batch(
        totals=totals(inputs.row, inputs.group),
        row=inputs.row,
        group=inputs.group,
        advantage=_weighted(objective.advantage(inputs), weight, inputs.row),
        behaviour_logp=behaviour,
        proximal_logp=behaviour if inputs.proximal_logp is None else inputs.proximal_logp,
        reference_logp=inputs.reference_logp,
        entropy=inputs.entropy,
        external=inputs.external,
        version_lag=inputs.version_lag,
        tree_weight=inputs.tree_weight,
        reward=inputs.reward,
        correct=inputs.correct,
        taught=inputs.taught,
        candidates=inputs.candidates,
        candidate_teacher_logp=inputs.candidate_teacher_logp,
    )


def _weighted(advantage: Tensor, weight: Tensor, row: Tensor) -> Tensor:
    """The advantages times the weights of their groups (`Group.weight`)."""
    return advantage if bool((weight == 1).all()) else advantage * weight.to(advantage)[row]


async def _inputs(
    rollouts: Sequence[Rollout], group: Tensor, needs: frozenset[Need], learner: Learner
) -> AdvantageInputs:
    lengths = torch.tensor([r.length for r in rollouts]).long()
    proximal = (
        await learner.logp(rollouts)
        if Need.PROXIMAL in needs
        else _column([r.behaviour_logp for r in rollouts])
    )
    reference = await learner.logp(rollouts, of="reference") if Need.REFERENCE in needs else None
    return AdvantageInputs(
        reward=torch.tensor([float(r.score or 0.0) for r in rollouts]),
        group=group,
        row=torch.arange(len(rollouts)).repeat_interleave(lengths),
        correct=_labels(rollouts),
        truncated=torch.tensor([r.finish.truncated for r in rollouts], dtype=torch.bool),
        proximal_logp=proximal,
        reference_logp=reference,
        entropy=await _entropy(rollouts, learner) if Need.ENTROPY in needs else None,
        collision=await learner.collision(rollouts) if Need.COLLISION in needs else None,
        dense=_column([_credit(r) for r in rollouts]) if Need.DENSE in needs else None,
        external=_column([r.external for r in rollouts], np.bool_),
        **_states(rollouts, needs),
    )


def _column(parts: Sequence[ndarray], dtype: type = np.float32) -> Tensor:
    joined = np.concatenate([np.asarray(x, dtype) for x in parts]) if parts else np.zeros(0, dtype)
    return torch.from_numpy(joined.copy())


def _labels(rollouts: Sequence[Rollout]) -> Tensor | None:
    """Which rollouts are correct; None if that of one is not known."""
    found = [correct(rollout) for rollout in rollouts]
    known = [label for label in found if label is not None]
    return torch.tensor(known, dtype=torch.bool) if len(known) == len(found) else None


def _lags(rollouts: Sequence[Rollout], now: int, held: Version | None) -> Tensor:
    """Versions between sampling weights and the learner's, per token; 0 for external tokens.

    Weights with the step of the learner's and another digest, which were tried and discarded, are 1
    version behind; `held` are the learner's, where they are known.
    """

    def lag(version: Version | None) -> int:
        if version is None:
            return 0
        discarded = held is not None and held.step == version.step and held != version
        return 1 if discarded else now - version.step

    spans = [span for rollout in rollouts for span in rollout.spans]
    lags = np.array([lag(span.version) for span in spans], np.int64)
    return torch.from_numpy(np.repeat(lags, [span.tokens for span in spans]))


def _tree_weight(
    rollouts: Sequence[Rollout], known: Sequence[Rollout], objective: Algorithm
) -> Tensor | None:
    """Weights of tokens that these rollouts share; None if no rollout was forked."""
    forked = parentage(rollouts, known)
    return None if forked is None else objective.sharing(forked)


def _trees(rollouts: Sequence[Rollout], known: Sequence[Rollout]) -> dict[str, Tensor]:
    """The node of each token and the tree of each rollout; empty if no rollout was forked."""
    forked = parentage(rollouts, known)
    if forked is None:
        return {}
    return {"node": numbered(nodes(forked)), "tree": roots(forked)}


def _credit(rollout: Rollout) -> ndarray:
    credit = rollout.verdict.credit if rollout.verdict else ()
    if credit and len(credit) != rollout.length:
        raise IntegrityError(
            f"the verdict of task {rollout.task.id!r}, seed {rollout.seed}, gives credit to "
            f"{len(credit)} tokens, but the policy sampled {rollout.length}",
            [rollout],
        )
    return np.asarray(credit, np.float32) if credit else np.zeros(rollout.length, np.float32)


async def _entropy(rollouts: Sequence[Rollout], learner: Learner) -> Tensor:
    """Recorded entropies; the learner recomputes those of rollouts with external tokens."""
    unknown = [r for r in rollouts if r.entropy is None or r.external.any()]
    lengths = [r.length for r in unknown]
    computed = (await learner.entropy(unknown)).split(lengths) if unknown else ()
    found = dict(zip((r.id for r in unknown), computed, strict=True))
    parts = [found[r.id] if r.id in found else torch.tensor(r.entropy) for r in rollouts]
    return torch.cat(parts) if parts else torch.zeros(0)


def _states(rollouts: Sequence[Rollout], needs: frozenset[Need]) -> dict[str, Tensor]:
    """For every token, the index of its reply in its rollout, and the state that the reply answers.

    Equal states of equal tasks have equal numbers. The state is the name that the environment gave
    it, or else the observation before the reply.
    """
    if Need.STATES not in needs:
        return {}
    numbers: dict[tuple[str, str], int] = {}
    segment: list[int] = []
    state: list[int] = []
    for rollout in rollouts:
        heard = rollout.turns[::2]
        for turn, (act, spoken) in enumerate(zip(rollout.acts, rollout.spoken, strict=True)):
            size = spoken.stop - spoken.start
            named = act.state or (heard[turn] if turn < len(heard) else "")
            segment += [turn] * size
            state += [numbers.setdefault((rollout.task.id, named), len(numbers))] * size
    return {"segment": torch.tensor(segment).long(), "state": torch.tensor(state).long()}
