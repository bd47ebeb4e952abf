"""EEPO: the second half of each group is sampled after the policy has forgotten the first half."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from whet.policy.advantages import RewardOnly
from whet.policy.aggregation import SelectedTokenMean
from whet.policy.domains import COUNT, POSITIVE, check
from whet.policy.objective import Objective
from whet.policy.ratios import Probability
from whet.policy.selections import PolicyTokens
from whet.protocols.algorithm import Clipping, Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import (
    AdvantageInputs,
    Group,
    IntegrityError,
    Mean,
    Metrics,
    Request,
    RunSpec,
    Ticket,
    TrainBatch,
    UsageError,
    Version,
)
from whet.types.optimizers import AdamW

_FLAT = 1e4  # ε of an AdamW whose first step is that of SGD: lr ε g / (|g| + ε) ≈ lr g
_SGD = AdamW(epsilon=_FLAT, weight_decay=0.0)

Key = tuple[int, int]  # of a ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting(Clipping):
    """The log-probability of any other token. f = log(1 − min(r, 1 − ε)), with r = π_θ.

    Its maximum lowers π. ∂f/∂log π = −π / (1 − π): confident tokens are forgotten first.
    """

    unconditional: ClassVar[bool] = True  # tokens with Â = 0 have a gradient

    margin: float = 1e-3  # ε

    def __call__(
        self, ratio: Float[Tensor, " N"], advantage: Float[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        return torch.log1p(-ratio.clamp(max=1 - self.margin))


@dataclass(frozen=True, slots=True, kw_only=True)
class Eepo(Companion):
    """While entropy is low, half of each group is sampled from weights θ' that forget the rest.

    θ' = θ − lr ∇ mean_n −log(1 − min(π_θ(n), 1 − ε)),  over the tokens of the first halves

    Entropy is low if the mean of the last `window` steps is below `below`, in nats per token. The
    step is one of SGD without momentum, with the gradient's norm clipped to 1 (as every optimizer
    here does). θ' is discarded: weights and optimizer are restored bit by bit, which is checked.
    Both halves are learned from, with the log-probs and the version of the weights that sampled
    them. θ' has the version after the present one and a digest of its own, so that its tokens have
    version_lag −1 and do not count as drift. The mean probability of the first halves' tokens has
    to fall, else the run stops. (Their mean log-prob falls, too, where entropy is low.)

    Source: EEPO (arXiv:2510.05837), its abstract read; lr, window and threshold second-hand. ε is
    ours. Cost: saving and loading the learner, one optimizer step, two deliveries of weights, and
    half of the parallelism, in every step of low entropy. Metrics of rewards are those of the first
    halves. Known failure: with a large lr, θ' speaks nonsense, and its half is all wrong.
    """

    lr: float = 3e-3
    below: float = 0.3
    window: int = 3
    margin: float = 1e-3  # ε

    def __post_init__(self) -> None:
        check(self, lr=POSITIVE, below=POSITIVE, window=COUNT, margin=POSITIVE)
        if not self.margin < 1:
            raise UsageError(f"Eepo.margin is {self.margin}; give less than 1")

    def run_error(self, spec: RunSpec) -> str:
        """An error for groups of one rollout, which have no halves."""
        if spec.samples != 1:
            return ""
        return "objective.companions Eepo halves groups; give sampling.size.rollouts 2 or more"

    @property
    def objective(self) -> Objective:
        """What θ' is a step of."""
        return Objective(
            advantage=RewardOnly(),
            ratio=Probability(),
            clipping=Forgetting(margin=self.margin),
            aggregation=SelectedTokenMean(),
            on=PolicyTokens(),
            why_not_reinforce="samples are forgotten, whatever their reward",
        )

    async def open(self, setup: SetupContext) -> "LiveEepo":
        del setup
        return LiveEepo(self)


@dataclass(slots=True)
class LiveEepo(Extension):
    """The state is the entropy of the last steps."""

    settings: Eepo
    entropies: list[float] = field(default_factory=list)  # of the last steps
    heard: Mean = Mean()  # entropy of this step's tokens
    fallen: list[float] = field(default_factory=list)  # drops of the mean log-prob in this step
    later: dict[Key, Request] = field(default_factory=dict)  # second halves that are not played yet
    landed: dict[Key, Sequence[Group]] = field(default_factory=dict)
    complete: asyncio.Event | None = None  # all tickets with a second half have landed
    exploring: "asyncio.Task[Mapping[Key, list[Group]]] | None" = None

    async def before_rollout(self, context: StepContext, ticket: Ticket) -> Request:
        """Keep back the second half of the plays, while entropy is low."""
        del context
        request, window = ticket.request, self.settings.window
        low = len(self.entropies) == window and sum(self.entropies) < self.settings.below * window
        half = (len(request.plays) + 1) // 2
        if not low or half == len(request.plays):
            return request
        self.later[ticket.key] = replace(request, plays=request.plays[half:], completes=None)
        return replace(request, plays=request.plays[:half])

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Add the second half, once the first halves of all tickets have landed."""
        for rollout in (r for group in groups for r in group):
            if rollout.entropy is not None:
                own = rollout.entropy[~rollout.external]
                self.heard += Mean(total=float(own.sum()), count=len(own))
        if ticket.key not in self.later:
            return groups
        self.landed[ticket.key] = groups
        if self.exploring is None:
            self.complete = asyncio.Event()
            self.exploring = asyncio.ensure_future(self._explored(context, self.complete))
        if self.complete is not None and len(self.landed) == len(self.later):
            self.complete.set()
        return (await self.exploring)[ticket.key]

    async def _explored(
        self, context: StepContext, complete: asyncio.Event
    ) -> Mapping[Key, list[Group]]:
        await complete.wait()
        landed, later, self.landed, self.later = self.landed, self.later, {}, {}
        self.complete = self.exploring = None
        keys = sorted(key for key, groups in landed.items() if any(map(len, groups)))
        if not keys:  # another extension dropped all groups
            return {key: list(groups) for key, groups in landed.items()}
        present = (await context.learner.publish()).version
        folder = context.folder / "eepo"
        folder.mkdir(parents=True, exist_ok=True)
        await context.learner.save(folder)
        try:
            other = await self._forget(context, [g for key in keys for g in landed[key]])
            found = await asyncio.gather(*(context.play(later[key]) for key in keys))
        finally:
            context.learner.reset_optimizer(context.optimizer)
            await context.learner.load(folder)
            restored = await context.learner.publish()
            await context.deliver(restored)
        if restored.version != present:
            raise IntegrityError(f"Eepo left {restored.version}, and found {present}")
        second = {key: _sampled_by(other, group) for key, group in zip(keys, found, strict=True)}
        joined = {key: _joined(landed[key], second[key], key[0]) for key in keys}
        return {key: list(groups) for key, groups in landed.items()} | joined

    async def _forget(self, context: StepContext, groups: Sequence[Group]) -> Version:
        """Take the step to θ', and sample with it from now on."""
        before = await _own_logp(context, groups)
        context.learner.reset_optimizer(_SGD)
        await context.learn(groups, self.settings.objective, self.settings.lr * _FLAT)
        after = await _own_logp(context, groups)
        self._check_fall(before, after, groups)
        self.fallen.append((before - after).mean().item())
        return await context.deliver(await context.learner.publish())

    def _check_fall(self, before: Tensor, after: Tensor, groups: Sequence[Group]) -> None:
        """Raise `IntegrityError` if the first halves have not become less likely."""
        likely, now = (x.exp().mean().item() for x in (before, after))
        if not now < likely:
            raise IntegrityError(
                f"Eepo.lr is {self.settings.lr}: the mean probability of the tokens that were to "
                f"be forgotten was {likely:.6g} and is {now:.6g}; give less",
                [rollout for group in groups for rollout in group],
            )

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """Note the step's entropy. The metric is the drop of the mean log-prob on the way to θ'."""
        del context, batch, inputs
        if self.heard.count:
            self.entropies = [*self.entropies, self.heard.value][-self.settings.window :]
        drops, self.fallen, self.heard = self.fallen, [], Mean()
        return {"forgotten": Mean(total=sum(drops), count=len(drops))}

    def state_dict(self) -> dict[str, Any]:
        return {"entropies": list(self.entropies)}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.entropies = list(state["entropies"])


async def _own_logp(context: StepContext, groups: Sequence[Group]) -> Float[Tensor, " n"]:
    """Log-probs of the tokens that the policy sampled, under the learner's weights."""
    rollouts = [rollout for group in groups for rollout in group]
    own = torch.cat([torch.from_numpy(~rollout.external) for rollout in rollouts])
    return (await context.learner.logp(rollouts))[own].double()


def _sampled_by(version: Version, group: Group) -> Group:
    """The group, after a check that these weights sampled all its tokens."""
    odd = [r for r in group for s in r.spans if s.version not in (None, version)]
    if odd:
        raise IntegrityError(f"stale weights: Eepo sampled by others than {version}", odd)
    return group


def _joined(groups: Sequence[Group], second: Group, number: int) -> list[Group]:
    """The groups of a ticket with the second half, which belongs to the first seat."""
    one, *others = groups
    more = second.numbered(number).rollouts
    learn = None if one.learn is None else (*one.learn, *(True for _ in more))
    return [replace(one, rollouts=(*one.rollouts, *more), learn=learn), *others]
