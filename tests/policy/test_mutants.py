"""Seven mistakes that a loss survives without anybody's notice, and who notices here.

`PYTHONPATH=tests python tests/policy/test_mutants.py` prints the table.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from policy.oracles import B0, ORACLES, ROW, b0, close, expected, flat, reproduces, scores
from torch import Tensor

from whet.policy.advantages import Standardised
from whet.policy.algorithms import load
from whet.policy.arithmetic import discounted, generalised_advantage, places, rectangle
from whet.policy.clipping import Clipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio
from whet.policy.regularisers import K3
from whet.policy.selections import HighEntropy
from whet.protocols.algorithm import Aggregation
from whet.testing import LAWS
from whet.types import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class SwappedClip(Clipped):
    """The upper bound is below, the lower one above."""

    def __call__(self, ratio: Tensor, advantage: Tensor) -> Tensor:
        return Clipped(low=self.high, high=self.low)(ratio, advantage)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTokenMean(Aggregation):
    """Divides by the tokens of the slice instead of those of the batch."""

    def __call__(self, batch: Batch) -> Tensor:
        return torch.ones_like(batch.advantage) / max(len(batch.row), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachedRatio(TokenRatio):
    """The right value, and no gradient."""

    def __call__(self, learner_logp: Tensor, batch: Batch) -> Tensor:
        return TokenRatio()(learner_logp, batch).detach()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackwardsK3(K3):
    """log π_ref − log π_θ where it should be the other way round."""

    def of(self, x: Tensor) -> Tensor:
        return K3(beta=1.0).of(-x)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateUncertain(HighEntropy):
    """The mask of the token before, as if log-probs had not been shifted."""

    def __call__(self, batch: Batch) -> Tensor:
        return HighEntropy(share=self.share)(batch).roll(1)


def late_gae(
    reward: Tensor, value: Tensor, row: Tensor, *, discount: float, gae_lambda: float
) -> Tensor:
    """V_t where GAE has V_{t+1}."""
    where = places(row)
    values = rectangle(value, where)
    surprise = rectangle(reward, where) + discount * values - values
    return discounted(surprise, discount * gae_lambda)[where.line, where.turn]


def oracle(path: str) -> Callable[[Objective], None]:
    """Loss and gradient of B0, with the objective's own advantages."""
    return lambda objective: reproduces(path, objective, b0(objective.advantage(scores())))


def law(name: str) -> Callable[[Objective], None]:
    """On the batches that `check_objective` draws."""

    def check(objective: Objective) -> None:
        for seed in range(30):
            LAWS[name](objective, seed)

    return check


def gae_oracle(gae: Callable[..., Tensor]) -> None:
    """The advantages of PPO before whitening."""
    params = ORACLES["ppo_gae"]["params"]
    reward, value = flat(expected("ppo_gae/token_rewards")), flat(B0["values_old"])
    advantage = gae(reward, value, ROW, discount=params["gamma"], gae_lambda=params["lam"])
    close(advantage, flat(expected("ppo_gae/advantages_raw")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A mistake, what it was made in, and the check that tells them apart."""

    mistake: str
    caught_by: str
    check: Callable[[Any], None]
    sound: Any
    broken: Any


DAPO, GRPO, EIGHTY = load("dapo"), load("grpo"), load("high_entropy")
MUTANTS = (
    Mutant(
        mistake="clip sides swapped",
        caught_by="oracle dapo",
        check=oracle("dapo"),
        sound=DAPO,
        broken=replace(DAPO, clipping=SwappedClip(low=0.2, high=0.28)),
    ),
    Mutant(
        mistake="totals of the slice, not of the batch",
        caught_by="law micro_batches_add_up",
        check=law("micro_batches_add_up"),
        sound=DAPO,
        broken=replace(DAPO, aggregation=LocalTokenMean()),
    ),
    Mutant(
        mistake="biased deviation",
        caught_by="oracle grpo",
        check=oracle("grpo"),
        sound=GRPO,
        broken=replace(GRPO, advantage=Standardised(ddof=0)),
    ),
    Mutant(
        mistake="ratio without gradient",
        caught_by="law on_policy_it_is_reinforce",
        check=law("on_policy_it_is_reinforce"),
        sound=DAPO,
        broken=replace(DAPO, ratio=DetachedRatio()),
    ),
    Mutant(
        mistake="KL with the wrong sign",
        caught_by="oracle grpo",
        check=oracle("grpo"),
        sound=GRPO,
        broken=replace(GRPO, regularisers=(BackwardsK3(beta=0.04),)),
    ),
    Mutant(
        mistake="GAE off by one",
        caught_by="oracle ppo_gae",
        check=gae_oracle,
        sound=generalised_advantage,
        broken=late_gae,
    ),
    Mutant(
        mistake="mask shifted by one token",
        caught_by="oracle high_entropy_mask",
        check=oracle("high_entropy_mask/paper_denominator_selected"),
        sound=EIGHTY,
        broken=replace(EIGHTY, on=LateUncertain()),
    ),
)
each = pytest.mark.parametrize("mutant", MUTANTS, ids=[m.mistake for m in MUTANTS])


def caught(check: Callable[[Any], None], tried: Any) -> bool:
    try:
        check(tried)
    except AssertionError:
        return True
    return False


@each
def test_a_mistake_is_noticed_and_only_a_mistake(mutant):
    assert caught(mutant.check, mutant.broken)
    assert not caught(mutant.check, mutant.sound)


@pytest.mark.parametrize(
    ("broken", "blind"),
    [
        (MUTANTS[2].broken, "micro_batches_add_up"),
        (MUTANTS[3].broken, "micro_batches_add_up"),
        (MUTANTS[0].broken, "on_policy_it_is_reinforce"),
    ],
)
def test_no_single_check_would_have_done(broken, blind):
    assert not caught(law(blind), broken)


if __name__ == "__main__":
    for mutant in MUTANTS:
        found = ("missed", "caught")[caught(mutant.check, mutant.broken)]
        fair = ("passes", "fails")[caught(mutant.check, mutant.sound)]
        line = f"{mutant.mistake:40}{mutant.caught_by:36}{found}, original {fair}"
        sys.stdout.write(line + "\n")
