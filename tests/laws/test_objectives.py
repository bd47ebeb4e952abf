"""Laws that every algorithm obeys.  A new file in the folder is tried before anyone tests it."""

import importlib
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from whet.policy import algorithms
from whet.policy.advantages import Centred
from whet.policy.aggregation import FixedLength
from whet.policy.corrections import Truncated
from whet.protocols.algorithm import Advantage, Aggregation, Clipping, Ratio, TokenLoss
from whet.protocols.part import Part
from whet.registry import names
from whet.testing import LAWS, check_objective
from whet.testing.draws import draw
from whet.testing.laws import Law, loss_and_gradient
from whet.types import AdvantageInputs, Batch, Totals, UsageError

NAMES = sorted(names("algorithm"))
DROPPED = '''"""Dropped (arXiv:0000.00000): a file that nobody registered."""
from whet.policy.advantages import Centred
from whet.policy.aggregation import TokenMean
from whet.policy.clipping import Unclipped
from whet.policy.objective import Objective
from whet.policy.ratios import TokenRatio

class Doubled(Unclipped):
    def __call__(self, ratio, advantage):
        return FACTOR * ratio * advantage

def dropped():
    return Objective(
        advantage=Centred(), ratio=TokenRatio(), clipping=Doubled(), aggregation=TokenMean()
    )
'''


def obeyed(name: str, law: Law, count: int) -> None:
    """The law holds on so many batches, in float64 and in float32."""
    rng, objective = random.Random(f"{name} {law.name}"), algorithms.load(name)
    for _ in range(count):
        seed = rng.randrange(2**31)
        law(objective, seed, torch.float64)
        law(objective, seed, torch.float32)


@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
@pytest.mark.parametrize("name", NAMES)
def test_every_algorithm_obeys_every_law(name, law):
    obeyed(name, law, 2)


@pytest.mark.full
@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
@pytest.mark.parametrize("name", NAMES)
def test_every_algorithm_obeys_every_law_for_more_batches(name, law):
    obeyed(name, law, 12)


@pytest.mark.parametrize(("factor", "sound"), [(1, True), (2, False)])
def test_a_file_dropped_into_the_folder_is_found_and_tried(tmp_path, monkeypatch, factor, sound):
    (tmp_path / "dropped.py").write_text(DROPPED.replace("FACTOR", str(factor)))
    monkeypatch.setattr(algorithms, "__path__", [*algorithms.__path__, str(tmp_path)])
    monkeypatch.delitem(__import__("sys").modules, "whet.policy.algorithms.dropped", raising=False)
    assert "dropped" in names("algorithm")
    objective = algorithms.load("dropped")
    if sound:
        check_objective(objective, examples=10)
    else:
        with pytest.raises(AssertionError, match="breaks 'on_policy_it_is_reinforce'"):
            check_objective(objective, examples=10)


def acting(base: type[Part], act: Callable[..., torch.Tensor]) -> Part:
    """A part that does what the function does."""
    return type("Acting", (base,), {"__call__": lambda self, *held: act(*held)})()


def local_mean(batch: Batch) -> torch.Tensor:
    """The commonest mistake: divide by the size of the slice."""
    return torch.ones_like(batch.advantage) / max(len(batch.advantage), 1)


@dataclass(frozen=True)
class OnlyLoss(TokenLoss):
    """An object with a loss and no slots; `break_it` makes its loss depend on the slice."""

    break_it: bool

    def loss(self, learner_logp: torch.Tensor, batch: Batch) -> torch.Tensor:
        size = len(learner_logp) if self.break_it else batch.totals.tokens
        return -(learner_logp * batch.advantage).sum() / max(size, 1)


def test_an_object_with_nothing_but_a_loss_is_checked_too():
    check_objective(OnlyLoss(break_it=False), examples=10)
    with pytest.raises(AssertionError, match="micro_batches_add_up"):
        check_objective(OnlyLoss(break_it=True), examples=10)


@dataclass(frozen=True)
class Unequal(Clipping):
    """A part that no copy equals."""

    def __call__(self, ratio: torch.Tensor, advantage: torch.Tensor) -> torch.Tensor:
        return ratio * advantage

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


def blind(batch: Batch) -> torch.Tensor:
    """A mean over tokens that doesn't see which of them leaves share."""
    return torch.ones_like(batch.advantage) / (batch.totals.tokens or 1)


def shouted(ratio: torch.Tensor, advantage: torch.Tensor) -> torch.Tensor:
    """Every token has a place of its own."""
    return ratio * advantage + advantage * torch.arange(len(advantage))


def unlimited(logp: torch.Tensor, batch: Batch) -> torch.Tensor:
    """A ratio that overflows."""
    return (logp - batch.proximal_logp).exp()


def nervous(inputs: AdvantageInputs) -> torch.Tensor:
    """Divided by what may be 0."""
    return Centred()(inputs) / Centred()(inputs).std()


@pytest.mark.parametrize(
    ("slot", "base", "act", "law"),
    [
        ("aggregation", Aggregation, local_mean, "micro_batches_add_up"),
        ("aggregation", Aggregation, local_mean, "a_token_weighs_the_same_in_every_slice"),
        ("clipping", Clipping, shouted, "order_is_irrelevant"),
        ("clipping", Clipping, lambda r, a: 2 * r * a, "on_policy_it_is_reinforce"),
        ("ratio", Ratio, unlimited, "finite_however_far"),
        ("clipping", Clipping, lambda r, a: r * (a + 1), "has_gradient_is_right"),
        ("advantage", Advantage, lambda s: s.reward[s.row], "advantages_compare"),
        ("advantage", Advantage, nervous, "equal_rewards_have_no_gradient"),
        ("aggregation", Aggregation, blind, "equal_leaves_are_one_rollout"),
        ("clipping", Unequal, None, "it_is_a_value"),
    ],
)
def test_every_law_can_fail(slot, base, act, law):
    part = base() if base is Unequal else acting(base, act)
    broken = replace(algorithms.load("dapo"), **{slot: part})
    with pytest.raises(AssertionError):
        for seed in range(30):
            LAWS[law](broken, seed)


@pytest.mark.parametrize("name", NAMES)
def test_an_algorithm_names_its_source(name):
    module = importlib.import_module(names("algorithm")[name].module)
    assert re.search(r"arXiv:\d{4}\.\d{5}|unconfirmed|textbook", module.__doc__ or "")
    assert getattr(module, name).__doc__


def test_an_unknown_algorithm_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean 'dapo'"):
        algorithms.load("dapoo")


@given(st.integers(0, 2**31), st.integers(0, 6), st.integers(0, 6))
def test_a_slice_of_a_slice_is_a_slice(seed, first, second):
    batch = draw(seed).batch
    twice, once = batch[first:][second:], batch[first + second :]
    assert twice.row.tolist() == once.row.tolist()
    assert once.totals is batch.totals
    mine = batch.row >= first + second
    assert once.group[once.row].tolist() == batch.group[batch.row[mine]].tolist()


@given(st.integers(0, 2**31))
def test_a_correction_leaves_the_price_alone(seed):
    drawn = draw(seed)
    priced = replace(algorithms.load("grpo"), clipping=acting(Clipping, lambda r, a: 0 * r * a))
    corrected = replace(priced, corrections=(Truncated(cap=0.5),))
    torch.testing.assert_close(corrected.loss(*drawn), priced.loss(*drawn))


def test_by_hand():
    """Rollouts of 1 and 2 tokens, Â = 1 and −1, r = 1:  −J = −(1 − (1 + 1)/2) / 2 = 0."""
    row = torch.tensor([0, 1, 1])
    logp = torch.full((3,), -0.7, dtype=torch.float64)
    batch = Batch(
        totals=Totals(tokens=3, rollouts=2, groups=1),
        row=row,
        group=torch.tensor([0, 0]),
        advantage=torch.tensor([1.0, -1.0, -1.0], dtype=torch.float64),
        behaviour_logp=logp,
        proximal_logp=logp,
        reference_logp=logp,
    )
    assert algorithms.load("gspo").loss(logp, batch) == 0
    fixed = replace(algorithms.load("dr_grpo"), aggregation=FixedLength(length=4))
    loss, gradient = loss_and_gradient(fixed, logp, batch)
    assert loss.item() == pytest.approx(1 / 8)
    assert gradient.tolist() == pytest.approx([-1 / 8, 1 / 8, 1 / 8])
