"""Shapes and what they read of rollouts with forced words, odd letters and failed plays."""

import numpy as np
import pytest
from recorded import recorded
from sampling.shaped import check_tree, sampled

from whet.sampling.structured.branch_rules import EntropyRise
from whet.sampling.structured.budget_forcing import BudgetForcing
from whet.sampling.structured.points import after_marks
from whet.sampling.structured.segment_tree import SegmentTree
from whet.types import Task

TASK = Task(id="t", prompt="?")


def test_forced_words_are_no_entropy_of_the_policy():
    """Two forced tokens of entropy 0, then 1, 3, 5: the first two of the policy's are 1 and 3."""
    rollout = recorded(
        task=TASK,
        turns=("?", "abcde"),
        tokens=(0, 1, 2, 3, 4, 5),
        chosen=(False, *[True] * 5),
        behaviour_logp=(0.0, 0.0, -1.0, -1.0, -1.0),
        entropy=(0.0, 0.0, 1.0, 3.0, 5.0),
        forced=2,
    )
    assert EntropyRise(tokens=2).entropy(rollout, 0) == pytest.approx(2)
    assert EntropyRise(tokens=2).initial([rollout]) == pytest.approx(2)


@pytest.mark.parametrize("before", ["ab", "İİ", "ßß"], ids=["ascii", "dotted", "sharp"])
def test_a_mark_is_found_behind_letters_whose_small_form_is_longer(before):
    """Every character is a token; the ones behind "Answer" are excluded."""
    text = f"{before}ANSWER:7"
    rollout = recorded(
        task=TASK,
        turns=("?", text),
        tokens=(0, *range(1, len(text) + 1)),
        chosen=(False, *[True] * len(text)),
        behaviour_logp=(-1.0,) * len(text),
        char_ends=np.arange(1, len(text) + 1),
    )
    behind = after_marks(rollout, ("answer",))
    assert behind.tolist() == [False] * (len(before) + 6) + [True, True]


CUTTING = {
    "budget": BudgetForcing(waits=1, wait="W", thinking=4, close="ab", final="t=+"),
    "close": BudgetForcing(waits=0, thinking=2, close="z", final=""),
    "reserve": SegmentTree(segment=3, depth=6, branches=3, first=(2, 3), phrase="Wz", reserve=1),
    "depth": SegmentTree(segment=2, depth=2, branches=2, first=(1, 4), phrase="Wzt", reserve=3),
}


@pytest.mark.parametrize("name", CUTTING)
def test_forced_words_never_make_a_reply_longer_than_its_limit(name):
    """Whatever the limit: they are left out where they don't fit, and are said where they do."""
    forced = 0
    for length in (1, 2, 3, 4, 6, 8, 20):
        for ending in (0.0, 0.2):
            leaves, _ = sampled(CUTTING[name], (3, 5, 8), length=length, ending=ending)
            check_tree(leaves)
            assert all(leaf.length <= length for leaf in leaves)
            assert all(not leaf.external[-1] for leaf in leaves)
            forced += sum(bool(leaf.external.any()) for leaf in leaves)
    assert forced
