"""What every learned token weighs: counts by hand, for all aggregations, selections and masks."""

import asyncio
import inspect
from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages

import numpy as np
import pytest
import torch
from fakes import fake
from recorded import recorded

import whet.policy
from whet.policy import selections
from whet.policy.advantages import Centred, Whitened
from whet.policy.aggregation import (
    FixedLength,
    GroupTokenMean,
    SelectedTokenMean,
    SequenceMean,
    SequenceSum,
    TokenMean,
)
from whet.policy.algorithms.critic_free.archer import HighEntropyInReply
from whet.policy.algorithms.critic_free.clip_cov import Covariant
from whet.policy.algorithms.critic_free.entropy_advantage import EntropyShaped
from whet.policy.algorithms.critic_free.gfpo import Always, Filtered
from whet.policy.algorithms.critic_free.kl_cov import MostCovariant
from whet.policy.algorithms.critic_free.nft import PerThousand
from whet.policy.algorithms.off_policy.m2po import BeyondSecondMoment, Outward
from whet.policy.algorithms.off_policy.prefix_rft import PolicyAndHighEntropy
from whet.policy.clipping import Imitation, Unclipped
from whet.policy.corrections import IcePop, Masked, Only, SequenceMasked, Without
from whet.policy.distillation import Taught
from whet.policy.objective import Objective
from whet.policy.ratios import LogLikelihood
from whet.policy.regularisers import EntropyBonus, Within
from whet.policy.selections import Both, Correct, External, Not, PolicyTokens
from whet.policy.truncation import ExcludeTruncated, MaskTruncated
from whet.protocols import Learner
from whet.protocols.algorithm import Aggregation, Selection
from whet.rollouts.batching import build_batch
from whet.types import Batch, Finish, Group, Task, Verdict, totals

LENGTH = 10
EVERY = [
    TokenMean(),
    SelectedTokenMean(),
    GroupTokenMean(),
    SequenceMean(),
    SequenceSum(),
    FixedLength(length=LENGTH),
    PerThousand(),
]


def concrete(base: type) -> set[type]:
    """All concrete subclasses below whet.policy."""
    for module in walk_packages(whet.policy.__path__, "whet.policy."):
        import_module(module.name)
    found, left = set(), [base]
    while left:
        left += (kind := left.pop()).__subclasses__()
        module = import_module(kind.__module__)
        if getattr(module, kind.__name__, None) is kind and not inspect.isabstract(kind):
            found.add(kind)
    return {kind for kind in found if kind.__module__.startswith("whet.policy")}


def test_no_aggregation_is_left_out():
    assert concrete(Aggregation) == {type(aggregation) for aggregation in EVERY}


def weighed(aggregation: Aggregation, lengths: list[list[int]]) -> list[float]:
    """The weights of all tokens of groups of replies, by the definitions of the papers."""
    spoken = [[n for n in group if n] for group in lengths]
    spoken = [group for group in spoken if group]
    rollouts, tokens = sum(map(len, spoken)), sum(map(sum, spoken))
    each = {
        TokenMean: lambda n, group: 1 / tokens,
        SelectedTokenMean: lambda n, group: 1 / tokens,
        GroupTokenMean: lambda n, group: 1 / (len(spoken) * sum(group)),
        SequenceMean: lambda n, group: 1 / (rollouts * n),
        SequenceSum: lambda n, group: 1 / rollouts,
        FixedLength: lambda n, group: 1 / (rollouts * LENGTH),
        PerThousand: lambda n, group: 1 / (rollouts * 1000),
    }[type(aggregation)]
    return [each(n, group) for group in spoken for n in group for _ in range(n)]


def reply(length: int, *, verdict: Verdict | None = None, cut: bool = False, task: str = "a"):
    return recorded(
        task=Task(id=task, prompt="p", answer="a"),
        turns=("p", "a"),
        tokens=[1] * (length + 1),
        chosen=[False] + [True] * length,
        behaviour_logp=[-0.5] * length,
        entropy=[0.5] * length,
        verdict=verdict or Verdict.binary(correct=length % 2 == 1),
        finish=Finish.LENGTH if cut else Finish.STOP,
        id=f"{task}{length}{cut}{verdict}",
    )


def of(advantage) -> Objective:
    return Objective(
        advantage=advantage,
        ratio=LogLikelihood(),
        clipping=Unclipped(),
        aggregation=TokenMean(),
    )


def built(advantage, *groups: Group) -> Batch:
    batch, _ = asyncio.run(build_batch(groups, of(advantage), fake(Learner, version=0)))
    return batch.tokens


def some_masked() -> tuple[Group, Group]:
    """Learned are 1 and 2 tokens of the one task, 4 and 0 of the other."""
    first = [reply(1), reply(2), reply(3, cut=True)]
    second = [
        reply(4, task="b"),
        reply(0, task="b"),
        reply(2, task="b", verdict=Verdict.unjudged("the judge is down")),
        reply(3, task="b", verdict=Verdict.not_applicable("no opinion")),
        reply(5, task="b"),
    ]
    learn = (True, True, True, True, False)
    return Group.of(first), replace(Group.of(second), learn=learn)


@pytest.mark.parametrize("aggregation", EVERY, ids=repr)
@pytest.mark.parametrize(
    "advantage",
    [
        MaskTruncated(inner=Centred()),
        ExcludeTruncated(inner=Centred()),
        Whitened(inner=MaskTruncated(inner=Centred())),
        EntropyShaped(inner=MaskTruncated(inner=Centred())),
        MaskTruncated(inner=ExcludeTruncated(inner=Centred())),
    ],
    ids=lambda a: type(a).__name__,
)
def test_rollouts_that_are_masked_leave_every_denominator(advantage, aggregation):
    if isinstance(advantage, EntropyShaped):
        advantage = replace(advantage, alpha=0.0)
    groups = some_masked()
    objective = replace(of(advantage), aggregation=aggregation)
    learner = fake(Learner, version=0)
    batch = asyncio.run(build_batch(groups, objective, learner))[0].tokens
    assert torch.bincount(batch.row, minlength=4).tolist() == [1, 2, 4, 0]
    assert aggregation(batch).tolist() == pytest.approx(weighed(aggregation, [[1, 2], [4, 0]]))


@pytest.mark.parametrize("aggregation", EVERY, ids=repr)
def test_without_a_mask_truncated_rollouts_count(aggregation):
    batch = built(Centred(), *some_masked())
    assert aggregation(batch).tolist() == pytest.approx(weighed(aggregation, [[1, 2, 3], [4, 0]]))


@pytest.mark.parametrize("aggregation", EVERY, ids=repr)
def test_nothing_is_left_of_a_batch_of_truncated_rollouts(aggregation):
    group = Group.of([reply(3, cut=True), reply(2, cut=True)])
    batch = built(MaskTruncated(inner=Centred()), group)
    logp = torch.zeros(0, requires_grad=True)
    objective = replace(of(Centred()), aggregation=aggregation)
    assert len(batch.row) == len(batch.group) == 0
    assert objective.loss(logp, batch).item() == 0
    assert not objective.has_gradient(batch).any()


def test_a_baseline_may_count_what_the_loss_does_not():
    """Rewards 1, 0 and a truncated 1: the mean is 2/3 among all, 1/2 among the finished ones."""
    group = Group.of([reply(1), reply(2), reply(3, cut=True)])
    among_all = built(MaskTruncated(inner=Centred()), group).advantage
    among_finished = built(ExcludeTruncated(inner=Centred()), group).advantage
    assert among_all.tolist() == pytest.approx([1 / 3, -2 / 3, -2 / 3])
    assert among_finished.tolist() == [0.5, -0.5, -0.5]


def test_whitening_counts_the_learned_tokens_only():
    """Â of 1/3 once and −2/3 twice: their mean is −1/3, their variance over 2 is 1/3."""
    group = Group.of([reply(1), reply(2), reply(3, cut=True)])
    found = built(Whitened(inner=MaskTruncated(inner=Centred())), group).advantage
    wanted = np.array([2 / 3, -1 / 3, -1 / 3]) / np.sqrt(1 / 3)
    assert found.tolist() == pytest.approx(wanted.tolist(), rel=1e-5)


def test_gfpo_counts_the_replies_that_it_filters_out():
    """Equation 2 of the paper: the filter is a factor of Â, the sum of lengths is over all."""
    group = Group.of([reply(1), reply(2), reply(3)])
    batch = built(Filtered(keep=Always(count=2)), group)
    assert batch.totals.tokens == 6
    assert (batch.advantage != 0).tolist() == [True] * 3 + [False] * 3


ROW, GROUP = [0, 0, 1, 1, 1, 2], [0, 0, 1]
OTHERS = [False, False, True, True, False, False]
RIGHT, WRONG = [1, 1, 0, 0, 0, 1], [0, 0, 1, 1, 1, 0]
CHOSEN = [
    (Correct(), RIGHT),
    (External(), [0, 0, 1, 1, 0, 0]),
    (PolicyTokens(), [1, 1, 0, 0, 1, 1]),
    (Both(one=PolicyTokens(), other=Correct()), RIGHT),
    (Not(of=Correct()), WRONG),
    (selections.HighEntropy(share=0.2), [0, 1, 0, 1, 0, 0]),  # H ≥ .8, the fifth of six
    (selections.LowProbability(below=0.9), [0, 1, 1, 0, 1, 1]),  # log π < −.105
    (selections.NonZeroAdvantage(), [1, 1, 1, 1, 1, 0]),
    (selections.OffPolicyNegatives(), WRONG),  # log μ − log π is .3 there, else 0
    (selections.Stale(), WRONG),
    (HighEntropyInReply(share=0.2), [0, 1, 0, 1, 0, 1]),  # H ≥ .74, .6 and .5
    (PolicyAndHighEntropy(share=0.2), [1, 1, 0, 1, 1, 1]),  # of the prefix, H ≥ .68
    (Covariant(share=1.0), [1, 0, 0, 0, 1, 0]),  # 7/6 · .993 and 5/6 · 1.957 are above 1
    (MostCovariant(), [0, 0, 0, 0, 1, 0]),  # the larger one
    (Outward(), WRONG),  # Â < 0 and log π − log μ is −.3
    (BeyondSecondMoment(), WRONG),  # .3² = .09 is above .04
    (Taught(), [1, 0, 0, 0, 0, 1]),  # of the teacher's 0, 2, 3 and 5 two are external
]


def batch() -> Batch:
    row, group = torch.tensor(ROW), torch.tensor(GROUP)
    logp = torch.tensor([-0.05, -2.0, -1.0, -0.01, -3.0, -0.2])
    return Batch(
        totals=totals(row, group),
        row=row,
        group=group,
        advantage=torch.tensor([1.0, 1.0, -1.0, -1.0, -1.0, 0.0]),
        behaviour_logp=logp + 0.3 * torch.tensor(WRONG),
        proximal_logp=logp,
        learner_logp=logp,
        entropy=torch.tensor([0.1, 0.9, 0.2, 0.8, 0.3, 0.5]),
        external=torch.tensor(OTHERS),
        correct=torch.tensor([True, False, True]),
        learner_entropy=torch.ones(6),
        taught=torch.tensor([True, False, True, True, False, True]),
    ).counted()


def test_no_selection_is_left_out():
    assert concrete(Selection) == {type(selection) for selection, _ in CHOSEN}


@pytest.mark.parametrize("aggregation", EVERY, ids=repr)
@pytest.mark.parametrize(("selection", "mask"), CHOSEN, ids=lambda x: type(x).__name__)
def test_the_tokens_outside_a_selection(selection, mask, aggregation):
    """They count in the denominators of all but `SelectedTokenMean` and a reply's own length."""
    prepared = batch().prepared((selection,))
    assert prepared.subset(selection).mask.tolist() == [bool(x) for x in mask]
    kept = [n for n in range(6) if mask[n]]
    lengths = [sum(mask[n] for n in range(6) if ROW[n] == i) for i in range(3)]
    weight = {
        TokenMean: lambda n: 1 / 6,
        SelectedTokenMean: lambda n: 1 / len(kept),
        GroupTokenMean: lambda n: 1 / (2 * (5 if GROUP[ROW[n]] == 0 else 1)),
        SequenceMean: lambda n: 1 / (3 * lengths[ROW[n]]),
        SequenceSum: lambda n: 1 / 3,
        FixedLength: lambda n: 1 / (3 * LENGTH),
        PerThousand: lambda n: 1 / 3000,
    }[type(aggregation)]
    found = aggregation(prepared.narrowed(selection))
    assert found.tolist() == pytest.approx([weight(n) for n in kept])


def gain(**parts) -> float:
    """Σ w (c f − k) where f is 1 for every token."""
    objective = replace(of(Centred()), clipping=Imitation(), **parts)
    held = replace(batch(), advantage=torch.ones(6))
    return -objective.loss(torch.ones(6), held.prepared(objective.selections)).item()


@pytest.mark.parametrize(
    ("correction", "kept"),
    [
        (Only(of=Correct()), 3),
        (Without(of=Correct()), 3),
        (Only(of=External()), 2),
        (Masked(cap=0.9), 3 * np.exp(-0.3)),  # ρ is e^−.3 = .74 in the second reply, else 1
        (IcePop(low=0.9, high=1.1), 3),
        (SequenceMasked(cap=0.9), 3 * np.exp(-0.9)),
    ],
    ids=repr,
)
def test_tokens_that_a_correction_masks_stay_in_the_denominator(correction, kept):
    assert gain(corrections=(correction,)) == pytest.approx(kept / 6)


def test_a_penalty_on_some_tokens_is_divided_by_all():
    """H = 1, so the bonus of two tokens among six adds 2/6 to the mean of f."""
    paid = Within(of=External(), price=EntropyBonus(beta=1.0))
    assert gain(regularisers=(paid,)) == pytest.approx(1 + 2 / 6)


def test_a_selection_of_nothing_weighs_nothing():
    nothing = Both(one=External(), other=PolicyTokens())
    for aggregation in EVERY:
        assert gain(on=nothing, aggregation=aggregation) == 0
