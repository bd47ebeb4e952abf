"""Laws of a step: what the optimizer does with a gradient, and what is told of it."""

from copy import deepcopy
from dataclasses import replace
from math import inf
from typing import Any

import torch
from torch import Tensor

from whet.policy import algorithms
from whet.policy.objective import Objective
from whet.policy.regularisers import EntropyBonus
from whet.protocols import Update
from whet.protocols.algorithm import Algorithm
from whet.testing.engines.examined import FREE, ExaminedEngine, batch_of, loss_by, objective
from whet.testing.engines.findings import LawRecord
from whet.testing.engines.laws.conversations import conversations
from whet.testing.engines.laws.learning import FLOOR, revealed, weights_of
from whet.testing.engines.laws.sampling import Forks
from whet.types import Decoding, Group, TrainBatch, UsageError
from whet.types.optimizers import AdamW

_RATES = (1e-2, 2e-2, 5e-3)
_SHIFT = 0.1  # nats between the log-probs of generator and learner, at most


async def varied_rollouts_have_the_models_gradient(
    subject: ExaminedEngine, found: LawRecord
) -> None:
    """The gradient is the original model's for forks, turns, truncation and other temperatures.

    So is that of entropies and of observations.
    """
    if _adapted(subject, found):
        return
    lossy = _varied()
    async with subject.opened() as (_, learner):
        batch = await batch_of(await _groups(subject), learner, lossy)
        due = subject.gradients(batch, lossy)
        ours = await revealed(learner, batch, due, inf, lossy)
    _compare(found, ours, due, subject.limits.gradient)


async def steps_are_those_of_adamw(subject: ExaminedEngine, found: LawRecord) -> None:
    """Steps have both moments, epsilon, decay and rates of the settings, and clip the gradient."""
    if _adapted(subject, found):
        return
    if not subject.limits.texts:
        found.unshown = "rounding of the weights hides a step"
        return
    async with subject.opened() as (_, learner):
        batch = await subject.batch(learner)
        first = subject.gradients(batch)
        settings = AdamW(
            betas=(0.7, 0.9),
            epsilon=0.1 * max(g.abs().max().item() for g in first.values()),
            weight_decay=0.3,
            clip_norm=0.5 * torch.stack([g.norm() for g in first.values()]).norm().item(),
        )
        learner.reset_optimizer(settings)
        before = await weights_of(learner)
        for rate in _RATES:
            await learner.step(objective(), batch, rate)
        after = await weights_of(learner)
    stepped = dict(_stepped(subject, batch, settings).named_parameters())
    taught = [name for name, g in first.items() if g.any()]
    ours = {name: (after[name] - before[name]).double() for name in taught}
    due = {name: (stepped[name].detach() - before[name]).double() for name in taught}
    _compare(found, ours, due, subject.limits.gradient, "the change of")


async def an_update_tells_what_happened(subject: ExaminedEngine, found: LawRecord) -> None:
    """Loss, norm of the gradient, drift and rate of an update are those of the step."""
    if _adapted(subject, found):
        return
    limits, rate = subject.limits, 1e-9
    async with subject.opened() as (_, learner):
        batch = _shifted(await subject.batch(learner))
        learner.reset_optimizer(AdamW())
        told = await learner.step(objective(), batch, rate)
    with torch.no_grad():
        loss = loss_by(subject.original, batch, objective()).item()
    norm = torch.stack([g.norm() for g in subject.gradients(batch).values()]).norm().item()
    found.within("the loss", abs(told.loss - loss) / max(abs(loss), _terms(batch)), limits.gradient)
    said = told.metrics["grad_norm"].value
    found.within("the norm of the gradient", abs(said - norm) / norm, limits.gradient)
    found.holds(f"the rate is {told.lr}, not {rate}", sound=told.lr in (None, rate))
    _check_drift(subject, found, batch, told)


def _terms(batch: TrainBatch) -> float:
    """Σ_n w_n |Â_n|: the size of the terms whose sum is the loss, which its rounding follows."""
    of = objective()
    if not isinstance(of, Objective):
        raise TypeError("engines are examined with an Objective")
    return (of.aggregation(batch.tokens) * batch.tokens.advantage).abs().sum().item()


def _check_drift(
    subject: ExaminedEngine, found: LawRecord, batch: TrainBatch, told: Update
) -> None:
    """The drift of the step, of its worst rollout and of its worst token."""
    parts = [subject.due(rollout).logp for rollout in batch.rollouts]
    apart = (torch.cat(parts) - batch.tokens.behaviour_logp).abs()
    taught = objective().has_gradient(batch.tokens)
    kept = taught[batch.tokens.row]
    limit = subject.limits.logp
    found.within("drift", abs(told.metrics["drift"].value - apart[kept].mean().item()), limit)
    found.within("drift_max", abs(told.drift_max - apart[kept].max().item()), limit)
    if told.drift_worst:
        means = [x.mean().item() for x, k in zip(_split(apart, parts), taught, strict=True) if k]
        found.within("drift_rollout", abs(told.drift_rollout - max(means)), limit)


def _split(apart: Tensor, parts: list[Tensor]) -> tuple[Tensor, ...]:
    return apart.split([len(part) for part in parts])


def _shifted(batch: TrainBatch) -> TrainBatch:
    """The batch as if the generator had told other log-probs, by up to 0.1 nats."""
    told = batch.tokens.behaviour_logp
    shift = _SHIFT * torch.linspace(-1, 1, len(told))
    return TrainBatch(batch.rollouts, replace(batch.tokens, behaviour_logp=told + shift))


def _varied() -> Algorithm:
    """A loss that reads observations and entropies, too."""
    return replace(algorithms.load("echo", coefficient=0.5), regularisers=(EntropyBonus(beta=0.1),))


async def _groups(subject: ExaminedEngine) -> list[Group]:
    """Forks, at one temperature, and conversations at another, truncated where that is replayed."""
    groups = await subject.played(replace(FREE, temperature=1.5), (71, 72), Forks())
    how = Decoding(temperature=0.7, top_k=6 if subject.engine.replays_truncation else 0)
    try:
        return [*groups, *await conversations(subject, how)]
    except UsageError:  # of a template without a second turn of plain text
        return groups


def _stepped(subject: ExaminedEngine, batch: TrainBatch, settings: AdamW) -> Any:
    """The original model after the steps."""
    model = deepcopy(subject.original)
    weights = dict(model.named_parameters())
    optimizer = torch.optim.AdamW(
        weights.values(),
        betas=settings.betas,
        eps=settings.epsilon,
        weight_decay=settings.weight_decay,
    )
    for rate in _RATES:
        optimizer.param_groups[0]["lr"] = rate
        for name, g in subject.gradients(batch, model=model).items():
            weights[name].grad = g.to(weights[name].dtype)
        torch.nn.utils.clip_grad_norm_(weights.values(), settings.clip_norm)
        optimizer.step()
    return model


def _compare(
    found: LawRecord,
    ours: dict[str, Tensor],
    due: dict[str, Tensor],
    limit: float,
    what: str = "the gradient of",
) -> None:
    largest = max(x.norm().item() for x in due.values())
    for name, x in due.items():
        size = max(x.norm().item(), FLOOR * largest)
        found.within(f"{what} {name}", (ours[name] - x).norm().item() / size, limit)


def _adapted(subject: ExaminedEngine, found: LawRecord) -> bool:
    """Whether adapters are trained; then there is nothing to compare with."""
    if subject.engine.lora is not None:
        found.unshown = "adapters are trained, which the original model does not have"
    return subject.engine.lora is not None
