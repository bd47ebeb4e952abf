"""Training of a step model: cross-entropy at the last token of every step."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from whet.policy.backwards import after, shifted
from whet.protocols import Engine, Model, ValueModel
from whet.training.stepmodel.chains import LabelledChain, Labels
from whet.types import UsageError
from whet.types.optimizers import AdamW


@dataclass(frozen=True, slots=True, kw_only=True)
class StepModelConfig:
    """Settings of the training. p_k = σ(w · h + b), h the hidden state after step k.

    L = mean_k BCE(p_k, label_k)

    The body starts as `model` and is trained with the head, as in arXiv:2305.20050 and 2312.08935;
    sizes and rates are ours.
    """

    model: Model
    engine: Engine
    labels: Labels
    steps: int = 500
    batch: int = 32  # chains per step
    optimizer: AdamW = AdamW(lr=1e-3)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch"):
            if getattr(self, name) < 1:
                raise UsageError(f"step_model.{name} is {getattr(self, name)}; give 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepModelUpdate:
    """The report of one training step, on chains that were new to the model."""

    number: int
    labelled: int  # number of labelled steps
    loss: float
    good: float  # mean label
    lr: float


async def train_step_model(
    training: StepModelConfig, folder: Path
) -> AsyncIterator[StepModelUpdate]:
    """Train a step model into `folder`, which is written at the beginning and at the end.

    It is a Hugging Face folder of the original model, with the step model beside it. An interrupted
    training has to be started again.
    """
    player, learner = await training.engine.open(training.model, training.seed)
    learner.reset_optimizer(training.optimizer)
    folder.mkdir(parents=True, exist_ok=True)
    await learner.save(folder)
    model = await training.engine.critic(folder)
    model.reset_optimizer(training.optimizer)
    for number in range(training.steps):
        chains = await training.labels.chains(player, number, training.batch)
        lr = training.optimizer.lr_at(number, training.steps)
        yield await _lesson(model, [c for c in chains if c.ends], number, lr)
    await model.save(folder)


async def _lesson(
    model: ValueModel, chains: Sequence[LabelledChain], number: int, lr: float
) -> StepModelUpdate:
    labels = [label for chain in chains for label in chain.labels]
    loss = 0.0
    if labels:
        fit = CrossEntropy.of(chains)
        told = await model.step(fit, [shifted(c.rollout) for c in chains], lr)
        loss = told["value_loss"].value
    return StepModelUpdate(
        number=number,
        labelled=len(labels),
        loss=loss,
        good=fmean(labels) if labels else 0.0,
        lr=lr,
    )


@dataclass(frozen=True, slots=True)
class CrossEntropy:
    """Mean binary cross-entropy over all labelled steps; tokens inside of a step have weight 0."""

    label: Float[Tensor, " N"]
    weight: Float[Tensor, " N"]

    @classmethod
    def of(cls, chains: Sequence[LabelledChain]) -> "CrossEntropy":
        """Labels and weights of all sampled tokens, laid end to end."""
        length = sum(chain.rollout.length for chain in chains)
        label, weight = torch.zeros(length), torch.zeros(length)
        places = ends_of(chains)
        label[places] = torch.tensor([x for chain in chains for x in chain.labels])
        weight[places] = 1 / max(len(places), 1)
        return cls(label, weight)

    def __call__(self, value: Float[Tensor, " n"], tokens: slice) -> Float[Tensor, ""]:
        label, weight = self.label[tokens].to(value.device), self.weight[tokens].to(value.device)
        return (weight * binary_cross_entropy_with_logits(value, label, reduction="none")).sum()


def ends_of(chains: Sequence[LabelledChain]) -> Tensor:
    """Indices of all step ends among the sampled tokens of all chains, laid end to end."""
    first, places = 0, []
    for chain in chains:
        places += [first + end for end in chain.ends]
        first += chain.rollout.length
    return torch.tensor(places).long()


async def judged(model: ValueModel, chains: Sequence[LabelledChain]) -> list[tuple[float, float]]:
    """(p_k, label) of every step."""
    found = await after(model, [chain.rollout for chain in chains])
    said = found[ends_of(chains)].sigmoid()
    labels = [label for chain in chains for label in chain.labels]
    return list(zip(said.tolist(), labels, strict=True))


def ranked(pairs: Sequence[tuple[float, float]]) -> float:
    """The area under the ROC curve: P(p of a good step > p of a bad one), ties counting half.

    A step is good if its label is ½ or more. NaN if all are good, or none is.
    """
    good = torch.tensor([p for p, label in pairs if label >= 0.5])  # noqa: PLR2004
    bad = torch.tensor([p for p, label in pairs if label < 0.5])  # noqa: PLR2004
    apart = good[:, None] - bad[None]
    return ((apart > 0).double() + 0.5 * (apart == 0)).mean().item()
