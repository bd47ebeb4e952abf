"""Laws of objectives: the same loss for every slice, order, tree and dtype, and the right sign."""

import torch

from whet.policy.objective import BatchLoss, Objective
from whet.protocols.algorithm import Algorithm, TokenLoss
from whet.testing.laws.findings import Law, LawVerdict, ObjectiveReport
from whet.testing.laws.gradients import loss_and_gradient, observed_gradient, ready
from whet.testing.laws.policies import (
    a_step_prefers_better_rewards,
    finite_however_far,
    on_policy_it_is_reinforce,
    why_it_prefers_nothing,
)
from whet.testing.laws.rewards import (
    advantages_compare,
    equal_rewards_have_no_gradient,
    why_it_compares_nothing,
)
from whet.testing.laws.slices import (
    a_token_weighs_the_same_in_every_slice,
    equal_leaves_are_one_rollout,
    has_gradient_is_right,
    it_is_a_value,
    micro_batches_add_up,
    order_is_irrelevant,
    why_leaves_are_counted,
)

__all__ = [
    "LAWS",
    "Law",
    "LawVerdict",
    "ObjectiveReport",
    "check_objective",
    "loss_and_gradient",
    "observed_gradient",
    "ready",
]

_DTYPES = (torch.float64, torch.float32)


def _why_not_reinforce(objective: TokenLoss) -> str:
    if isinstance(objective, Objective | BatchLoss):
        return objective.why_not_reinforce
    return "it has no slots, so there is no advantage to compare the gradient with"


def _has_no_aggregation(objective: TokenLoss) -> str:
    return "" if isinstance(objective, Objective) else "it has no aggregation"


def _has_no_advantage(objective: TokenLoss) -> str:
    return "" if isinstance(objective, Algorithm) else "it has no advantage of its own"


_ALL = (
    Law(
        check=micro_batches_add_up,
        meaning="the loss depends on how a batch is cut: divide by `batch.totals`, which every "
        "slice carries, and not by what a slice has",
    ),
    Law(
        check=order_is_irrelevant,
        meaning="the loss depends on the order of rollouts: use `batch.row` and `batch.group`, not "
        "positions",
    ),
    Law(
        check=on_policy_it_is_reinforce,
        why_not=_why_not_reinforce,
        meaning="where π_θ = π_prox the gradient is not −w Â: a factor, a sign, a detached ratio; "
        "if it is meant, say why in `why_not_reinforce`",
    ),
    Law(
        check=finite_however_far,
        meaning="an exponential overflows: use `whet.policy.arithmetic.log_ratio`",
    ),
    Law(
        check=a_token_weighs_the_same_in_every_slice,
        why_not=_has_no_aggregation,
        meaning="the aggregation reads the slice: use `batch.totals`",
    ),
    Law(
        check=advantages_compare,
        why_not=why_it_compares_nothing,
        meaning="the baseline is missing, or not of the group; an advantage that is meant so sets "
        "`shift_sensitive` or `why_uncentred`",
    ),
    Law(
        check=equal_rewards_have_no_gradient,
        why_not=_has_no_advantage,
        meaning="rounding is taken for a difference of rewards: subtract means with "
        "`whet.policy.arithmetic.centred_within`",
    ),
    Law(
        check=a_step_prefers_better_rewards,
        why_not=why_it_prefers_nothing,
        meaning="training would not make better replies likelier",
    ),
    Law(
        check=has_gradient_is_right,
        meaning="a learner would skip rollouts that have a gradient: f(r, 0) is not 0, so set "
        "`unconditional`, or override `has_gradient`",
    ),
    Law(
        check=equal_leaves_are_one_rollout,
        why_not=why_leaves_are_counted,
        meaning="a tree's shared tokens are counted once per leaf: use `batch.weight` and "
        "`rollout_weight`; a part that counts leaves sets `why_leaves_differ`",
    ),
    Law(check=it_is_a_value, meaning="it cannot be saved with a run: make it a frozen dataclass"),
)
LAWS: dict[str, Law] = {law.name: law for law in _ALL}


def check_objective(objective: TokenLoss, *, examples: int = 30) -> ObjectiveReport:
    """Try every law that applies, on `examples` random batches each, in float64 and float32.

    Returns a report that names the laws that applied, and why the others did not. Raises
    `AssertionError` with the report if a law is broken.
    """
    verdicts = tuple(_tried(law, objective, examples) for law in _ALL)
    report = ObjectiveReport(objective=str(objective), verdicts=verdicts)
    broken = [verdict for verdict in verdicts if verdict.broken]
    if broken:
        first = broken[0]
        raise AssertionError(f"{objective} breaks {first.law!r} {first.broken}\n\n{report}")
    return report


def _tried(law: Law, objective: TokenLoss, examples: int) -> LawVerdict:
    if why := law.why_not(objective):
        return LawVerdict(law=law.name, why_not=why)
    for dtype in _DTYPES:
        for seed in range(examples):
            try:
                law(objective, seed, dtype)
            except AssertionError as error:
                kind = "" if dtype == torch.float64 else ", float32"
                told = f"(seed {seed}{kind}): {error}\nThat means: {law.meaning}."
                return LawVerdict(law=law.name, broken=told)
    return LawVerdict(law=law.name)
