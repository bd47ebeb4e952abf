"""The laws of ranks: W of them compute what one does, and none of them waits or raises alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan

import torch

from whet.engines.embedded.shares import NonFiniteError
from whet.engines.fsdp.dealing import deal, shares
from whet.engines.fsdp.trial import (
    ALGORITHMS,
    Law,
    LawFinding,
    Trial,
    digest_of,
    furthest,
    sizes_of,
    stepped,
    weights_of,
    worst_gradient,
)
from whet.policy import algorithms
from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.types import Batch, IntegrityError, TrainBatch
from whet.types.optimizers import AdamW

LOGP, _LOSS = 1e-5, 1e-5  # rounding of float32
_GRADIENT, WEIGHTS = 2e-5, 5e-5  # of a tensor, as a share of its norm
_NARROW = 1  # tokens of a micro-batch: a rollout each
_WIDE = 1 << 20


async def one_rank_is_the_embedded_learner(trial: Trial, found: LawFinding) -> None:
    """One rank has the log-probs, gradients and weights of the embedded engine, bit by bit."""
    for name in ALGORITHMS:
        batch, objective = await trial.batch(name), algorithms.load(name)
        due, ours = await trial.embedded(), await trial.sharded(trial.alone)
        logp = await ours.logp(batch.rollouts), await due.logp(batch.rollouts)
        found.holds(f"{name}: log-probs differ", sound=torch.equal(*logp))
        slopes = await ours.gradient(objective, batch), await due.gradient(objective, batch)
        found.holds(f"{name}: the gradient differs", sound=torch.equal(*slopes))
        losses = await stepped(ours, name, batch), await stepped(due, name, batch)
        found.equal(f"{name}: the loss of 3 steps", *losses)
        digests = await digest_of(ours), await digest_of(due)
        found.equal(f"{name}: the digest after 3 steps", *digests)


async def ranks_are_one_rank(trial: Trial, found: LawFinding) -> None:
    """All ranks together have the log-probs, gradients and weights of one, up to rounding."""
    for name in ALGORITHMS:
        batch, objective = await trial.batch(name), algorithms.load(name)
        due, ours = await trial.embedded(), await trial.sharded()
        logp = await ours.logp(batch.rollouts) - await due.logp(batch.rollouts)
        found.near(f"{name}: log-probs", logp.abs().max().item(), LOGP)
        slopes = await ours.gradient(objective, batch), await due.gradient(objective, batch)
        found.near("gradient", worst_gradient(*slopes, sizes_of(due)), _GRADIENT)
        found.holds(
            f"{name}: there is no gradient, so nothing was tried", sound=bool(slopes[1].any())
        )
        losses = await stepped(ours, name, batch), await stepped(due, name, batch)
        pairs = zip(*losses, strict=True)
        found.near("loss", max(abs(a - b) / max(abs(b), 1.0) for a, b in pairs), _LOSS)
        weights = await weights_of(ours), await weights_of(due)
        found.near("weights after 3 steps", furthest(*weights), WEIGHTS)


async def a_run_repeats(trial: Trial, found: LawFinding) -> None:
    """The same run on the same ranks has the same digest after every step, on every rank."""
    batch = await trial.batch("dapo")
    runs = []
    for _ in range(2):
        learner, digests = await trial.sharded(), list[str]()
        for _ in range(3):
            await stepped(learner, "dapo", batch, 1)
            digests.append(await digest_of(learner))
        runs.append(digests)
    found.equal("the second run", runs[1], runs[0])
    found.holds("no step has moved a weight", sound=len({*runs[0]}) == len(runs[0]))
    told = trial.ranks.gathered(runs[0])
    found.holds("ranks have different digests", sound=all(one == told[0] for one in told))


async def ranks_pass_equally_often(trial: Trial, found: LawFinding) -> None:
    """A rank without rollouts accompanies the others, and adds nothing to their gradient."""
    whole = await trial.batch("dapo")
    first = whole.tokens.group == whole.tokens.group[0]
    kept = [r for r, keep in zip(whole.rollouts, first.tolist(), strict=True) if keep]
    lopsided = TrainBatch(kept, whole.tokens.where(first).counted())
    objective = algorithms.load("dapo")
    for batch in (lopsided, whole):
        due, ours = await trial.embedded(), await trial.sharded()
        due.budget = ours.budget = _NARROW
        logp = await ours.logp(batch.rollouts) - await due.logp(batch.rollouts)
        found.near("log-probs", logp.abs().max().item(), LOGP)
        slopes = await ours.gradient(objective, batch), await due.gradient(objective, batch)
        found.near("gradient", worst_gradient(*slopes, sizes_of(due)), _GRADIENT)
    dealt = [deal(kept, _NARROW, trial.ranks.size, r) for r in range(trial.ranks.size)]
    ghosts = sum(one.ghosts for one in dealt)
    found.told.append(f"{ghosts} ghosts")
    alone = trial.ranks.size == 1
    found.holds("every rank had rollouts, so nothing was tried", sound=ghosts > 0 or alone)


async def slices_change_nothing(trial: Trial, found: LawFinding) -> None:
    """Micro-batches of one rollout and of all have the same gradient, up to rounding."""
    batch, objective = await trial.batch("gspo"), algorithms.load("gspo")
    learner = await trial.sharded()
    flat = []
    for budget in (_NARROW, _WIDE):
        learner.budget = budget
        flat.append(await learner.gradient(objective, batch))
    sizes = sizes_of(await trial.embedded())
    found.near("gradient", worst_gradient(flat[0], flat[1], sizes), _GRADIENT)


async def a_nan_stops_all_ranks(trial: Trial, found: LawFinding) -> None:
    """A NaN in the share of one rank raises `NonFiniteError` on all, and no weight moves."""
    batch, objective = await trial.batch("dapo"), algorithms.load("dapo")
    learner = await trial.sharded()
    before = await digest_of(learner)
    proximal = batch.tokens.proximal_logp.clone()
    proximal[_last_share(batch, trial)] = nan
    spoiled = TrainBatch(batch.rollouts, replace(batch.tokens, proximal_logp=proximal))
    try:
        await learner.step(objective, spoiled, 1e-3)
        found.failures.append("a step was taken with NaN in the loss")
    except NonFiniteError:
        pass
    learner.published = None
    found.equal("the digest after a refused step", await digest_of(learner), before)
    found.equal("the number of steps", learner.optimizer_steps, 0)
    await stepped(learner, "dapo", batch, 1)
    found.holds("no step after it", sound=await digest_of(learner) != before)


async def an_error_stops_all_ranks(trial: Trial, found: LawFinding) -> None:
    """An error of the objective on one rank is raised on all, and no weight moves."""
    batch = await trial.batch("dapo")
    learner = await trial.sharded()
    before = await digest_of(learner)
    last = trial.ranks.rank == trial.ranks.size - 1
    try:
        await learner.step(_Failing(algorithms.load("dapo"), fails=last), batch, 1e-3)
        found.failures.append("a step was taken after an error")
    except (IntegrityError, ZeroDivisionError) as error:
        found.holds(f"another error: {error}", sound="on purpose" in str(error))
    learner.published = None
    found.equal("the digest after a refused step", await digest_of(learner), before)


async def clipping_is_of_the_whole_gradient(trial: Trial, found: LawFinding) -> None:
    """The norm that is told, and that is clipped, is that of all ranks' rows together."""
    batch, objective = await trial.batch("dapo"), algorithms.load("dapo")
    learner = await trial.sharded()
    due = (await learner.gradient(objective, batch)).double().norm().item()
    learner.reset_optimizer(AdamW(clip_norm=due / 10))
    norm = (await learner.step(objective, batch, 0.0)).metrics["grad_norm"].total
    found.near("norm", abs(norm - due) / due, _GRADIENT)


@dataclass(frozen=True, slots=True)
class _Failing(Algorithm):
    """An objective that fails on one rank."""

    inner: Algorithm
    fails: bool
    selections = ()

    @property
    def needs(self) -> frozenset:
        return self.inner.needs

    def split(self, learner_logp: torch.Tensor, batch: Batch) -> tuple[TokenLoss, Batch]:
        return self, self.inner.split(learner_logp, batch)[1]

    def has_gradient(self, batch: Batch) -> torch.Tensor:
        return self.inner.has_gradient(batch)

    def loss(self, learner_logp: torch.Tensor, batch: Batch) -> torch.Tensor:
        if self.fails:
            raise ZeroDivisionError("on purpose")
        return self.inner.loss(learner_logp, batch)


def _last_share(batch: TrainBatch, trial: Trial) -> torch.Tensor:
    """The tokens of one rollout that the last rank computes."""
    taught = algorithms.load("dapo").has_gradient(batch.tokens).nonzero()[:, 0].tolist()
    dealt = shares([batch.rollouts[i] for i in taught], trial.ranks.size)
    return batch.tokens.row == taught[dealt[-1][0]]


LAWS: Mapping[str, Law] = {
    law.__name__: law
    for law in (
        one_rank_is_the_embedded_learner,
        ranks_are_one_rank,
        a_run_repeats,
        ranks_pass_equally_often,
        slices_change_nothing,
        clipping_is_of_the_whole_gradient,
        a_nan_stops_all_ranks,
        an_error_stops_all_ranks,
    )
}
