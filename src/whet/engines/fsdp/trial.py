"""What the laws of ranks are tried on: a model, rollouts of random tokens, and learners."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.embedded.recompute import LayerRecompute
from whet.engines.fsdp.engine import FSDP
from whet.engines.fsdp.learner import ShardedLearner
from whet.engines.fsdp.ranks import Ranks
from whet.engines.models import Folder
from whet.policy import algorithms
from whet.rollouts.batching import build_batch
from whet.types import Group, Rollout, Span, Task, TrainBatch, Verdict, Version
from whet.types.optimizers import AdamW

ALGORITHMS = (
    "dapo",
    "gspo",
    "disco",
)  # sums over tokens and rollouts, and a loss of the whole batch
SETTINGS = AdamW(lr=1e-3, clip_norm=0.05)
STEPS = 3
_FAMILIES = ((3, 9), (7, 16), (4, 5), (9, 12), (2, 21))  # prompt, and the longest of 3 replies
_REPLIES = 3
_DRIFT = 0.1  # standard deviation of log π − log μ, so that ratios are not 1


@dataclass(slots=True)
class LawFinding:
    """What one law has found on this rank."""

    gap: float = 0.0  # the largest difference, as a share of its limit
    told: list[str] = field(default_factory=list)  # differences in words
    failures: list[str] = field(default_factory=list)

    def near(self, what: str, gap: float, limit: float) -> None:
        """A difference is at most `limit`; NaN is not."""
        self.told.append(f"{what} {gap:.1e}")
        share = gap / limit if limit else float(gap > 0)
        self.gap = share if not share <= self.gap else self.gap
        if not gap <= limit:
            self.failures.append(f"{what} differs by {gap:.3g}, and {limit:.3g} is rounding")

    def equal(self, what: str, ours: object, due: object) -> None:
        """Two things are the same, to the last bit."""
        if ours != due:
            self.failures.append(f"{what} is {ours}, not {due}")

    def holds(self, failure: str, *, sound: bool) -> None:
        """A statement is true; `failure` says what it means if it is not."""
        if not sound:
            self.failures.append(failure)


@dataclass(slots=True)
class Trial:
    """One model on all ranks, on each rank alone, and in the embedded engine of each process."""

    model: Folder
    ranks: Ranks
    alone: Ranks
    scratch: Path  # a folder that all ranks see
    budget: int
    groups: list[Group] = field(default_factory=list)
    batches: dict[str, TrainBatch] = field(default_factory=dict)

    @classmethod
    async def of(
        cls, model: Folder, ranks: Ranks, alone: Ranks, scratch: Path, budget: int
    ) -> "Trial":
        """With rollouts whose behaviour log-probs are near to the model's, alike on all ranks."""
        trial = cls(model, ranks, alone, scratch, budget)
        learner = await trial.embedded()
        rng = np.random.default_rng(0)
        vocabulary = learner.backbone.model.config.get_text_config().vocab_size
        drawn = [_family(i, sizes, vocabulary, rng) for i, sizes in enumerate(_FAMILIES)]
        noisy = [[await _behaving(r, learner, rng) for r in family] for family in drawn]
        trial.groups = ranks.gathered([Group.of(family) for family in noisy])[0]
        return trial

    async def embedded(
        self, model: Folder | None = None, lora: LoRA | None = None
    ) -> EmbeddedLearner:
        """A learner of the embedded engine, in every process."""
        loaded, tokenizer = (model or self.model).load(self.ranks.device)
        if lora is not None:
            lora.inject(loaded, 0)
        learner = EmbeddedLearner(Backbone(loaded), tokenizer, self.budget)
        learner.reset_optimizer(SETTINGS)
        return learner

    async def sharded(
        self,
        ranks: Ranks | None = None,
        model: Folder | None = None,
        lora: LoRA | None = None,
        recompute: LayerRecompute | None = None,
    ) -> ShardedLearner:
        """A learner on all ranks, or on others."""
        on = ranks or self.ranks
        engine = FSDP(device=on.device.type, budget=self.budget, lora=lora, recompute=recompute)
        learner = await engine.learner(model or self.model, 0, on)
        learner.reset_optimizer(SETTINGS)
        return learner

    async def batch(self, algorithm: str) -> TrainBatch:
        """The batch of all rollouts, the same on all ranks."""
        if algorithm not in self.batches:
            objective, learner = algorithms.load(algorithm), await self.embedded()
            found, _ = await build_batch(self.groups, objective, learner)
            self.batches[algorithm] = self.ranks.gathered(found)[0]
        return self.batches[algorithm]

    @property
    def rollouts(self) -> list[Rollout]:
        """All rollouts, in the order of groups."""
        return [rollout for group in self.groups for rollout in group]

    def place(self, name: str) -> Path:
        """A folder for the ranks of this trial."""
        path = self.scratch / name
        self.ranks.together(lambda: path.mkdir(exist_ok=True))
        return path


Law = Callable[[Trial, LawFinding], Awaitable[None]]
"""It tells a finding what it found of a trial.  All ranks call it together."""


async def stepped(
    learner: EmbeddedLearner | ShardedLearner, algorithm: str, batch: TrainBatch, steps: int = STEPS
) -> list[float]:
    """The losses of some steps on one batch."""
    objective = algorithms.load(algorithm)
    return [(await learner.step(objective, batch, SETTINGS.lr)).loss for _ in range(steps)]


async def weights_of(learner: EmbeddedLearner | ShardedLearner) -> Mapping[str, Tensor]:
    """A copy of the whole published weights."""
    published = await learner.publish()
    return {name: tensor.detach().clone().cpu() for name, tensor in published.tensors.items()}


async def digest_of(learner: EmbeddedLearner | ShardedLearner) -> str:
    """The digest that identifies the policy."""
    return (await learner.publish()).version.digest


def apart(ours: Tensor, due: Tensor) -> float:
    """‖a − b‖ / ‖b‖, and 0 where both are 0."""
    gap, size = (ours.double() - due.double()).norm().item(), due.double().norm().item()
    return gap / size if size else gap


def furthest(ours: Mapping[str, Tensor], due: Mapping[str, Tensor]) -> float:
    """The largest relative difference of all tensors."""
    return max(apart(ours[name], tensor) for name, tensor in due.items())


def worst_gradient(flat: Tensor, due: Tensor, sizes: Sequence[int]) -> float:
    """The largest relative difference of the gradients of all tensors, laid end to end."""
    pairs = zip(flat.split([*sizes]), due.split([*sizes]), strict=True)
    return max(apart(ours, theirs) for ours, theirs in pairs)


def _family(
    number: int, sizes: tuple[int, int], vocabulary: int, rng: np.random.Generator
) -> list[Rollout]:
    """Replies of random tokens to one prompt, every second of which is right."""
    prompt, longest = sizes
    task = Task(id=f"family {number}", prompt="")
    opening = rng.integers(0, vocabulary, prompt)
    replies = [rng.integers(0, vocabulary, max(1, longest - 4 * i)) for i in range(_REPLIES)]
    return [
        Rollout(
            task=task,
            seed=seed,
            token_ids=np.concatenate([opening, reply]).astype(np.int32),
            action_mask=np.arange(prompt + len(reply)) >= prompt,
            behaviour_logp=np.zeros(len(reply), np.float32),
            spans=(Span(len(reply), Version(0, "trial")),),
            verdict=Verdict.binary(correct=seed % 2 == 0),
        )
        for seed, reply in enumerate(replies)
    ]


async def _behaving(
    rollout: Rollout, learner: EmbeddedLearner, rng: np.random.Generator
) -> Rollout:
    """The same rollout with log-probs of a policy near to the learner's."""
    logp = (await learner.logp([rollout])).numpy()
    noise = _DRIFT * rng.standard_normal(len(logp))
    return replace(rollout, behaviour_logp=np.minimum(logp + noise, 0).astype(np.float32))


def sizes_of(learner: EmbeddedLearner) -> list[int]:
    """The number of elements of every trained parameter."""
    return [p.numel() for p in learner.backbone.model.parameters() if p.requires_grad]
