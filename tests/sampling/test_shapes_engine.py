"""Shapes on the embedded engine: what is shared is computed once, and nothing else changes."""

import asyncio
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from sampling.shaped import Asking, check_tree, told

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, FromScratch
from whet.protocols import Shape
from whet.sampling.structured.after_tools import AfterTools
from whet.sampling.structured.branch_rules import EntropyRise
from whet.sampling.structured.budget_forcing import BudgetForcing
from whet.sampling.structured.chains import Chains
from whet.sampling.structured.costs_of_trees import sampled_costs
from whet.sampling.structured.early_exits import EarlyExits
from whet.sampling.structured.entropy_tree import EntropyTree
from whet.sampling.structured.growing import continued, extended
from whet.sampling.structured.segment_tree import SegmentTree
from whet.sampling.structured.tree import Tree
from whet.sampling.structured.turn_tree import TurnTree
from whet.types import Decoding, Play, Request, Task

SHAPES = {
    "tree": (Tree(branches=(2, 2, 2), segments=(5, 6)), 1),
    "segments": (SegmentTree(segment=6, depth=3, phrase="=", reserve=4), 6),
    "entropy": (EntropyTree(min_gap=2), 2),
    "turns": (TurnTree(points=3), 2),
    "tools": (AfterTools(chains=2, rule=EntropyRise(alpha=0.6)), 5),
    "exits": (EarlyExits(exits=3, phrase="7="), 2),
    "forced": (BudgetForcing(waits=0, thinking=9, final="="), 3),
}
HOW = Decoding(max_new_tokens=18, stop=("a", "b"))
TASK = Task(id="t", prompt="c5d+5e+1f+5|g4h=")


@pytest.fixture(scope="module")
def open_engine(tmp_path_factory):
    """A player and a learner of a small model, for each size of the decoding batch."""
    path = tmp_path_factory.mktemp("model")
    model, tokenizer = FromScratch(shape="llama-tiny").load("cpu", seed=7)
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)

    @cache
    def opened(**sizes):
        engine = Embedded(device="cpu", threads=1, **sizes)
        return asyncio.run(engine.open(Folder(path=str(path)), 0))

    return opened


def rolled(player, shape, plays):
    """The leaves of a request, and the numbers of tokens that it took."""
    asked = tuple(Play(seed=seed, decoding=HOW) for seed in range(plays))
    before = player.token_counts()
    world = player.within(Asking(2))
    [group] = asyncio.run(world.play(Request(task=TASK, plays=asked, shape=shape)))
    counts = player.token_counts()
    return list(group), {name: counts[name] - before[name] for name in counts}


@pytest.mark.full
@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_on_the_engine(name, open_engine):
    shape, plays = SHAPES[name]
    player, learner = open_engine()
    leaves, counts = rolled(player, shape, plays)
    logp = asyncio.run(learner.logp(leaves)).numpy()
    check_tree(leaves)
    assert counts["decoded"] == sampled_costs(leaves).tree
    assert counts["reread"] == 0
    own = np.concatenate([leaf.external for leaf in leaves])
    behaviour = np.concatenate([leaf.behaviour_logp for leaf in leaves])
    assert np.abs(behaviour - logp)[~own].max() < 1e-4
    narrow, _ = rolled(open_engine(slots=2, budget=9)[0], shape, plays)
    assert told(narrow) == told(leaves)  # whatever is decoded at once or kept


@dataclass(frozen=True)
class Halting(Shape):
    """Chains that are interrupted every three tokens."""

    async def roll(self, request, plays):
        asked = [replace(play, pause_at=3) for play in request.plays]
        leaves = await extended(plays, asked)
        for pause in range(6, 60, 3):
            on = zip(asked, leaves, strict=True)
            asked = [
                replace(continued(play, leaf), pause_at=pause if leaf.length < pause else 0)
                for play, leaf in on
            ]
            leaves = await extended(plays, asked)
        return leaves


def test_paused_plays_go_on_as_if_they_had_not_been_paused(open_engine):
    halting, counts = rolled(open_engine()[0], Halting(), 4)
    chains, once = rolled(open_engine()[0], Chains(), 4)
    assert counts["decoded"] == once["decoded"]
    for one, other in zip(halting, chains, strict=True):
        assert one.turns == other.turns and one.finish is other.finish
        assert np.allclose(one.behaviour_logp, other.behaviour_logp, atol=1e-5)
