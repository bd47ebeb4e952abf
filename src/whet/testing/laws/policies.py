"""Laws of the policy's distance: on-policy, far away, and one step towards better rewards."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.testing import assert_close

from whet.policy.objective import Objective
from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.testing.draws import DrawnBatch, Ranking, draw, ranked
from whet.testing.laws.gradients import candidate_gradient, loss_and_gradient, near, ready

_SLACK = 1e-4  # rounding of float32 in sums of a rollout


def on_policy_it_is_reinforce(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """At π_θ = π_prox the gradient is that of Σ w Â log π_θ, unless `why_not_reinforce` says why
    not.
    """
    if not isinstance(objective, Objective):
        raise TypeError("only an Objective has slots")
    logp, batch = ready(objective, draw(seed, drift=0.0, dtype=dtype))
    plain = replace(objective, regularisers=(), corrections=())
    _, gradient = loss_and_gradient(plain, logp, batch)
    near(gradient, -objective.aggregation(batch) * batch.advantage)


def finite_however_far(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """Loss and gradients are finite for log-prob differences up to 1e4, of candidates too."""
    logp, batch = ready(objective, draw(seed, dtype=dtype))
    for distance in (-1e4, -50.0, 50.0, 1e4):
        far = replace(
            batch,
            proximal_logp=batch.proximal_logp + distance,
            reference_logp=logp - distance,
            candidate_logp=_far_apart(batch.candidate_logp, distance),
        )
        loss, gradient = loss_and_gradient(objective, logp, far)
        apart = candidate_gradient(objective, logp, far).flatten()
        found = torch.cat([loss[None], gradient, apart])
        assert_close(found.isfinite().all(), torch.tensor(data=True))


def _far_apart(candidates: Tensor | None, distance: float) -> Tensor | None:
    """Distributions whose log-probs are `distance` apart, or some of it."""
    return None if candidates is None else (distance * candidates).log_softmax(-1)


def a_step_prefers_better_rewards(objective: TokenLoss, seed: int, dtype: torch.dtype) -> None:
    """A first step raises the best reply of a group more than its worst, with its own advantages.

    All replies have the same length and the same log-probs under every policy. Where a group of
    nine has rewards that all differ, the best is strictly ahead, so a constant advantage and one of
    the wrong sign are both found.
    """
    ranking = ranked(seed, dtype)
    rise = _rise(objective, ranking)
    reward, group = ranking.inputs.reward, ranking.inputs.group
    for number in group.unique():
        mine = group == number
        best, worst = rise[mine][reward[mine].argmax()], rise[mine][reward[mine].argmin()]
        lead = (best - worst).item()
        if lead < -_SLACK * rise.abs().max().item():
            raise AssertionError(
                f"the best reply of a group rises by {best:.4g}, and its worst by {worst:.4g}: "
                "the advantage, or a factor of it, has the wrong sign"
            )
        if number == 0 and not lead > 0:
            raise AssertionError(
                f"the best and the worst of nine replies rise alike, by {best:.4g}: the "
                "advantage does not depend on the reward"
            )


def _rise(objective: TokenLoss, ranking: Ranking) -> Tensor:
    """Minus the gradient of every rollout, at π_θ = π_prox = π_ref."""
    inputs, (logp, batch) = ranking
    advantage = ranking.centred
    if isinstance(objective, Algorithm):
        advantage = objective.advantage(inputs)
    known, at = ready(objective, DrawnBatch(logp, replace(batch, advantage=advantage))), objective
    batch = known.batch
    if isinstance(objective, Algorithm):
        at, batch = objective.split(logp, batch)
    _, gradient = loss_and_gradient(at, logp, batch)
    return torch.zeros_like(inputs.reward).index_add(0, batch.row, -gradient)


def why_it_prefers_nothing(objective: TokenLoss) -> str:
    """Why rewards do not move the policy; empty if they do."""
    if isinstance(objective, Algorithm) and objective.advantage.why_no_reward:
        return objective.advantage.why_no_reward
    if not isinstance(objective, Objective):
        return ""
    if all(term.clipping.unconditional and term.on is None for term in objective.terms):
        return "it imitates every rollout, whatever its reward"
    return ""
