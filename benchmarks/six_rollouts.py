"""One batch of six rollouts, 15 tokens, two groups: the one that the oracles are made of."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from whet.policy.aggregation import TokenMean
from whet.policy.algorithms import load
from whet.policy.corrections import ConstantWeight
from whet.policy.critics import KLPenalised
from whet.policy.extensions.critic import Critic
from whet.policy.objective import BatchLoss, Objective
from whet.protocols.algorithm import Advantage, Regulariser
from whet.types import AdvantageInputs, Batch, totals

FILE = Path(__file__).parents[1] / "tests" / "policy" / "algorithm_oracles.json"
B0: Any = json.loads(FILE.read_text())["_shared"]["B0"]
CHOSEN = torch.tensor(B0["mask"]).bool()


def flat(name: str) -> Tensor:
    """A column of the batch, end to end."""
    return torch.tensor(B0[name], dtype=torch.float64)[CHOSEN]


LOGP = flat("logp")
REWARD = torch.tensor(B0["rewards"], dtype=torch.float64)
SCORES = AdvantageInputs(
    reward=REWARD,
    group=torch.tensor(B0["group"]),
    row=CHOSEN.nonzero()[:, 0],
    correct=REWARD > 0,
    truncated=torch.zeros(6, dtype=torch.bool),
    proximal_logp=flat("logp_old"),
    reference_logp=flat("logp_ref"),
    value=flat("values_old"),
    entropy=flat("entropy"),
)


def batch_of(advantage: Tensor) -> Batch:
    """The batch, with these advantages."""
    return Batch(
        totals=totals(SCORES.row, SCORES.group),
        row=SCORES.row,
        group=SCORES.group,
        advantage=advantage,
        behaviour_logp=flat("logp_rollout"),
        proximal_logp=flat("logp_old"),
        reference_logp=SCORES.reference_logp,
        entropy=SCORES.entropy,
        correct=SCORES.correct,
        learner_entropy=SCORES.entropy,
    ).counted()


def loss(objective: Objective | BatchLoss) -> float:
    """Of the batch."""
    lossy, batch = objective.split(LOGP, batch_of(objective.advantage(SCORES)))
    return lossy.loss(LOGP, batch).item()


def by_halves(objective: Objective) -> float:
    """The mean of the losses of two micro-batches that know nothing of each other."""
    whole = batch_of(objective.advantage(SCORES))
    halves = ((whole[:3].counted(), LOGP[:9]), (whole[3:].counted(), LOGP[9:]))
    return sum(objective.loss(logp, half).item() for half, logp in halves) / 2


def first(advantage: Advantage, inputs: AdvantageInputs = SCORES) -> float:
    """The first token's."""
    return advantage(inputs)[0].item()


def of_one_group(*reward: float, truncated: tuple[bool, ...] = ()) -> AdvantageInputs:
    """One token each."""
    size = torch.arange(len(reward))
    return AdvantageInputs(
        reward=torch.tensor(reward, dtype=torch.float64),
        group=size * 0,
        row=size,
        truncated=torch.tensor(truncated or [False] * len(reward)),
    )


def chosen(name: str, **settings: float) -> Objective:
    """An algorithm that is a sum over tokens."""
    algorithm = load(name, **settings)
    if not isinstance(algorithm, Objective):
        raise TypeError(f"{name} is no sum over tokens")
    return algorithm


def plain(name: str, **settings: float) -> Objective:
    """The same without its price."""
    return replace(chosen(name, **settings), regularisers=())


def times(objective: Objective, factor: float) -> Objective:
    """So many times it."""
    return replace(objective, corrections=(ConstantWeight(factor=factor),))


def by_tokens(objective: Objective) -> Objective:
    """As a mean over all tokens."""
    return replace(objective, aggregation=TokenMean())


def critic_loss(clip: float) -> float:
    """Of PPO's critic."""
    critic = Critic(clip=clip, token_rewards=KLPenalised(beta=0.05))
    error = critic.error(flat("values"), flat("values_old"), critic.targets(SCORES))
    return error.mean().item()


def price(regulariser: Regulariser) -> float:
    """Its mean."""
    return regulariser(LOGP, batch_of(LOGP)).mean().item()


def slope(regulariser: Regulariser) -> float:
    """Of that mean, at one token."""
    at = LOGP.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(regulariser(at, batch_of(LOGP)).mean(), at)
    return gradient[5].item()
