"""The laws of ranks with adapters, in bfloat16, with recomputed layers, and of further models."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from whet.engines.embedded.adapters import LoRA, adapters
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.publication import whole_digest
from whet.engines.embedded.recompute import LayerRecompute
from whet.engines.fsdp.engine import FSDP
from whet.engines.fsdp.trial import (
    SETTINGS,
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

_LORA = LoRA(rank=4)
_NARROW_LOGP, _NARROW_GRADIENT, _NARROW_WEIGHTS = 0.05, 0.1, 0.03  # rounding of bfloat16


async def adapters_alone_are_trained(trial: Trial, found: LawFinding) -> None:
    """Each adapter has a gradient and no base weight has; one rank is the embedded engine.

    The digest of the merged weights is the embedded engine's for the same adapters.
    """
    batch, objective = await trial.batch("dapo"), algorithms.load("dapo")
    due, one = await trial.embedded(lora=_LORA), await trial.sharded(trial.alone, lora=_LORA)
    ours = await trial.sharded(lora=_LORA)
    for learner in (due, one, ours):
        await stepped(learner, "dapo", batch)
    found.equal("the digest on one rank", await digest_of(one), await digest_of(due))
    weights = await weights_of(ours), await weights_of(due)
    found.near("adapters after 3 steps", furthest(*weights), 1e-3)
    await ours.gradient(objective, batch)
    held = ours.body.parameters()
    wrong = [n for n, p in held.items() if p.requires_grad != (".lora_" in n)]
    found.holds(f"{len(wrong)} weights are trained that should not be", sound=not wrong)
    still = await ours.gradient(objective, batch)
    sizes = [p.numel() for p in held.values() if p.requires_grad]
    idle = sum(not part.any() for part in still.split(sizes))
    found.told.append(f"{len(sizes) - idle} of {len(sizes)} adapters have a gradient")
    found.holds(f"{idle} adapters have no gradient", sound=not idle)
    for name, tensor in adapters(due.backbone.model).items():
        tensor.copy_(weights[0][name])
    found.equal("the digest", await digest_of(ours), whole_digest(due.backbone.model))
    place = trial.place("adapted")
    await ours.save(place)
    again = await trial.sharded(trial.alone, lora=_LORA)
    await again.load(place)
    found.equal(
        "the digest after loading on one rank", await digest_of(again), await digest_of(ours)
    )


async def recomputed_layers_have_the_same_bits(trial: Trial, found: LawFinding) -> None:
    """Layers that are computed again for the gradient give the same gradient."""
    batch, objective = await trial.batch("dapo"), algorithms.load("dapo")
    plain, again = await trial.sharded(), await trial.sharded(recompute=LayerRecompute())
    slopes = await again.gradient(objective, batch), await plain.gradient(objective, batch)
    found.holds("the gradient differs", sound=torch.equal(*slopes))


async def bfloat16_has_float32_masters(trial: Trial, found: LawFinding) -> None:
    """One rank is the embedded engine with float32 copies, bit by bit; more are near to it.

    Steps that are too small for a weight of bfloat16 add up in the rows that ranks hold.
    """
    narrow = replace(trial.model, dtype="bfloat16")
    batch, objective = await trial.batch("dapo"), algorithms.load("dapo")
    due, one = await trial.embedded(narrow), await trial.sharded(trial.alone, narrow)
    ours = await trial.sharded(model=narrow)
    logp = [await learner.logp(batch.rollouts) for learner in (due, one, ours)]
    found.holds("log-probs of one rank differ", sound=torch.equal(logp[0], logp[1]))
    found.near("log-probs", (logp[2] - logp[0]).abs().max().item(), _NARROW_LOGP)
    flat = [await learner.gradient(objective, batch) for learner in (due, one, ours)]
    found.near("gradient", worst_gradient(flat[2], flat[0], sizes_of(due)), _NARROW_GRADIENT)
    found.holds("the gradient of one rank differs", sound=torch.equal(flat[0], flat[1]))
    for learner in (due, one, ours):
        await stepped(learner, "dapo", batch)
    found.equal("the digest on one rank", await digest_of(one), await digest_of(due))
    weights = await weights_of(ours), await weights_of(due)
    found.near("weights after 3 steps", furthest(*weights), _NARROW_WEIGHTS)
    found.holds(
        "published weights are not in bfloat16",
        sound=all(x.dtype == torch.bfloat16 for x in weights[0].values() if x.is_floating_point()),
    )
    odd = [n for n, p in ours.body.parameters().items() if p.dtype != torch.float32]
    found.holds(f"{len(odd)} weights are not changed in float32", sound=not odd)


async def a_reference_is_on_the_same_ranks(trial: Trial, found: LawFinding) -> None:
    """A frozen reference has the log-probs of the model it was loaded from, also after a step."""
    learner, due = await trial.sharded(), await trial.embedded()
    place = Path(trial.model.path)
    await learner.set_reference(place)
    await stepped(learner, "dapo", await trial.batch("dapo"), 1)
    gap = await learner.logp(trial.rollouts, "reference") - await due.logp(trial.rollouts)
    found.near("log-probs", gap.abs().max().item(), 1e-5)


async def a_critic_is_on_the_same_ranks(trial: Trial, found: LawFinding) -> None:
    """A critic and a value head have the values of the embedded engine after three steps.

    One rank has its bits.  A critic's checkpoint goes on on another number of ranks.
    """
    place, engine = Path(trial.model.path), FSDP(budget=trial.budget)
    own = Embedded(device="cpu", budget=trial.budget)
    fit = _Square(torch.linspace(-1, 2, sum(r.length for r in trial.rollouts)))
    due = await own.critic(place)
    one, ours = await engine.critic(place, trial.alone), await engine.critic(place, trial.ranks)
    heads = [
        await own.value_head(await trial.embedded()),
        await engine.value_head(await trial.sharded(trial.alone)),
        await engine.value_head(await trial.sharded()),
    ]
    for what, critics in (("critic", [due, one, ours]), ("head", heads)):
        values = []
        for critic in critics:
            critic.reset_optimizer(SETTINGS)
            for _ in range(3):
                await critic.step(fit, trial.rollouts, 1e-2)
            values.append(await critic.values(trial.rollouts))
        found.holds(f"{what}: one rank differs", sound=torch.equal(values[0], values[1]))
        found.near(what, (values[2] - values[0]).abs().max().item(), 1e-4)
    saved = trial.place("critic")
    await ours.save(saved)
    await one.load(saved)
    gap = (await one.values(trial.rollouts) - await ours.values(trial.rollouts)).abs().max().item()
    found.near("a loaded critic", gap, 1e-5)


async def candidates_are_those_of_one_process(trial: Trial, found: LawFinding) -> None:
    """Candidates, and the gradient of a divergence over them, are the embedded engine's."""
    whole, objective = await trial.batch("dapo"), algorithms.load("gkd")
    due, one = await trial.embedded(), await trial.sharded(trial.alone)
    ours = await trial.sharded()
    told = [await learner.candidates(whole.rollouts, 3) for learner in (due, one, ours)]
    for what, mine in (("one rank", told[1]), ("all ranks", told[2])):
        found.holds(f"{what}: other candidates", sound=torch.equal(mine.ids, told[0].ids))
    found.near("log-probs", (told[2].logp - told[0].logp).abs().max().item(), 1e-5)
    tokens = replace(
        whole.tokens,
        taught=torch.ones_like(whole.tokens.row, dtype=torch.bool),
        candidates=told[0].ids,
        candidate_teacher_logp=told[0].logp.roll(1, 0),
    )
    batch = replace(whole, tokens=tokens)
    flat = [await learner.gradient(objective, batch) for learner in (due, one, ours)]
    found.holds("there is no gradient, so nothing was tried", sound=bool(flat[0].any()))
    found.holds("the gradient of one rank differs", sound=torch.equal(flat[0], flat[1]))
    found.near("gradient", worst_gradient(flat[2], flat[0], sizes_of(due)), 2e-5)


@dataclass(frozen=True, slots=True)
class _Square:
    """Half of the squared distance from what is due, as a mean over all tokens."""

    due: Tensor

    def __call__(self, value: Tensor, tokens: slice) -> Tensor:
        return (value - self.due[tokens]).square().sum() / (2 * len(self.due))


FURTHER_LAWS: Mapping[str, Law] = {
    law.__name__: law
    for law in (
        adapters_alone_are_trained,
        recomputed_layers_have_the_same_bits,
        bfloat16_has_float32_masters,
        a_reference_is_on_the_same_ranks,
        a_critic_is_on_the_same_ranks,
        candidates_are_those_of_one_process,
    )
}
