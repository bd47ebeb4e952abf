"""Equal rewards teach nothing: the largest |advantage| of every algorithm, which has to be 0.

    python benchmarks/zero_variance.py

Eight rollouts of one task earn the same score, and go the way of a run: from rollouts through
`build_batch` to the batch that a learner is handed.  Scores are awkward, so that their float32 mean
is not one of them; the last column has scores that differ by one unit in the last place.  Every
baseline and value is the score, every credit 0, and a teacher's log-probs are the policy's.  Exits
with 1 where anything else than 0 is found.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from unittest.mock import create_autospec

import numpy as np
import torch

from whet.policy import algorithms
from whet.policy.advantages import RewardOnly, SignedCorrectness, WrappedAdvantage
from whet.policy.objective import Objective
from whet.protocols import Learner
from whet.registry import names
from whet.rollouts.batching import build_batch
from whet.types import (
    AdvantageInputs,
    Batch,
    Group,
    Reason,
    Rollout,
    Span,
    Task,
    Verdict,
    Version,
    dialogue,
)

SIZE = 8
NOW = Version(step=0, digest="")
SCORES = (0.1, 0.3, 1 / 3, 0.9, 2.1, 5.3, -0.7, 1e6 + 0.1, 1e-8)
EQUAL = {f"{score:g}": (score,) * SIZE for score in SCORES}
ALMOST = {"one ulp": (0.1 + 0.2, *(0.3,) * (SIZE - 1)), "float32 ulp": (0.3 + 2**-25, *(0.3,) * 7)}


def still() -> Learner:
    """A learner that has not moved from its reference: every log-prob is what was sampled."""

    def logp(rollouts: Sequence[Rollout], of: str = "policy") -> torch.Tensor:
        del of
        return torch.tensor([x for r in rollouts for x in r.behaviour_logp])

    learner = create_autospec(Learner, instance=True)
    learner.version = NOW.step
    learner.logp.side_effect = logp
    learner.collision.side_effect = lambda rollouts: torch.exp(2 * logp(rollouts))
    return learner


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(WrappedAdvantage):
    """The advantage, with what companions would add: nothing is better than expected."""

    def __call__(self, inputs: AdvantageInputs) -> torch.Tensor:
        reward, nothing = inputs.reward, torch.zeros_like(inputs.row)
        held = nothing if inputs.segment is None else inputs.segment
        state = nothing if inputs.state is None else inputs.state
        inputs = replace(inputs, baseline=reward, value=reward[inputs.row])
        return self.inner(
            replace(
                inputs,
                segment=held,
                state=state,
                teacher_logp=inputs.proximal_logp,
                taught=torch.ones_like(inputs.row, dtype=torch.bool),
            )
        )


def compares(algorithm: Any) -> bool:
    """Is its advantage a comparison?  A label or the reward itself teaches by design."""
    return isinstance(algorithm, Objective) and not isinstance(
        algorithm.advantage, RewardOnly | SignedCorrectness
    )


def comparing() -> list[str]:
    """The discovered algorithms whose advantage compares rewards with something."""
    return [n for n in sorted(names("algorithm")) if compares(algorithms.load(n))]


def played(scores: Sequence[float]) -> Group:
    """One group, of replies of different lengths."""
    task = Task(id="t", prompt="p", answer="a")
    rollouts = [
        Rollout(
            task=task,
            seed=i,
            token_ids=np.ones(i + 2, np.int32),
            action_mask=np.arange(i + 2) > 0,
            behaviour_logp=np.array([-0.1 * (k + 1) for k in range(i + 1)], np.float32),
            entropy=np.full(i + 1, 0.5, np.float32),
            spans=(Span(i + 1, NOW),),
            messages=dialogue("p", "a"),
            verdict=Verdict(reason=Reason.OK, score=score, correct=score > 1),
        )
        for i, score in enumerate(scores)
    ]
    return Group.of(rollouts)


def learned(name: str, scores: Sequence[float]) -> tuple[Objective, Batch]:
    """The batch that an algorithm makes of a group with these scores."""
    plain = cast("Objective", algorithms.load(name))
    objective = replace(plain, advantage=Known(inner=plain.advantage))
    train, _ = asyncio.run(build_batch([played(scores)], objective, still()))
    return objective, train.tokens


def largest(name: str, scores: Sequence[float]) -> float:
    """max_n |Â_n|."""
    return learned(name, scores)[1].advantage.abs().max().item()


def main() -> int:
    """Print the table."""
    columns = EQUAL | ALMOST
    print(f"{'algorithm':<22}" + "".join(f"{head:>12}" for head in columns))
    worst = 0.0
    for name in comparing():
        found = [largest(name, scores) for scores in columns.values()]
        worst = max(worst, *found)
        print(f"{name:<22}" + "".join(f"{x:>12.3g}" for x in found))
    print(f"largest |advantage|: {worst:g}")
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
