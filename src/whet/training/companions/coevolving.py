"""Cooper: a verifier of its own learns from right replies and from what spoils them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from whet.data.spoiled import spoiled
from whet.policy.companions import Coevolving
from whet.protocols import ValueModel
from whet.training.assemble import Share
from whet.training.backwards import last, shifted
from whet.training.companions.plain import as_plain, from_plain
from whet.training.stage import Opening, Stage
from whet.types import Group, Mean, Metrics, Rollout, Scores

Pair = tuple[Rollout, Rollout]  # accepted, and spoiled, as the verifier reads them


@dataclass(slots=True)
class LiveCoevolving:
    """The verifier, its probes, and this step's pairs."""

    value: Coevolving
    model: ValueModel
    probes: list[Pair] = field(default_factory=list)
    best: float = 0.0
    middle: float = 0.0  # mean opinion of the probes
    frozen: bool = False
    pairs: list[Pair] = field(default_factory=list)
    agreed: Mean = field(default_factory=Mean)

    @classmethod
    def open(cls, value: Coevolving, opening: Opening) -> "LiveCoevolving":
        """A body like that of the policy before any reward."""
        model = opening.engine.critic(opening.base)
        model.begin(value.optimiser)
        return cls(value, model)

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Have a say in every verdict; then find what to learn from, which `learn` does."""
        self.pairs, self.agreed = [], Mean()
        heard = [self._heard(stage, group) for group in groups]
        for group in groups:
            self.pairs += await self._paired(stage, group)
        room = self.value.probes - len(self.probes)
        self.probes += self.pairs[:room]
        self.pairs = self.pairs[room:]
        return heard

    def _heard(self, stage: Stage, group: Group) -> Group:
        judged = [r for r in group if r.verdict is not None and r.verdict.judged]
        if not judged:
            return group
        read = [self._read(stage, r, r.reply) for r in judged]
        said = (last(self.model, read) - self.middle).sigmoid().tolist()
        opinions = {id(r): opinion for r, opinion in zip(judged, said, strict=True)}
        return tuple(self._told(r, opinions) for r in group)

    def _told(self, rollout: Rollout, opinions: dict[int, float]) -> Rollout:
        verdict, opinion = rollout.verdict, opinions.get(id(rollout))
        if verdict is None or opinion is None:
            return rollout
        agreed = (opinion > 1 / 2) == bool(verdict.correct)
        self.agreed = self.agreed + Mean(total=agreed, count=1)
        score = verdict.score + self.value.weight * opinion
        parts = {"rule": verdict.score, **verdict.parts, "verifier": opinion}
        return replace(rollout, verdict=replace(verdict, score=score, parts=parts))

    def _read(self, stage: Stage, rollout: Rollout, reply: str) -> Rollout:
        """In tokens, as the verifier reads it: the task, its answer, the reply."""
        return stage.learner.imitate(self.value.read(rollout.task), reply)

    async def _paired(self, stage: Stage, group: Group) -> list[Pair]:
        """Of the accepted replies, those that can be spoiled so that the rule notices."""
        if self.frozen:
            return []
        good = [r for r in group if r.verdict is not None and r.verdict.correct]
        found = [await self._spoiled(stage, r) for r in good]
        return [
            (self._read(stage, r, r.reply), self._read(stage, r, bad))
            for r, bad in zip(good, found, strict=True)
            if bad is not None
        ]

    async def _spoiled(self, stage: Stage, rollout: Rollout) -> str | None:
        """The first of some corruptions that the rule rejects."""
        dice = Random(
            repr(("spoiled", stage.run.seed, stage.number, rollout.task.id, rollout.seed))
        )
        drawn = (spoiled(rollout.reply, dice) for _ in range(self.value.tries))
        replies = list(dict.fromkeys(reply for reply in drawn if reply is not None))
        if not replies:
            return None
        group = tuple(stage.learner.imitate(rollout.task, reply) for reply in replies)
        found = [r.verdict for r in await stage.judged(group)]
        rejected = [v is not None and v.correct is False for v in found]
        return next((reply for reply, no in zip(replies, rejected, strict=True) if no), None)

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """One step on this step's pairs, unless the probes say that it has gone wrong."""
        del share, scores
        told: dict[str, Mean] = {
            "verifier_agrees": self.agreed,
            "verifier_pairs": Mean(total=len(self.pairs), count=1),
        }
        if self.pairs and not self.frozen:
            rate = self.value.optimiser.rate_at(stage.number, stage.run.steps)
            told["verifier_loss"] = Mean(total=contrast(self.model, self.pairs, rate), count=1)
        if self.probes:
            accuracy = self._probed()
            self.frozen = self.frozen or self.value.falls(accuracy, self.best)
            self.best = max(self.best, accuracy)
            told["verifier_probe_accuracy"] = Mean(total=accuracy, count=1)
        return told | {"verifier_frozen": Mean(total=self.frozen, count=1)}

    def _probed(self) -> float:
        """Move the middle to where the probes are; how many of each kind are on their side?"""
        opinions = last(self.model, [r for pair in self.probes for r in pair])
        self.middle = opinions.mean().item()
        good, bad = (opinions - self.middle).view(-1, 2).T
        return ((good > 0).double().mean() + (bad <= 0).double().mean()).item() / 2

    def state(self) -> dict[str, Any]:
        """All but the model."""
        probes = [[as_plain(r) for r in pair] for pair in self.probes]
        return {
            "probes": probes,
            "best": self.best,
            "middle": self.middle,
            "frozen": self.frozen,
        }

    def restore(self, state: dict[str, Any], stage: Stage) -> None:
        """And back."""
        del stage
        self.probes = [(from_plain(a), from_plain(b)) for a, b in state["probes"]]
        self.best, self.middle = state["best"], state["middle"]
        self.frozen = state["frozen"]

    def save(self, folder: Path) -> None:
        """The verifier."""
        self.model.save(folder)

    def load(self, folder: Path) -> None:
        """And back."""
        self.model.load(folder)


def contrast(model: ValueModel, pairs: Sequence[Pair], rate: float) -> float:
    """One step on  −mean log σ(s⁺ − s⁻),  and what it was before it.

    A pair may be cut apart where the model slices what it reads; so the slope of the loss at every
    opinion is computed first, and slices pass it on.
    """
    read = [r for pair in pairs for r in pair]
    ends = torch.tensor([r.length for r in read]).cumsum(0) - 1
    with torch.enable_grad():
        opinions = last(model, read).requires_grad_()
        good, bad = opinions.view(-1, 2).T
        loss = -logsigmoid(good - bad).mean()
        (slope,) = torch.autograd.grad(loss, opinions)
    slopes = torch.zeros(int(ends[-1]) + 1).index_put((ends,), slope)
    model.step(_Slopes(slopes), [shifted(r) for r in read], rate)
    return loss.item()


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Σ_n slope_n V_n: its gradient is the loss's."""

    slope: Float[Tensor, " N"]

    def __call__(self, value: Float[Tensor, " n"], tokens: slice) -> Float[Tensor, ""]:
        return (self.slope[tokens].to(value.device) * value).sum()
