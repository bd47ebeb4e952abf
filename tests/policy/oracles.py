"""The numbers of `algorithm_oracles.json`, and its shared batch as tensors of chosen tokens."""

import json
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from whet.types import AdvantageInputs, Batch, Totals

ORACLES = json.loads((Path(__file__).parent / "algorithm_oracles.json").read_text())
B0 = ORACLES["_shared"]["B0"]
CHOSEN = torch.tensor(B0["mask"]).bool()
ROW = CHOSEN.nonzero()[:, 0]
DOUBLE, SINGLE = torch.float64, torch.float32
each_dtype = pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=["float64", "float32"])


def expected(path: str) -> Any:
    name, *rest = path.split("/")
    return reduce(dict.__getitem__, rest, ORACLES[name]["expected"])


def flat(rectangle: list[list[float]], dtype: torch.dtype = DOUBLE) -> Tensor:
    return torch.tensor(rectangle, dtype=dtype)[CHOSEN]


def per_token(values: list) -> Tensor:
    """Per rollout or per token, as the file has it; per token, as the advantages are."""
    x = torch.tensor(values, dtype=DOUBLE)
    return x[CHOSEN] if x.ndim == 2 else x[ROW]


def close(actual: Tensor, wanted: Tensor | list | float, *, gradient: bool = False) -> None:
    """1e-9 for values and 1e-8 for gradients in float64, 1e-5 in float32."""
    atol = 1e-5 if actual.dtype == SINGLE else 1e-8 if gradient else 1e-9
    wanted = torch.as_tensor(wanted, dtype=actual.dtype)
    rtol = 1e-5 if actual.dtype == SINGLE else 0
    torch.testing.assert_close(actual, wanted, rtol=rtol, atol=atol)


def scores(dtype: torch.dtype = DOUBLE, **columns: Any) -> AdvantageInputs:
    """What is known of B0; `columns` of numbers replace what it has, or add to it."""
    known = AdvantageInputs(
        reward=torch.tensor(B0["rewards"], dtype=dtype),
        group=torch.tensor(B0["group"]),
        row=ROW,
        correct=torch.tensor(B0["rewards"]) > 0,
        truncated=torch.zeros(6, dtype=torch.bool),
        proximal_logp=flat(B0["logp_old"], dtype),
        reference_logp=flat(B0["logp_ref"], dtype),
        value=flat(B0["values_old"], dtype),
        entropy=flat(B0["entropy"], dtype),
    )
    return replace(known, **{k: torch.tensor(v, dtype=dtype) for k, v in columns.items()})


def answers(reward: list[float], **columns: Tensor) -> AdvantageInputs:
    """One group of answers, of one token each."""
    row = torch.arange(len(reward))
    known = AdvantageInputs(
        reward=torch.tensor(reward, dtype=DOUBLE), group=torch.zeros_like(row), row=row
    )
    return replace(known, **columns)


def b0(advantage: Tensor) -> Batch:
    dtype = advantage.dtype
    return Batch(
        totals=Totals(tokens=15, rollouts=6, groups=2),
        row=ROW,
        group=torch.tensor(B0["group"]),
        advantage=advantage,
        behaviour_logp=flat(B0["logp_rollout"], dtype),
        proximal_logp=flat(B0["logp_old"], dtype),
        reference_logp=flat(B0["logp_ref"], dtype),
        entropy=flat(B0["entropy"], dtype),
        reward=torch.tensor(B0["rewards"], dtype=dtype),
        correct=torch.tensor(B0["rewards"]) > 0,
        learner_logp=flat(B0["logp"], dtype),
        learner_entropy=torch.zeros(15, dtype=dtype),
    ).counted()


def loss_and_gradient(objective: Any, batch: Batch) -> tuple[Tensor, Tensor]:
    """Of B0 or its first rollouts, prepared as a learner would."""
    logp = flat(B0["logp"], batch.advantage.dtype)[: len(batch.advantage)].requires_grad_()
    loss = objective.loss(logp, batch.prepared(objective.selections))
    (gradient,) = torch.autograd.grad(loss, logp)
    return loss.detach(), gradient


def reproduces(path: str, objective: Any, batch: Batch) -> None:
    """The oracle's loss and gradient, of the rollouts that the batch holds (all, or the first)."""
    loss, gradient = loss_and_gradient(objective, batch)
    close(loss, expected(path)["loss"])
    close(gradient, flat(expected(path)["grad_logp"])[: len(gradient)], gradient=True)
