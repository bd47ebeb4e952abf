"""The embedded engine without an event loop: what tests ask of players, learners and critics."""

import asyncio
from dataclasses import replace
from pathlib import Path

import torch

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.rollouts.batching import build_batch
from whet.types import Group, Request, Task, TrainBatch, Verdict
from whet.types.weights import Drain

TASKS = [
    Task(id=str(i), prompt=prompt)
    for i, prompt in enumerate(["3+4=", "sort 5 3 9 1 7 7 2 0 8=", "a", "c5d+5e+1f+5|g4h+3i+1j+2="])
]
SEEDS = (11, 22, 33, 44)
ENDS = ("a", "b", "c", "d")  # so that lengths differ


def opened(folder, device="cpu", dtype="float32", **sizes):
    """A player and a learner of a folder."""
    model = Folder(path=str(folder), dtype=dtype)
    return asyncio.run(Embedded(device=device, **sizes).open(model, 0))


def opened_critic(folder, device="cpu", **sizes):
    return asyncio.run(Embedded(device=device, **sizes).critic(Path(folder)))


def played(player, decoding, tasks=TASKS, seeds=SEEDS) -> list[Group]:
    async def all_of_them():
        requests = [Request.of(t, seeds, decoding) for t in tasks]
        return await asyncio.gather(*map(player.play, requests))

    return [group for groups in asyncio.run(all_of_them()) for group in groups]


def scored(groups) -> list[Group]:
    """Alternate right and wrong, so that every group teaches something."""
    return [
        replace(
            group,
            rollouts=tuple(
                replace(r, verdict=Verdict.binary(correct=i % 2 == 0)) for i, r in enumerate(group)
            ),
        )
        for group in groups
    ]


def built(groups, objective, learner) -> TrainBatch:
    return asyncio.run(build_batch(groups, objective, learner))[0]


def stepped(learner, objective, batch, lr):
    return asyncio.run(learner.step(objective, batch, lr))


def logp(learner, rollouts, of="policy"):
    return asyncio.run(learner.logp(rollouts, of))


def digest(learner):
    return asyncio.run(learner.publish()).version.digest


def delivered(player, learner):
    weights = asyncio.run(learner.publish())
    return asyncio.run(player.update(weights, Drain()))


def behaviour_logp(rollouts):
    return torch.cat([torch.tensor(r.behaviour_logp) for r in rollouts])
