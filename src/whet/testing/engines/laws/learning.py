"""Laws of learning: gradients, clipping, what a step moves, saved state, references."""

from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from whet.engines.models import Folder
from whet.engines.plain.forward import chosen
from whet.protocols import Engine, Learner
from whet.protocols.algorithm import Algorithm
from whet.testing.engines.examined import ExaminedEngine, objective
from whet.testing.engines.findings import LawRecord
from whet.testing.engines.graph_watch import GraphWatch
from whet.types import TrainBatch
from whet.types.optimizers import AdamW

_FLAT = 1e4  # ε of AdamW in units of the largest gradient: its step is then −lr g/ε
_TWO = 2
FLOOR = 1e-3  # of the largest tensor's gradient; smaller ones are compared with this
_SEEN = 1e-3  # of the largest tensor's gradient per element; a smaller one may be rounding
UNCLIPPED = AdamW(weight_decay=0.0, clip_norm=inf)


async def gradients_are_the_models(subject: ExaminedEngine, found: LawRecord) -> None:
    """The gradient of every tensor is that of the original model."""
    await _compare(subject, found, subject.engine, share=1.0)


async def micro_batches_do_not_matter(subject: ExaminedEngine, found: LawRecord) -> None:
    """The gradient is the same when it is accumulated over the smallest micro-batches."""
    await _compare(subject, found, subject.engine.narrow(), share=1.0)


async def clipping_is_of_the_whole_gradient(subject: ExaminedEngine, found: LawRecord) -> None:
    """G is scaled by clip_norm / ‖g‖, where ‖g‖ is the norm of all tensors and micro-batches."""
    await _compare(subject, found, subject.engine.narrow(), share=1 / 7)


async def a_step_moves_what_has_a_gradient(subject: ExaminedEngine, found: LawRecord) -> None:
    """A step moves every tensor with a gradient, none without, and nothing at rate 0."""
    async with subject.opened() as (_, learner):
        batch = await subject.batch(learner)
        due = subject.gradients(batch)
        learner.reset_optimizer(UNCLIPPED)
        before = await weights_of(learner)
        await learner.step(objective(), batch, 0.0)
        idle = await weights_of(learner)
        found.holds(
            f"a step at rate 0 moves {_moved(before, idle)[:1]}", sound=not _moved(before, idle)
        )
        await learner.step(objective(), batch, 1e-2)
        moved = set(_moved(before, await weights_of(learner)))
    if subject.engine.lora is not None:
        found.holds("no adapter moved", sound=bool(moved))
        return
    sizes = {name: g.abs().max().item() for name, g in due.items()}
    most = max(sizes.values())
    stuck = [n for n, size in sizes.items() if size > _SEEN * most and n not in moved]
    strays = sorted(n for n in moved if sizes.get(n, 0.0) == 0.0 and not _tied(n, due, before))
    found.holds(f"{len(stuck)} tensors with a gradient did not move: {stuck[:2]}", sound=not stuck)
    found.holds(f"{len(strays)} without a gradient moved: {strays[:2]}", sound=not strays)


async def graphs_are_freed(subject: ExaminedEngine, found: LawRecord) -> None:
    """The graph of a micro-batch is gone when the next one is computed.

    Otherwise memory grows with the number of micro-batches, as if there were one.
    """
    async with subject.opened(subject.engine.narrow()) as (_, learner):
        batch = await subject.batch(learner)
        learner.reset_optimizer(UNCLIPPED)
        watch = GraphWatch(objective())
        await learner.step(watch, batch, 0.0)
    if watch.calls < _TWO:
        found.unshown = "the learner computed the loss once, so there is no next micro-batch"
    found.holds(
        f"{watch.alive} graphs of earlier micro-batches are kept when the loss of the next is "
        f"computed ({watch.calls} micro-batches)",
        sound=not watch.alive,
    )


async def state_is_restored(subject: ExaminedEngine, found: LawRecord) -> None:
    """After save and load the next step is the next step, to the last bit.

    The learner that loads was moved, and published, before.
    """
    with TemporaryDirectory() as place:
        folder = Path(place)
        async with subject.opened() as (_, learner):
            batch = await subject.batch(learner)
            learner.reset_optimizer(UNCLIPPED)
            await learner.step(objective(), batch, 1e-3)
            saved = await weights_of(learner)
            await learner.save(folder)
            await learner.step(objective(), batch, 1e-3)
            due = await weights_of(learner)
            count = learner.version
        async with subject.opened() as (_, other):
            other.reset_optimizer(UNCLIPPED)
            await other.step(objective(), batch, 1e-2)
            await other.publish()
            await other.load(folder)
            _equal(found, "weights after load", await weights_of(other), saved)
            await other.step(objective(), batch, 1e-3)
            _equal(found, "weights after load and a step", await weights_of(other), due)
            found.holds(
                f"after load {other.version} versions are counted, not {count}",
                sound=other.version == count,
            )


async def a_reference_stays(subject: ExaminedEngine, found: LawRecord) -> None:
    """A reference is the model of its folder, and does not move when the learner does."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        async with subject.opened() as (_, learner):
            batch = await subject.batch(learner)
            learner.reset_optimizer(UNCLIPPED)
            await learner.step(objective(), batch, 1e-2)
            await learner.save(folder)
            await learner.step(objective(), batch, 1e-2)
            await learner.set_reference(folder)
            first = await learner.logp(batch.rollouts, "reference")
            saved, _ = Folder.as_saved(folder).load("cpu")
            with torch.no_grad():
                due = torch.cat([chosen(saved.eval(), r).logp for r in batch.rollouts])
            found.near("the reference's log-prob", first, due, subject.limits.logp)
            await learner.step(objective(), batch, 1e-2)
            after = await learner.logp(batch.rollouts, "reference")
            found.near("the reference's log-prob after a step", after, first, 1e-12)


async def _compare(subject: ExaminedEngine, found: LawRecord, engine: Engine, share: float) -> None:
    """The gradient that a step reveals, against that of the original model times `share`."""
    if engine.lora is not None:
        found.unshown = "adapters are trained, which the original model does not have"
        return
    async with subject.opened(engine) as (_, learner):
        batch = await subject.batch(learner)
        due = {name: share * g for name, g in subject.gradients(batch).items()}
        norm = torch.stack([g.norm() for g in due.values()]).norm().item()
        ours = await revealed(learner, batch, due, norm if share < 1 else inf)
    largest = max(g.norm().item() for g in due.values())
    for name, g in due.items():
        apart = (ours[name] - g).norm().item()
        size = max(g.norm().item(), FLOOR * largest)
        found.within(f"the gradient of {name}", apart / size, subject.limits.gradient)


async def revealed(
    learner: Learner,
    batch: TrainBatch,
    due: dict[str, Tensor],
    clip_norm: float,
    lossy: Algorithm | None = None,
) -> dict[str, Tensor]:
    """The gradient by the first step of AdamW, Δ = −lr g/(|g| + ε), with ε far above |g|.

    The rate is such that the largest element moves by 1, so that little is lost in rounding.
    """
    most = max(g.abs().max().item() for g in due.values())
    epsilon = _FLAT * most
    learner.reset_optimizer(AdamW(epsilon=epsilon, weight_decay=0.0, clip_norm=clip_norm))
    before = await weights_of(learner)
    await learner.step(lossy or objective(), batch, _FLAT)
    after = await weights_of(learner)
    delta = {name: (after[name] - before[name]).double() for name in due}
    return {name: -epsilon * d / (_FLAT - d.abs()) for name, d in delta.items()}


async def weights_of(learner: Learner) -> dict[str, Tensor]:
    """A copy of the learner's weights."""
    held = (await learner.publish()).tensors
    return {name: tensor.detach().cpu().clone() for name, tensor in held.items()}


def _moved(before: dict[str, Tensor], after: dict[str, Tensor]) -> list[str]:
    return [name for name, tensor in before.items() if not torch.equal(tensor, after[name])]


def _tied(name: str, due: dict[str, Tensor], weights: dict[str, Tensor]) -> bool:
    """Whether a tensor is another name of one with a gradient."""
    return name not in due and any(
        other != name and torch.equal(weights[name], weights[other])
        for other in due
        if weights[other].shape == weights[name].shape
    )


def _equal(found: LawRecord, what: str, ours: dict[str, Tensor], due: dict[str, Tensor]) -> None:
    odd = sorted(ours.keys() ^ due.keys())
    found.holds(f"{what}: tensors {odd[:2]} are missing or new", sound=not odd)
    other = [n for n in due if n in ours and not torch.equal(ours[n], due[n])]
    found.holds(f"{what}: {len(other)} tensors differ, first {other[:1]}", sound=not other)
