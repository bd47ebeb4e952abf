"""Drawn batches for losses_beside: padded, as TRL and veRL take them, and laid end to end.

What stands at padded places is drawn too, so that a loss that reads it is found out.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from whet.types import AdvantageInputs, Batch, totals

LONGEST, WORDS = 12, 7  # tokens of a reply; tokens of the vocabulary
_LEAST = 1e-2  # −log of the largest probability


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Rollouts in groups of one size. Columns of tokens are [rollouts, LONGEST]."""

    seed: int
    size: int  # rollouts of a group
    mask: Tensor
    group: Tensor
    reward: Tensor
    truncated: Tensor
    baseline: Tensor  # one of each rollout, equal within a group
    logp: Tensor
    proximal: Tensor
    behaviour: Tensor
    reference: Tensor
    value: Tensor  # of the critic before its step
    new_value: Tensor
    entropy: Tensor
    collision: Tensor  # Σ_v π_v²
    logits: Tensor  # [rollouts, LONGEST, WORDS]
    teacher_logits: Tensor
    words: Tensor  # the ids of the replies

    @property
    def row(self) -> Tensor:
        """The rollout of each token."""
        return self.mask.nonzero()[:, 0]

    @property
    def correct(self) -> Tensor:
        """Whether the reward is above 0."""
        return self.reward > 0

    @property
    def token_reward(self) -> Tensor:
        """The reward at the last token, and 0 before and after it."""
        placed = torch.zeros_like(self.logp)
        last = self.mask.sum(1, keepdim=True) - 1
        return placed.scatter(1, last, self.reward[:, None])

    def flat(self, column: Tensor) -> Tensor:
        """A column of the batch, end to end."""
        return column[self.mask.bool()]

    def entropy_of(self, logp: Tensor) -> Tensor:
        """An entropy with a gradient: any function of the log-prob will do."""
        return self.entropy + 0.1 * logp

    @property
    def inputs(self) -> AdvantageInputs:
        """What whet's advantages read."""
        return AdvantageInputs(
            reward=self.reward,
            group=self.group,
            row=self.row,
            correct=self.correct,
            truncated=self.truncated,
            baseline=self.baseline,
            proximal_logp=self.flat(self.proximal),
            reference_logp=self.flat(self.reference),
            entropy=self.flat(self.entropy_of(self.logp)),
            collision=self.flat(self.collision),
            value=self.flat(self.value),
            taught=torch.ones(len(self.row), dtype=torch.bool),
            teacher_logp=self.flat(self.reference),
        )

    def batch(self, advantage: Tensor, logp: Tensor) -> Batch:
        """What whet's losses read."""
        return Batch(
            totals=totals(self.row, self.group),
            row=self.row,
            group=self.group,
            advantage=advantage,
            behaviour_logp=self.flat(self.behaviour),
            proximal_logp=self.flat(self.proximal),
            reference_logp=self.flat(self.reference),
            entropy=self.flat(self.entropy_of(self.logp)),
            correct=self.correct,
            learner_entropy=self.flat(self.entropy) + 0.1 * logp,
        ).counted()


def draw(seed: int, groups: int = 4, size: int = 4) -> Drawn:
    """Unequal lengths, rewards of both signs, ratios from e^−2 to e^2.

    In every second batch all rewards of the first group are equal.
    """
    rng = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=rng, dtype=torch.float64)

    rows = groups * size
    table = (rows, LONGEST)

    def near(logp: Tensor, most: float) -> Tensor:
        return (logp - uniform(-most, most, *table)).clamp(max=-_LEAST)

    length = torch.randint(1, LONGEST + 1, (rows,), generator=rng)
    length[0] = LONGEST  # as wide as the frameworks pad
    logp = uniform(0.0, 1.0, *table).log().clamp(max=-_LEAST)
    proximal = near(logp, 2.0)
    reward = torch.randn(rows, generator=rng, dtype=torch.float64).mul(8).round() / 8
    reward[:size] = reward[0] if seed % 2 else reward[:size]
    probability = proximal.exp()
    value = uniform(-1.0, 1.0, *table)
    return Drawn(
        seed=seed,
        size=size,
        mask=(torch.arange(LONGEST) < length[:, None]).long(),
        group=torch.arange(rows) // size,
        reward=reward,
        truncated=torch.arange(rows) % 5 == 2,
        baseline=uniform(-1.0, 1.0, groups).repeat_interleave(size),
        logp=logp,
        proximal=proximal,
        behaviour=near(proximal, 1.2),
        reference=near(logp, 1.0),
        value=value,
        new_value=value + uniform(-0.8, 0.8, *table),
        entropy=uniform(1.0, 3.0, *table),
        collision=probability**2 + uniform(0.0, 1.0, *table) * (1 - probability) ** 2,
        logits=uniform(-2.0, 2.0, *table, WORDS),
        teacher_logits=uniform(-2.0, 2.0, *table, WORDS),
        words=torch.randint(0, WORDS, table, generator=rng),
    )


def preferences(seed: int) -> Drawn:
    """Groups of two, of which the first reply is right and the second wrong."""
    drawn = draw(seed, groups=6, size=2)
    right = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(6)
    return replace(drawn, reward=right)


def as_sampled(seed: int) -> Drawn:
    """The sampler is the proximal policy, as where a framework has no engine of its own."""
    drawn = draw(seed)
    return replace(drawn, behaviour=drawn.proximal)


def on_policy(seed: int) -> Drawn:
    """The policy is the proximal one."""
    drawn = draw(seed)
    return replace(drawn, logp=drawn.proximal)


def demonstrations(seed: int) -> Drawn:
    """Every reply has the reward 1."""
    drawn = draw(seed)
    return replace(drawn, reward=torch.ones_like(drawn.reward))
