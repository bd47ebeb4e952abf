"""The engine that is examined, with the model that it is compared with."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from whet.engines.models import InspectableModel
from whet.engines.plain.forward import Chosen, chosen
from whet.policy import algorithms
from whet.protocols import Engine, Learner, Player
from whet.protocols.algorithm import Algorithm
from whet.rollouts.batching import build_batch
from whet.testing.engines.rounding import Rounding, limits_of
from whet.types import (
    Decoding,
    Group,
    Need,
    Play,
    Request,
    Rollout,
    Task,
    TrainBatch,
    UsageError,
    Verdict,
)
from whet.types.requests import RolloutShape

PROMPTS = ("3+4=", "9-2+5-1=")
REPLY = 12  # tokens of a reply
SEEDS = (11, 22, 33)
FREE = Decoding(max_new_tokens=REPLY)


@dataclass(slots=True)
class ExaminedEngine:
    """An engine that is opened on a model, and the unmodified model beside it.

    The laws of sampling share one player; a law that changes weights opens the engine anew.
    """

    engine: Engine
    model: Any
    seed: int
    player: Player
    learner: Learner
    original: Any  # the model of transformers, as `ModelSource.load` gives it
    limits: Rounding = field(init=False)
    _played: list[Group] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.original.eval()
        self.limits = limits_of(self.original.config, self.original.dtype)

    @property
    def positions(self) -> int | None:
        """The most tokens of a text, where the engine knows them before the model is loaded."""
        known = isinstance(self.model, InspectableModel)
        return self.engine.positions(self.model) if known else None

    @classmethod
    async def of(cls, engine: Engine, model: Any, seed: int) -> "ExaminedEngine":
        """Open the engine.

        Raises `UsageError` where it refuses the model, and for a model without room for a reply.
        Room that only the engine lacks is for the laws to find.
        """
        room = engine.positions(model) if isinstance(model, InspectableModel) else None
        if room is not None and room <= REPLY and not engine.shortened(model):
            raise UsageError(
                f"the model has {room} positions, and an examination samples replies of {REPLY} "
                f"tokens; give a model with {REPLY + 1} positions or more"
            )
        player, learner = await engine.open(model, seed)
        original, _ = model.load("cpu", seed)
        return cls(engine, model, seed, player, learner, original)

    @asynccontextmanager
    async def opened(self, engine: Engine | None = None) -> AsyncIterator[tuple[Player, Learner]]:
        """A fresh player and a fresh learner of the same model, which are closed afterwards."""
        player, learner = await (engine or self.engine).open(self.model, self.seed)
        try:
            yield player, learner
        finally:
            await player.close()

    def due(self, rollout: Rollout) -> Chosen:
        """What the original model says of a rollout."""
        with torch.no_grad():
            return chosen(self.original, rollout)

    @torch.no_grad()
    def logits(self, rollout: Rollout) -> Tensor:
        """Logits of the original model before every sampled token, [N, V] in float64."""
        ids = torch.tensor(rollout.token_ids.tolist())[None]
        sampled = torch.tensor(rollout.action_mask.tolist())[1:]
        return self.original(input_ids=ids, use_cache=False).logits[0, :-1].double()[sampled]

    async def played(
        self,
        decoding: Decoding = FREE,
        seeds: Sequence[int] = SEEDS,
        shape: RolloutShape | None = None,
    ) -> list[Group]:
        """Groups of rollouts of every prompt, sampled together."""
        return await played(self.player, decoding, seeds, shape)

    async def batch(self, learner: Learner) -> TrainBatch:
        """Rollouts to learn from, every second of which is right."""
        self._played = self._played or await self.played()
        return await batch_of(self._played, learner)

    def gradients(
        self, batch: TrainBatch, lossy: Algorithm | None = None, model: Any = None
    ) -> dict[str, Tensor]:
        """The gradient of the loss by every parameter of the original model, in float64.

        A parameter that the loss does not depend on has the gradient 0.
        """
        held = self.original if model is None else model
        held.zero_grad(set_to_none=True)
        loss_by(held, batch, lossy or objective()).backward()
        found = {
            name: torch.zeros_like(p).double() if p.grad is None else p.grad.double()
            for name, p in held.named_parameters()
        }
        held.zero_grad(set_to_none=True)
        return found


def objective() -> Algorithm:
    """The loss that learners are examined with."""
    return algorithms.load("dapo")


async def batch_of(
    groups: Sequence[Group], learner: Learner, lossy: Algorithm | None = None
) -> TrainBatch:
    """A batch of these groups, every second rollout of which is right."""
    judged = [_judged(group) for group in groups]
    return (await build_batch(judged, lossy or objective(), learner))[0]


def loss_by(model: Any, batch: TrainBatch, lossy: Algorithm) -> Tensor:
    """The loss of a batch by a model of transformers, with its graph."""
    said = [chosen(model, rollout) for rollout in batch.rollouts]
    logp, entropy, heard = (torch.cat(parts) for parts in zip(*said, strict=True))
    tokens = batch.tokens.prepared(lossy.selections)
    if tokens.observed is not None:
        tokens = replace(tokens, observed=replace(tokens.observed, learner_logp=heard))
    if Need.ENTROPY_GRADIENT not in lossy.needs:
        entropy = entropy.detach()
    return lossy.loss(logp, replace(tokens, learner_entropy=entropy))


def tasks() -> list[Task]:
    """The tasks of an examination."""
    return [Task(id=str(number), prompt=prompt) for number, prompt in enumerate(PROMPTS)]


async def played(
    player: Player,
    decoding: Decoding = FREE,
    seeds: Sequence[int] = SEEDS,
    shape: RolloutShape | None = None,
) -> list[Group]:
    """Groups of rollouts of every prompt, sampled together, in the order of the prompts."""
    plays = tuple(Play(seed=seed, decoding=decoding) for seed in seeds)
    asked = [Request(task=task, plays=plays, shape=shape) for task in tasks()]
    found = await asyncio.gather(*map(player.play, asked))
    return [group for groups in found for group in groups]


def rollouts_of(groups: Sequence[Group]) -> list[Rollout]:
    """The rollouts with sampled tokens."""
    return [rollout for group in groups for rollout in group if rollout.length]


def ids_of(rollout: Rollout) -> tuple[int, ...]:
    """The sampled tokens."""
    return tuple(rollout.chosen_ids.tolist())


def behaviour(rollouts: Sequence[Rollout]) -> Tensor:
    """The log-probs that the generator gave, laid end to end."""
    return torch.cat([torch.zeros(0), *(torch.tensor(r.behaviour_logp) for r in rollouts)])


def _judged(group: Group) -> Group:
    return replace(
        group,
        rollouts=tuple(
            replace(rollout, verdict=Verdict.binary(correct=place % 2 == 0))
            for place, rollout in enumerate(group)
        ),
    )
