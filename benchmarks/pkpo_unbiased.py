"""Is pkpo unbiased?  E[Σ_i Â_i ∇log π(y_i)] over ∇E[max of k], which has to be 1.

    python benchmarks/pkpo_unbiased.py

Replies are right with chance p; all 2^n reward vectors are enumerated, and ∇ is that of p:
E[max of k] = 1 − (1 − p)^k.  Exits with 1 where a ratio is not 1.
"""

import sys
from itertools import product

import torch

from whet.policy.passk import MaxReward
from whet.types import AdvantageInputs

CASES = ((8, 4), (4, 2), (4, 4), (8, 8), (5, 3), (6, 1))
CHANCE = 0.3


def ratio(n: int, k: int, p: float = CHANCE) -> float:
    """Of the estimator's mean to the true gradient."""
    mean = 0.0
    for rewards in product([0.0, 1.0], repeat=n):
        x = torch.tensor(rewards, dtype=torch.float64)
        inputs = AdvantageInputs(reward=x, group=torch.zeros(n).long(), row=torch.arange(n))
        chance = (p**x * (1 - p) ** (1 - x)).prod()
        slope = x / p - (1 - x) / (1 - p)
        mean += (chance * (MaxReward(k=k)(inputs) * slope).sum()).item()
    return mean / (k * (1 - p) ** (k - 1))


def main() -> int:
    """Print one ratio per (n, k)."""
    found = {(n, k): ratio(n, k) for n, k in CASES}
    for (n, k), value in found.items():
        print(f"n {n}  k {k}  ratio {value:.6f}")
    return int(any(abs(value - 1) > 1e-9 for value in found.values()))


if __name__ == "__main__":
    sys.exit(main())
