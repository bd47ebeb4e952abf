"""Cooper: a verifier model, trained on correct replies and corrupted copies of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from whet.data.spoiled import spoiled
from whet.policy.backwards import last, shifted
from whet.policy.extensions.by_ticket import ByTicket
from whet.policy.extensions.groups import attempts, judgement, successes
from whet.policy.extensions.model_steps import check_steps, note_steps
from whet.protocols.algorithm import Companion
from whet.protocols.engine import ValueModel
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import (
    AdvantageInputs,
    Group,
    IntegrityError,
    Mean,
    Metrics,
    Need,
    Prompt,
    Rollout,
    Task,
    Ticket,
    TrainBatch,
    UsageError,
)
from whet.types.further_models import TrainedModel
from whet.types.messages import question_in, with_question
from whet.types.optimizers import AdamW
from whet.types.saved_rollouts import as_plain_list, from_plain_list

Pair = tuple[Rollout, Rollout]  # (accepted, corrupted), as the verifier reads them


@dataclass(frozen=True, slots=True, kw_only=True)
class Coevolving(Companion):
    """A verifier model that is trained beside the policy (Cooper, arXiv:2508.05613).

    R = rule + weight · σ(s − m). s is the output of a value model at the end of a reply, m its mean
    over the probes.

    After each step it is trained with −mean log σ(s⁺ − s⁻) on pairs: a reply that the rule accepts,
    and the same reply with a digit or sign changed, which the rule rejects (the paper's are
    rewritten by a model). Its input is the task, `hint` with the answer, and the text of the last
    reply. Demonstrations are neither scored by it nor used for its training.

    The first `probes` pairs are kept as a held-out set. Training stops for good once its accuracy
    on them, the mean of both kinds, is more than `fall` below its best.

    In the paper the verifier's score is the whole reward; the rule beside it, weight, rates and
    sizes are ours.
    """

    needs = frozenset({Need.CORRECTNESS})
    further_models = (TrainedModel(),)

    weight: float = 0.5
    optimizer: AdamW = AdamW(lr=1e-5)
    hint: str = "\n(The answer is {answer}.)"
    probes: int = 64
    fall: float = 0.03
    tries: int = 4  # corruptions to try until the rule rejects one

    def __post_init__(self) -> None:
        """Weight < 1 keeps wrong replies below correct ones if the rule gives 0 or 1."""
        if not 0 <= self.weight < 1:
            raise UsageError(f"Coevolving.weight is {self.weight}; give a number in [0, 1)")
        if "{answer}" not in self.hint:
            raise UsageError(f"Coevolving.hint is {self.hint!r}; it needs the word {{answer}}")
        for name in ("probes", "tries"):
            if getattr(self, name) < 1:
                raise UsageError(f"Coevolving.{name} is {getattr(self, name)}; give 1 or more")

    def read(self, task: Task) -> Task:
        """The task with the hint in its prompt, as the verifier reads it."""
        told = self.hint.replace("{answer}", task.answer)
        return replace(task, prompt=_told(task.prompt, told))

    def falls(self, accuracy: float, best: float) -> bool:
        """True if the accuracy is too far below the best."""
        return accuracy < best - self.fall - 1e-9

    async def open(self, setup: SetupContext) -> "LiveCoevolving":
        """The verifier starts from the initial policy."""
        model = await setup.engine.critic(setup.base)
        model.reset_optimizer(self.optimizer)
        return LiveCoevolving(self, model)


def _told(prompt: Prompt, told: str) -> Prompt:
    return with_question(prompt, question_in(prompt) + told)


@dataclass(slots=True)
class LiveCoevolving(Extension):
    """The verifier model and its held-out pairs.

    All tickets of a step are scored by the same verifier. Their pairs are used after the update, in
    ticket order.
    """

    settings: Coevolving
    model: ValueModel
    probes: list[Pair] = field(default_factory=list)
    best: float = 0.0
    middle: float = 0.0  # m, the mean output on the probes
    frozen: bool = False
    pairs: ByTicket[list[Pair]] = field(default_factory=ByTicket[list[Pair]])
    agreed: ByTicket[Mean] = field(default_factory=ByTicket[Mean])

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Add the verifier's score to every verdict, and collect pairs for `after_update`."""
        heard, agreed = [], Mean()
        for group in groups:
            opinions = await self._opinions(context, group)
            heard.append(replace(group, rollouts=tuple(self._told(r, opinions) for r in group)))
            agreed = agreed + _agreement(group, opinions)
        self.agreed.put(ticket, agreed)
        self.pairs.put(ticket, [p for g in groups for p in await self._paired(context, g)])
        return heard

    async def _opinions(self, context: StepContext, group: Group) -> Mapping[str, float]:
        """σ(s − m) of every judged rollout of the policy, by rollout id."""
        tried = attempts(group)
        if not tried:
            return {}
        read = [self._read(context, r, r.reply) for r in tried]
        said = (await last(self.model, read) - self.middle).sigmoid().tolist()
        return {r.id: opinion for r, opinion in zip(tried, said, strict=True)}

    def _told(self, rollout: Rollout, opinions: Mapping[str, float]) -> Rollout:
        verdict = rollout.verdict
        if verdict is None or rollout.id not in opinions:
            return rollout
        opinion = opinions[rollout.id]
        score = verdict.score + self.settings.weight * opinion
        parts = {"rule": verdict.score, **verdict.parts, "verifier": opinion}
        return replace(rollout, verdict=replace(verdict, score=score, parts=parts))

    def _read(self, context: StepContext, rollout: Rollout, reply: str) -> Rollout:
        """The verifier's input as tokens: the task, its answer, the reply."""
        return context.render(self.settings.read(rollout.task), reply)

    async def _paired(self, context: StepContext, group: Group) -> list[Pair]:
        """Pairs of accepted replies and corrupted copies that the rule rejects."""
        if self.frozen:
            return []
        good = successes(attempts(group))
        found = [await self._spoiled(context, r) for r in good]
        return [
            (self._read(context, r, r.reply), self._read(context, r, bad))
            for r, bad in zip(good, found, strict=True)
            if bad is not None
        ]

    async def _spoiled(self, context: StepContext, rollout: Rollout) -> str | None:
        """The first corrupted copy that the rule rejects, or None."""
        place = ("spoiled", context.seed, context.step, rollout.task.id, rollout.seed)
        rng = Random(repr(place))
        drawn = (spoiled(rollout.reply, rng) for _ in range(self.settings.tries))
        replies = list(dict.fromkeys(reply for reply in drawn if reply is not None))
        if not replies:
            return None
        asked = Group.of([context.render(rollout.task, reply) for reply in replies])
        found = [judgement(r) for r in await context.judge(asked)]
        rejected = [v is not None and v.correct is False for v in found]
        return next((reply for reply, no in zip(replies, rejected, strict=True) if no), None)

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Train on the pairs of this step, unless the accuracy on the probes has fallen."""
        del batch, inputs
        pairs = [pair for found in self.pairs.over(context) for pair in found]
        room = self.settings.probes - len(self.probes)
        self.probes += pairs[:room]
        lessons = pairs[room:]
        metrics: dict[str, Mean] = {
            "verifier_agrees": sum(self.agreed.over(context), Mean()),
            "verifier_pairs": Mean(total=len(lessons), count=1),
            "verifier_loss": Mean(),
            "verifier_probe_accuracy": Mean(),
        }
        if lessons and not self.frozen:
            lr = self.settings.optimizer.lr_at(context.step, context.steps)
            loss = await contrast(self.model, lessons, lr)
            metrics["verifier_loss"] = Mean(total=loss, count=1)
        if self.probes:
            accuracy = await self._probed()
            self.frozen = self.frozen or self.settings.falls(accuracy, self.best)
            self.best = max(self.best, accuracy)
            metrics["verifier_probe_accuracy"] = Mean(total=accuracy, count=1)
        return metrics | {"verifier_frozen": Mean(total=self.frozen, count=1)}

    async def _probed(self) -> float:
        """Update m, and return the accuracy on the probes, the mean of both kinds."""
        opinions = await last(self.model, [r for pair in self.probes for r in pair])
        self.middle = opinions.mean().item()
        good, bad = (opinions - self.middle).view(-1, 2).T
        return ((good > 0).double().mean() + (bad <= 0).double().mean()).item() / 2

    def state_dict(self) -> dict[str, Any]:
        return {
            "probes": _plain(self.probes),
            "best": self.best,
            "middle": self.middle,
            "frozen": self.frozen,
            "pairs": self.pairs.as_plain(_plain),
            "agreed": self.agreed.as_plain(lambda mean: (mean.total, mean.count)),
        }

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.probes = _back(state["probes"])
        self.best, self.middle = state["best"], state["middle"]
        self.frozen = state["frozen"]
        self.pairs.load(state["pairs"], _back)
        self.agreed.load(state["agreed"], lambda held: Mean(total=held[0], count=held[1]))

    async def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        await self.model.save(folder)
        note_steps(self.model, folder)

    async def load(self, folder: Path) -> None:
        """Restore the model.  Raises `IntegrityError` if its optimizer came back without steps."""
        await self.model.load(folder)
        check_steps(self.model, folder, "verifier")


def _agreement(group: Group, opinions: Mapping[str, float]) -> Mean:
    """How often verifier and rule agree, where the rule says whether a reply is correct.

    Raises `IntegrityError` if a rollout was not scored.
    """
    agreed = []
    for rollout in attempts(group):
        if rollout.id not in opinions:
            raise IntegrityError(f"rollout {rollout.id} was not scored by Coevolving", [rollout])
        correct = None if rollout.verdict is None else rollout.verdict.correct
        if correct is not None:
            agreed.append((opinions[rollout.id] > 1 / 2) == correct)
    return Mean(total=sum(agreed), count=len(agreed))


async def contrast(model: ValueModel, pairs: Sequence[Pair], lr: float) -> float:
    """One optimizer step on −mean log σ(s⁺ − s⁻); returns the loss before it.

    The model may split a pair into two micro-batches. So the gradient with respect to every output
    is computed first, and micro-batches back-propagate it.
    """
    read = [r for pair in pairs for r in pair]
    ends = torch.tensor([r.length for r in read]).cumsum(0) - 1
    with torch.enable_grad():
        opinions = (await last(model, read)).requires_grad_()
        good, bad = opinions.view(-1, 2).T
        loss = -logsigmoid(good - bad).mean()
        (slope,) = torch.autograd.grad(loss, opinions)
    slopes = torch.zeros(int(ends[-1]) + 1).index_put((ends,), slope)
    await model.step(_Slopes(slopes), [shifted(r) for r in read], lr)
    return loss.item()


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Linear loss Σ_n slope_n V_n, which has the gradient of the original loss."""

    slope: Float[Tensor, " N"]

    def __call__(self, value: Float[Tensor, " n"], tokens: slice) -> Float[Tensor, ""]:
        return (self.slope[tokens].to(value.device) * value).sum()


def _plain(pairs: Sequence[Pair]) -> list[Any]:
    return [as_plain_list(pair) for pair in pairs]


def _back(held: Sequence[Any]) -> list[Pair]:
    return [(good, bad) for good, bad in map(from_plain_list, held)]
