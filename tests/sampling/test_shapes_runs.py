"""Whole runs that learn from trees."""

from dataclasses import replace

import pytest
from training.small import RUN, followed, small, steps_of

from whet.policy.inspection import errors
from whet.policy.selections import PolicyTokens
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.structured.budget_forcing import BudgetForcing
from whet.sampling.structured.early_exits import EarlyExits
from whet.sampling.structured.segment_tree import SegmentTree
from whet.sampling.structured.tree import Tree
from whet.training.validation import run_spec
from whet.types import Decoding

SHAPES = {
    "tree": Tree(branches=(2, 2, 2), segments=(1, 1)),  # of one play per task
    "exits": EarlyExits(exits=3, phrase="="),
}


@pytest.mark.full
@pytest.mark.parametrize("name", SHAPES)
def test_a_run_learns_from_trees_and_resumes(name, tmp_path):
    sampling = replace(
        RUN.sampling,
        shape=SHAPES[name],
        size=Fixed(rollouts=1),
        decoding=Decoding(max_new_tokens=6),
    )
    objective = replace(RUN.objective, on=PolicyTokens())
    run = small(sampling=sampling, objective=objective, warmup=(), steps=2)
    assert run.sampling.group_size == SHAPES[name].leaves(1)
    whole = followed(run, tmp_path / "whole")
    followed(run, tmp_path / "cut", stop_after=1)
    assert followed(run, tmp_path / "cut")[-1] == whole[-1]
    steps = steps_of(whole)
    assert len(steps) == 2
    for step in steps:
        groups = step.taken.groups
        assert any(rollout.parent for group in groups for rollout in group)
        assert all(1 < len(group) <= run.sampling.group_size for group in groups)


@pytest.mark.parametrize(
    "shape", [EarlyExits(), BudgetForcing(), SegmentTree(phrase="=", reserve=1)], ids=str
)
def test_forced_words_need_an_objective_that_leaves_them_out(shape):
    run = small(sampling=replace(RUN.sampling, shape=shape))
    [said] = errors(run.sampling, run_spec(run))
    assert "sampling.shape" in said and "--objective.on policy_tokens" in said
    apart = replace(run, objective=replace(RUN.objective, on=PolicyTokens()))
    assert errors(apart.sampling, run_spec(apart)) == []
