"""A run without models for extensions: tasks, a policy that is a hash, a judge, and one step.

A reply is "a+b;c" or "a+b;b;c", one token per character, and right where c is the answer.  Answers
0 and 1 are found by chance; 9 is found only with help: a beginning, a hint, a higher temperature.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import numpy as np
import torch

from whet.policy import algorithms
from whet.policy.extensions.together import Extensions
from whet.protocols.engine import Engine, Learner, Update, ValueModel
from whet.protocols.extension import SetupContext, StepContext
from whet.types import (
    AdvantageInputs,
    Batch,
    Decoding,
    Group,
    Mean,
    Metrics,
    Play,
    Request,
    Rollout,
    Span,
    Task,
    Ticket,
    TrainBatch,
    Verdict,
    Version,
    dialogue,
    seed_of,
    totals,
)
from whet.types.optimizers import AdamW
from whet.types.weights import Weights

T = TypeVar("T")
TICKETS = 3
TASKS = [Task(id=f"t{i}", prompt=f"{i}?", answer=str(i % 2) if i < 3 else "9") for i in range(4)]


@cache
def loaded(name: str) -> Any:
    return algorithms.load(name)


def ids_of(text: str) -> list[int]:
    return [ord(c) for c in text]


def text_of(ids: Sequence[int]) -> str:
    return "".join(map(chr, ids))


def finished(work: Coroutine[Any, Any, T]) -> T:
    """What comes of it, in a loop of its own; `asyncio.run` would print all that comes of it."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def share(*place: object) -> float:
    """A number in [0, 1) that depends on a place alone."""
    return seed_of(*place) / 2**56


def rollout_of(
    task: Task, reply: str, *, spans: Sequence[Span], seed: int = 0, **fields: Any
) -> Rollout:
    """One token per character; log-probs and entropies depend on the text alone."""
    prompt, said = ids_of(str(task.prompt)), ids_of(reply)
    logp = [-0.05 - share("logp", reply[: n + 1]) for n in range(len(said))]
    entropy = np.array([share("h", reply[: n + 1]) for n in range(len(said))], np.float32)
    ends = np.arange(1, len(said) + 1, dtype=np.int32)
    usual = {"entropy": entropy, "columns": {"char_ends": ends}}
    return Rollout(
        task=task,
        seed=seed,
        token_ids=np.array(prompt + said, np.int32),
        action_mask=np.arange(len(prompt) + len(said)) >= len(prompt),
        behaviour_logp=np.array(logp, np.float32),
        spans=tuple(spans),
        messages=dialogue(str(task.prompt), reply),
        **usual | fields,
    )


@cache
def rendered_of(task: str, prompt: str, answer: str, reply: str) -> Rollout:
    asked = Task(id=task, prompt=prompt, answer=answer)
    found = rollout_of(asked, reply, spans=[Span(len(reply))] if reply else [], entropy=None)
    return replace(found, behaviour_logp=np.zeros(len(reply), np.float32))


def rendered(task: Task, reply: str) -> Rollout:
    """A reply of others, as tokens."""
    return rendered_of(task.id, str(task.prompt), task.answer, reply)


def verdict_of(rollout: Rollout) -> Verdict:
    """Right where the reply ends in the answer, with a step score of its own."""
    right = rollout.reply.endswith(rollout.task.answer)
    found = Verdict.binary(correct=right)
    return replace(found, parts={"mean_step": share("step", rollout.reply)})


def demonstration(task: Task) -> str:
    return f"1+1;{task.answer}"


def replied(task: Task, play: Play) -> str:
    """What the policy says after the play's prefix."""
    place = (task.id, play.seed, play.decoding.temperature, play.prefix)
    a, b, c = (int(k * share(n, *place)) for n, k in zip("abc", (2, 1, 2), strict=True))
    steps = f"{a}+{b};" + (f"{b};" if share("long", *place) < 0.4 else "")
    helped = play.prefix or play.prompt or play.decoding.temperature > 1
    if helped and share("help", *place) < 0.5:
        return f"{steps}{task.answer}"
    return f"{steps}{c}"


@cache
def played_of(name: str, answer: str, play: Play, step: int) -> Rollout:
    """One play, judged, by the weights of a step."""
    task = next((t for t in TASKS if t.id == name), Task(id=name, prompt="?", answer=answer))
    own = replied(task, play)
    given = [Span(len(play.prefix))] if play.prefix else []
    spans = [*given, Span(len(own), Version(step=step, digest=f"w{step}"))]
    text = text_of(play.prefix) + own
    found = rollout_of(task, text, spans=spans, seed=play.seed, decoding=play.decoding)
    return replace(found.sealed(), verdict=verdict_of(found))


class TinyLearner(Learner):
    """Log-probs drift a little from step to step; what is done to it is noted."""

    def __init__(self) -> None:
        self.steps: list[tuple[Any, TrainBatch, float]] = []
        self.done: list[str] = []
        self.taken = 0

    @property
    def version(self) -> int:
        return self.taken

    def reset_optimizer(self, optimizer: AdamW) -> None:
        self.done.append("reset_optimizer")

    async def step(self, objective, batch, lr) -> Update:
        self.steps.append((objective, batch, lr))
        self.taken += 1
        return Update(loss=0.5, drift_max=0.0, metrics={})

    async def logp(self, rollouts, of="policy"):
        away = 0.01 * self.taken if of == "policy" else 0.2
        parts = [torch.tensor(r.chosen_ids % 7) / -10 - 0.1 - away for r in rollouts]
        return torch.cat(parts).float() if parts else torch.zeros(0)

    async def entropy(self, rollouts):
        return -await self.logp(rollouts)

    async def publish(self) -> Weights:
        return Weights(Version(step=self.taken, digest=f"w{self.taken}"), {}, {})

    async def set_reference(self, folder: Path) -> None:
        self.done.append(f"set_reference {folder.name}")

    async def save(self, folder: Path) -> None:
        self.done.append(f"save {folder.name}")
        (folder / "steps").write_text(str(self.taken))

    async def load(self, folder: Path) -> None:
        self.done.append(f"load {folder.name}")
        self.taken = int((folder / "steps").read_text())


class TinyValues(ValueModel):
    """V = weight · (token mod 5) + bias; only the weight is learned, by plain descent."""

    def __init__(self) -> None:
        self.weight = torch.zeros((), dtype=torch.float64)
        self.calls: list[tuple[int, float]] = []

    def reset_optimizer(self, optimizer: AdamW) -> None:
        self.calls = []

    def _of(self, rollouts, weight):
        """The value before a choice is read off the token before it."""
        before = [r.token_ids[np.flatnonzero(r.action_mask) - 1] % 5 for r in rollouts]
        return weight * torch.tensor(np.concatenate(before)).double() + 0.25

    async def values(self, rollouts):
        return self._of(rollouts, self.weight).float() if rollouts else torch.zeros(0)

    async def step(self, fit, rollouts, lr) -> Metrics:
        weight = self.weight.clone().requires_grad_()
        value = self._of(rollouts, weight).float()
        loss = fit(value, slice(0, len(value)))
        (slope,) = torch.autograd.grad(loss, weight)
        self.weight = self.weight - 100 * lr * slope
        self.calls.append((len(rollouts), lr))
        return {"value_loss": Mean(total=loss.item(), count=1)}

    async def save(self, folder: Path) -> None:
        torch.save(self.weight, folder / "weight.pt")

    async def load(self, folder: Path) -> None:
        self.weight = torch.load(folder / "weight.pt", weights_only=True)


class TinyEngine(Engine):
    """Opens the above."""

    async def open(self, model, seed):
        raise AssertionError

    async def player(self, model, seed):
        raise AssertionError

    async def load_learner(self, folder: Path) -> Learner:
        return TinyLearner()

    async def critic(self, folder: Path) -> ValueModel:
        return TinyValues()

    async def value_head(self, learner: Learner) -> ValueModel:
        return TinyValues()


@dataclass
class Outcome:
    """What one step came to."""

    groups: list[tuple[Group, ...]]
    rollouts: list[Rollout]
    inputs: AdvantageInputs
    metrics: Metrics


@dataclass
class TinyRun:
    """Steps of a run with extensions.  With a `shuffle`, awaits return in another order."""

    folder: Path = Path("nowhere")
    shuffle: int | None = None
    steps: int = 10
    algorithm: str = "dapo"
    learner: TinyLearner = field(default_factory=TinyLearner)
    engine: TinyEngine = field(default_factory=TinyEngine)
    played: list[Request] = field(default_factory=list)
    judged: list[Group] = field(default_factory=list)
    learned: list[tuple[Sequence[Group], Any, float]] = field(default_factory=list)
    minibatches: int = 2
    now: int = 0

    async def open(self, *companions: Any) -> Extensions:
        setup = SetupContext(engine=self.engine, learner=self.learner, base=self.folder)
        return await Extensions.open(companions, setup)

    def context(self, step: int) -> StepContext:
        self.now = step
        return StepContext(
            step=step,
            steps=self.steps,
            seed=7,
            tickets=TICKETS,
            minibatches=self.minibatches,
            lr=0.5,
            optimizer=AdamW(),
            objective=loaded(self.algorithm),
            decoding=Decoding(),
            learner=self.learner,
            folder=self.folder,
            play=self.play,
            judge=self.judge,
            render=rendered,
            demonstrate=demonstration,
            upcoming=lambda count: [t for n in range(count) for t in self.tasks(step + n)],
            learn=self.learn,
            deliver=self.deliver,
        )

    def tasks(self, step: int) -> list[Task]:
        return [TASKS[(step * TICKETS + i) % len(TASKS)] for i in range(TICKETS)]

    async def play(self, request: Request) -> Group:
        self.played.append(request)
        await self._wait()
        task = request.task
        return Group.of([played_of(task.id, task.answer, p, self.now) for p in request.plays])

    async def judge(self, group: Group) -> Group:
        self.judged.append(group)
        await self._wait()
        return group.having([replace(r, verdict=verdict_of(r)) for r in group])

    async def learn(self, groups, objective, lr) -> Update:
        self.learned.append((groups, objective, lr))
        self.learner.taken += 1
        return Update(loss=0.0, drift_max=0.0, metrics={})

    async def deliver(self, weights: Weights) -> Version:
        self.now = weights.version.step
        return weights.version

    async def _wait(self) -> None:
        if self.shuffle is not None:
            rng = Random(repr((self.shuffle, len(self.played), len(self.judged))))
            for _ in range(rng.randrange(9)):
                await asyncio.sleep(0)

    async def step(self, extensions: Extensions, step: int) -> Outcome:
        context = self.context(step)
        landed = [await self._landed(extensions, context, i) for i in range(TICKETS)]
        groups = await extensions.after_rollout(context, landed)
        kept = [g for mine in groups for g in mine if any(r.score is not None for r in g)]
        await extensions.adapt_objective(context, kept)
        rollouts = [r for g in kept for r in g if r.score is not None]
        inputs = await extensions.add_columns(context, await self.inputs(kept), rollouts)
        batch = TrainBatch(rollouts, batch_of(inputs, rollouts))
        metrics = await extensions.after_update(context, batch, inputs)
        await self.learner.step(context.objective, batch, context.lr)
        return Outcome(groups=groups, rollouts=rollouts, inputs=inputs, metrics=metrics)

    async def _landed(self, extensions, context, place) -> tuple[Ticket, list[Group]]:
        task, number = self.tasks(context.step)[place], context.step * TICKETS + place
        seeds = [seed_of("own", number, n) for n in range(3)]
        ticket = Ticket(number=number, request=Request.of(task, seeds, context.decoding))
        request = await extensions.before_rollout(context, ticket)
        group = await self.play(request)
        return replace(ticket, request=request), [group.numbered(number)]

    async def inputs(self, groups: Sequence[Group]) -> AdvantageInputs:
        rollouts = [r for g in groups for r in g if r.score is not None]
        groups_of = [i for i, g in enumerate(groups) for r in g if r.score is not None]
        return AdvantageInputs(
            reward=torch.tensor([float(r.score or 0) for r in rollouts]),
            group=torch.tensor(groups_of).long(),
            row=torch.tensor([i for i, r in enumerate(rollouts) for _ in range(r.length)]).long(),
            correct=torch.tensor([bool(r.verdict and r.verdict.correct) for r in rollouts]),
            truncated=torch.zeros(len(rollouts), dtype=torch.bool),
            proximal_logp=await self.learner.logp(rollouts),
            reference_logp=await self.learner.logp(rollouts, of="reference"),
            entropy=await self.learner.entropy(rollouts),
            external=torch.tensor(np.concatenate([r.external for r in rollouts])),
        )


def batch_of(inputs: AdvantageInputs, rollouts: Sequence[Rollout]) -> Batch:
    logp = torch.tensor(np.concatenate([r.behaviour_logp for r in rollouts]))
    return Batch(
        totals=totals(inputs.row, inputs.group),
        row=inputs.row,
        group=inputs.group,
        advantage=torch.full((len(inputs.row),), 0.125),
        behaviour_logp=logp,
        proximal_logp=logp,
        reference_logp=inputs.reference_logp,
        correct=inputs.correct,
    ).counted()


W0 = Version(step=0, digest="w0")


def own(reply: str, task: Task = TASKS[0], seed: int = 0, **fields: Any) -> Rollout:
    """A judged rollout of the policy."""
    spans = [Span(len(reply), W0)] if reply else []
    found = rollout_of(task, reply, spans=spans, seed=seed, **fields)
    return found if "verdict" in fields else replace(found, verdict=verdict_of(found))


def group_of(*rollouts: Rollout, ticket: int = 0) -> Group:
    return Group.of(rollouts, ticket).numbered(ticket)


def ticket_of(number: int = 0, task: Task = TASKS[0], attempt: int = 0) -> Ticket:
    return Ticket(number=number, attempt=attempt, request=Request.of(task, (1, 2), Decoding()))


def after_update(run: TinyRun, member: Any, step: int, *groups: Group) -> Metrics:
    """What an extension makes of a batch of these groups."""

    async def learned() -> Metrics:
        inputs = await run.inputs(groups)
        rollouts = [r for g in groups for r in g if r.score is not None]
        context = run.context(step)
        inputs = await member.add_columns(context, inputs, rollouts)
        return await member.after_update(
            context, TrainBatch(rollouts, batch_of(inputs, rollouts)), inputs
        )

    return finished(learned())


def opened(run: TinyRun, companion: Any) -> Any:
    return finished(run.open(companion)).members[0]


def after_rollout(run: TinyRun, member: Any, step: int, *groups: Group, number: int = 0) -> Any:
    """What an extension makes of one ticket's groups."""
    landed = member.after_rollout(run.context(step), ticket_of(number), groups)
    return list(finished(landed))
