"""The arms of the experiments on sampling strategies, as command lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Arms that are compared with the first one, on common bases."""

    name: str
    arms: Mapping[str, str]  # by name: a recipe, if not the staircase, and flags
    common: str = ""  # flags of all arms
    threshold: float = 0.6  # dev pass@1
    budget: int = 400_000  # decoded tokens after which an arm stops
    steps: int = 400  # after which an arm stops


REFILL = "--sampling.gate non_zero_spread --sampling.gate.max_rounds 10"

HALF = "--sampling.prompts.per_step 8"  # groups; a step of the others has 16
EFFICIENCY = {
    "uniform": "",
    "uniform_half": HALF,
    "refill": REFILL,
    "refill_half": f"{HALF} {REFILL}",
    "greso": f"--sampling.prompts greso {REFILL}",
    "two_phase": f"--sampling.size two_phase --sampling.size.further 12 {REFILL}",
    "knapsack": "--sampling.size knapsack --sampling.size.least 4 --sampling.size.largest 64",
    "reinforce_ada": "--sampling.size reinforce_ada --sampling.size.keep 8",
    "difficulty_pools": "--sampling.prompts difficulty_pools",
    "learnability": "--sampling.prompts learnability",
}

TREE = "--sampling.size.rollouts 1 --sampling.shape tree --sampling.shape.segments 8"
EQUAL_LEAVES = f"{TREE} --sampling.shape.branches 4,4"
EQUAL_TOKENS = f"{TREE} --sampling.shape.branches 8,4"  # per step, at a base's short replies

TREES = {
    "chains": "",
    "chains_half": HALF,
    "tree_equal_leaves": EQUAL_LEAVES,
    "tree_equal_tokens": EQUAL_TOKENS,
    "spo_tree": f"{EQUAL_LEAVES} --algorithm spo_tree",
    "treerpo": f"{EQUAL_LEAVES} --algorithm treerpo",
}


def heated(first: float, last: float) -> str:
    """A temperature that moves in a straight line over the steps; evaluations are at 1."""
    name = "--sampling.schedules annealed_temperature --sampling.schedules.0"
    return f"{name}.first {first} {name.split()[-1]}.last {last}"


def _staged(lengths: str) -> str:
    """Reply lengths that change at steps 20 and 40."""
    path = "--sampling.schedules.0"
    start = f"{path}.starts at_steps {path}.starts.steps 20,40"
    return f"--sampling.schedules staged_length {path}.lengths {lengths} {start}"


TEMPERATURES = {
    "fixed_1": "",
    "fixed_0.7": heated(0.7, 0.7),
    "fixed_1.3": heated(1.3, 1.3),
    "raised": heated(0.7, 1.3),
    "lowered": heated(1.3, 0.7),
    "entropy_0.3": "--sampling.schedules entropy_temperature",
    "entropy_0.6": ("--sampling.schedules entropy_temperature --sampling.schedules.0.target 0.6"),
}

RECIPES = {
    "staircase": "",
    "selective": "selective_sampling",
    "guided": "guided_exploration",
    "tree": "tree_rollouts",
    "staged": "staged_schedules",
    "replayed": "replayed_groups",
}

LENGTHS = {"fixed": "", "short_first": _staged("12,24,36"), "middle_first": _staged("24,30,36")}

EXPERIMENTS = {
    e.name: e
    for e in (
        Experiment(name="matched", arms=EFFICIENCY, common="--tasks 400"),
        Experiment(
            name="saturated",
            arms=EFFICIENCY,
            common="--tasks 400 --weights 85,5,5,5",
        ),
        Experiment(name="trees", arms=TREES),
        Experiment(
            name="deep_trees",
            arms=TREES,
            common="--lowest 4",
            threshold=0.25,
            budget=200_000,
        ),
        Experiment(name="lengths", arms=LENGTHS),
        Experiment(name="temperatures", arms=TEMPERATURES, steps=120),
        Experiment(name="recipes", arms=RECIPES, threshold=inf, budget=240_000),
    )
}
