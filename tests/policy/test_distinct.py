"""No algorithm is another one under a second name, unless the documentation says so."""

from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
import torch
from policy.full_columns import EVERY, RARE, outcome

from whet.policy.algorithms import load
from whet.registry import names

PAGE = Path(__file__).parents[2] / "docs" / "where_they_differ.md"
NAMES = sorted(names("algorithm"))


@cache
def found(name: str) -> tuple[torch.Tensor, ...]:
    return tuple(outcome(load(name), case) for case in EVERY.values())


def equal(one: str, other: str) -> bool:
    """Whether loss and gradients are equal on every batch, up to rounding."""
    pairs = zip(found(one), found(other), strict=True)
    return all(torch.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in pairs)


def named() -> list[set[str]]:
    """The algorithms of each row of the page's table of equal losses."""
    table = PAGE.read_text().split("## One loss, several algorithms")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [set(row.replace("`", "").replace(" ", "").split(",")) for row in rows]


def test_there_are_many():
    assert len(NAMES) >= 98


def test_only_the_named_ones_have_equal_losses_and_gradients():
    alike = {frozenset(pair) for pair in combinations(NAMES, 2) if equal(*pair)}
    assert alike == {frozenset(pair) for row in named() for pair in combinations(sorted(row), 2)}


@pytest.mark.parametrize("row", named(), ids=lambda row: "-".join(sorted(row)))
def test_those_with_one_loss_differ_in_what_accompanies_it(row):
    """Each has other companions; GSPO and its token form are told apart by advantages of tokens."""
    if row == {"gspo", "gspo_token"}:
        assert load("gspo").ratio.why_sequence_level
        assert not load("gspo_token").ratio.why_sequence_level
    else:
        assert len({load(name).companions for name in row}) == len(row)


@pytest.mark.parametrize("name", NAMES)
def test_every_algorithm_learns_something_from_one_of_the_batches(name):
    """Otherwise two that learn nothing from them would be equal, and it would say little."""
    gradients = [case[1:] for case in found(name)]
    assert any((gradient != 0).any() for gradient in gradients)
    assert all(case.isfinite().all() for case in found(name))


def test_a_rare_token_tells_total_variation_from_a_binary_kl():
    """μ .001 → π .12, Â > 0: the total variation .119 is within .15, the KL .12 is not within .05.

    μ .12 → π .001, Â < 0, the other way round: .119 again, and a KL of .46.
    """
    tv, kl = outcome(load("dppo"), RARE), outcome(load("dppo_kl"), RARE)
    for token in (0, 3):
        assert tv[1 + token] != 0
        assert kl[1 + token] == 0
