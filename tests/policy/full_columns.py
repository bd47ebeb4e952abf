"""Batches with every column that a part may read: those of the oracles, a rare one, and a tree.

The numbers of an oracle's batch stay; columns that it lacks are drawn with one seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import log
from typing import Any

import torch
from policy import derived
from policy.oracles import B0, DOUBLE, flat
from policy.oracles import ROW as B0_ROW
from torch import Tensor

from whet.policy.nodes import nodes, numbered, roots
from whet.testing.draws import DrawnBatch
from whet.testing.laws import loss_and_gradient, observed_gradient, ready
from whet.testing.laws.gradients import candidate_gradient
from whet.types import AdvantageInputs, Batch, observations, totals
from whet.types.lineage import Parentage

CANDIDATES = 3
RARELY = 0.3


@dataclass(frozen=True, kw_only=True)
class FullBatch:
    """Rollouts of a batch, with the log-probs of all policies of every token."""

    row: Sequence[int]
    group: Sequence[int]
    reward: Sequence[float]
    learner: Sequence[float]
    behaviour: Sequence[float]
    proximal: Sequence[float]
    reference: Sequence[float]
    forked: Parentage | None = None

    @cached_property
    def columns(self) -> dict[str, Tensor]:
        """What inputs and batch share."""
        rng, size = torch.Generator().manual_seed(7), len(self.row)

        def share(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=rng, dtype=DOUBLE)

        reward = torch.tensor(self.reward, dtype=DOUBLE)
        return {
            "row": torch.tensor(self.row),
            "group": torch.tensor(self.group),
            "reward": reward,
            "correct": reward > 0.5,
            "proximal_logp": torch.tensor(self.proximal, dtype=DOUBLE),
            "reference_logp": torch.tensor(self.reference, dtype=DOUBLE),
            "entropy": share(size),
            "external": share(size) < RARELY,
            "version_lag": torch.randint(0, 3, (size,), generator=rng),
            "taught": share(size) > RARELY,
            "candidates": torch.arange(CANDIDATES).expand(size, CANDIDATES),
            "candidate_teacher_logp": share(size, CANDIDATES + 1).log_softmax(-1),
        }

    @cached_property
    def inputs(self) -> AdvantageInputs:
        """What advantages read; the teacher, the critic and the states are drawn."""
        rng, size, count = torch.Generator().manual_seed(8), len(self.row), len(self.group)

        def share(length: int) -> Tensor:
            return torch.rand(length, generator=rng, dtype=DOUBLE)

        known = AdvantageInputs(
            **self.columns,
            truncated=share(count) < RARELY,
            baseline=share(count),
            collision=share(size),
            value=share(size),
            dense=share(size) - 0.5,
            segment=torch.zeros(size, dtype=torch.long),
            state=torch.randint(0, 3, (size,), generator=rng),
            teacher_logp=-2 * share(size),
        )
        if self.forked is None:
            return known
        return replace(known, node=numbered(nodes(self.forked)), tree=roots(self.forked))

    def batch(self, advantage: Tensor) -> Batch:
        """What losses read; each rollout has two observation tokens."""
        rng, (size, count) = torch.Generator().manual_seed(9), (len(self.row), len(self.group))
        row, group = self.columns["row"], self.columns["group"]
        heard = torch.arange(count).repeat_interleave(2)
        observed = observations(heard, group, None, DOUBLE)
        logp = -torch.rand(len(heard), generator=rng, dtype=DOUBLE)
        drawn = torch.rand(size, CANDIDATES + 2, generator=rng, dtype=DOUBLE)
        return Batch(
            **self.columns,
            totals=totals(row, group),
            advantage=advantage,
            behaviour_logp=torch.tensor(self.behaviour, dtype=DOUBLE),
            learner_logp=torch.tensor(self.learner, dtype=DOUBLE),
            learner_entropy=drawn[:, 0],
            candidate_logp=drawn[:, 1:].log_softmax(-1),
            observed=replace(observed, learner_logp=logp),
        )


def outcome(objective: Any, case: FullBatch) -> Tensor:
    """Loss and all gradients of an algorithm with its own advantage, as in a run.

    The gradients are by the log-probs of tokens, then of candidates and observations.
    """
    inputs, shared = case.inputs, None
    if case.forked is not None:
        shared = objective.sharing(case.forked)
        inputs = replace(inputs, tree_weight=shared)
    batch = replace(case.batch(objective.advantage(inputs)), tree_weight=shared)
    learned = objective.advantage.learned(inputs)
    mine, batch = learned[batch.row], batch.where(learned)
    batch = replace(batch, totals=totals(batch.row, batch.group, batch.tree_weight)).counted()
    logp = torch.tensor(case.learner, dtype=DOUBLE)[mine]
    logp, batch = ready(objective, DrawnBatch(logp, batch))
    loss, gradient = loss_and_gradient(objective, logp, batch)
    by_token = torch.zeros(len(case.row), dtype=DOUBLE).masked_scatter(mine, gradient)
    apart = torch.zeros(len(case.row), CANDIDATES + 1, dtype=DOUBLE)
    apart[mine] = candidate_gradient(objective, logp, batch)
    heard = torch.zeros(2 * len(case.group), dtype=DOUBLE)
    heard[learned.repeat_interleave(2)] = observed_gradient(objective, logp, batch)
    return torch.cat([loss.reshape(1), by_token, apart.flatten(), heard])


def logs(probabilities: Sequence[float]) -> list[float]:
    return [log(p) for p in probabilities]


ORACLE = FullBatch(
    row=B0_ROW.tolist(),
    group=B0["group"],
    reward=B0["rewards"],
    learner=flat(B0["logp"]).tolist(),
    behaviour=flat(B0["logp_rollout"]).tolist(),
    proximal=flat(B0["logp_old"]).tolist(),
    reference=flat(B0["logp_ref"]).tolist(),
)
STALE = FullBatch(
    row=derived.ROW,
    group=derived.GROUP,
    reward=[1.0, 0.2, 0.7, 0.1, -0.3],
    learner=derived.LEARNER,
    behaviour=derived.BEHAVIOUR,
    proximal=derived.PROXIMAL,
    reference=derived.REFERENCE,
)
# Rare tokens that become likely and the other way round, ratios from 1/120 to 120, and tokens of
# both signs for which only one of two bounds is crossed: μ .001 → π .12 has a total variation of
# .119 and a binary KL of .12.  The group of six has two right replies and four wrong ones.
RARE = FullBatch(
    row=[0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7],
    group=[0, 0, 0, 0, 0, 0, 1, 1],
    reward=[1.0, -0.2, 0.9, 0.2, 0.1, -0.6, 0.2, 0.8],
    learner=logs(
        [.12, .004, .9, .001, .3, .6, .12, .05, .001, .7, .45, .03, .8, .35, .25, .06, .97, .2, .02]
    ),
    behaviour=logs(
        [.001, .0005, .7, .12, .5, .45, .01, .2, .1, .69, .2, .4, .9, .3, .25, .001, .9, .01, .3]
    ),
    proximal=logs(
        [.0012, .0006, .72, .1, .48, .47, .012, .18, .09, .7, .22, .38, .88, .33, .26, .0011, .91,
         .012, .28]
    ),
    reference=logs(
        [.01, .001, .8, .04, .4, .5, .1, .1, .05, .6, .3, .2, .5, .3, .2, .01, .8, .1, .1]
    ),
)  # fmt: skip
TREE = FullBatch(
    row=[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5],
    group=[0] * 6,
    reward=[1.0, -0.2, 0.6, 0.3, 0.9, 0.1],
    learner=[-0.4, -1.1, -0.9, -0.4, -1.6, -0.3, -0.4, -1.1, -0.7]
    + [-0.05, -1.3, -0.05, -0.6, -0.2, -0.05, -2.0],
    behaviour=[-0.7, -1.0, -2.5, -0.7, -0.8, -0.35, -0.7, -1.0, -1.9]
    + [-0.06, -0.6, -0.06, -0.5, -0.3, -0.06, -1.0],
    proximal=[-0.6, -1.05, -2.2, -0.6, -0.9, -0.33, -0.6, -1.05, -1.6]
    + [-0.055, -0.8, -0.055, -0.52, -0.28, -0.055, -1.2],
    reference=[-0.5, -1.3, -1.0, -0.5, -1.2, -0.4, -0.5, -1.3, -1.0]
    + [-0.1, -1.1, -0.1, -0.7, -0.3, -0.1, -1.5],
    forked=Parentage(
        ids=list("abcdef"),
        parents=["", "a", "a", "", "d", "d"],
        forked_at=[0, 1, 2, 0, 1, 1],
        lengths=[3, 3, 3, 2, 3, 2],
    ),
)
EVERY = {"oracle": ORACLE, "stale": STALE, "rare": RARE, "tree": TREE}
