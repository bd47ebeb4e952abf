"""Shapes: how many leaves there are, what they share, and what they cost."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from sampling.shaped import TASK, Asking, Hashed, check_tree, distinct, played, sampled, told

from whet.environments.single_turn import SingleTurn
from whet.protocols import Environment
from whet.sampling.structured.after_tools import AfterTools
from whet.sampling.structured.branch_places import LineStarts
from whet.sampling.structured.branch_rules import EntropyChance, EntropyRise
from whet.sampling.structured.budget_forcing import BudgetForcing
from whet.sampling.structured.chains import Chains
from whet.sampling.structured.costs_of_trees import balanced_costs, sampled_costs
from whet.sampling.structured.early_exits import EarlyExits
from whet.sampling.structured.entropy_tree import EntropyTree
from whet.sampling.structured.points import branch_points
from whet.sampling.structured.segment_tree import SegmentTree
from whet.sampling.structured.token_scores import DistributionEntropy
from whet.sampling.structured.tree import Tree
from whet.sampling.structured.turn_tree import TurnTree
from whet.types import Decoding, Finish, Play, Request, RunSpec, UsageError

TREES = {
    "tree": (Tree(branches=(3, 2, 2), segments=(4, 5)), 1),
    "segments": (SegmentTree(segment=5, depth=4), 6),
    "entropy": (EntropyTree(rounds=2, min_gap=2), 2),
    "lines": (EntropyTree(score=DistributionEntropy(), places=LineStarts(), min_gap=1), 2),
    "turns": (TurnTree(points=3, rounds=2), 2),
    "tools": (AfterTools(chains=3), 8),
    "exits": (EarlyExits(exits=4, phrase="z="), 2),
}
WORLDS = {"one turn": SingleTurn(), "three turns": Asking(3)}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("ending", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("name", TREES)
def test_every_shape_samples_a_tree_and_no_token_twice(name, ending, world):
    shape, plays = TREES[name]
    seeds = tuple(range(plays))
    leaves, generator = sampled(shape, seeds, ending=ending, world=WORLDS[world], length=16)
    check_tree(leaves)
    own = sum(leaf.length - leaf.forked_at for leaf in leaves)
    forced = sum(leaf.external[leaf.forked_at :].sum() for leaf in leaves)
    assert generator.decoded == own - forced == sampled_costs(leaves).tree
    assert len(leaves) <= shape.leaves(plays)
    turns = WORLDS[world].turns if world == "three turns" else 1
    assert all(len(leaf.acts) == turns for leaf in leaves)
    assert all(
        act.finish is Finish.STOP or act.stop - act.start == 16
        for leaf in leaves
        for act in leaf.acts
    )


@pytest.mark.parametrize("name", TREES)
def test_a_shape_is_repeated_by_its_seeds(name):
    shape, plays = TREES[name]
    seeds = range(plays)
    one, _ = sampled(shape, seeds, ending=0.05, world=Asking(3), length=16)
    two, _ = sampled(shape, seeds, ending=0.05, world=Asking(3), length=16)
    other, _ = sampled(shape, [s + 100 for s in seeds], ending=0.05, world=Asking(3), length=16)
    assert told(one) == told(two)
    assert told(one) != told(other)


@pytest.mark.parametrize("name", TREES)
def test_words_that_plays_begin_with_are_not_cut(name):
    shape, plays = TREES[name]
    leaves, _ = sampled(shape, range(plays), ending=0.1, prefix="hint", length=16)
    check_tree(leaves)
    assert all(leaf.forced_len >= 4 and leaf.reply.startswith("hint") for leaf in leaves)


def test_leaf_counts_of_the_papers():
    assert EntropyTree(points=2, rounds=1, continuations=2).leaves(6) == 30  # TreeRL
    assert Tree().leaves(1) == 216  # SPO-tree 6-6-6
    assert Tree(branches=(8, 8, 8), segments=(9, 9)).leaves(1) == 512  # TreeRPO
    assert TurnTree().leaves(2) == 6  # Tree-GRPO: two trees, three leaves each
    treerl, _ = sampled(EntropyTree(min_gap=1), range(6))
    assert len(treerl) == 30 and Counter(not leaf.parent for leaf in treerl)[True] == 6
    spo, generator = sampled(Tree(segments=(3, 3)), length=10)
    assert len(spo) == 216
    assert generator.decoded == distinct(spo) == 6 * 3 + 36 * 3 + 216 * 4


def test_token_costs_by_hand():
    assert balanced_costs((6, 6, 6), (30, 30, 170)) == (37_980, 49_680)
    assert balanced_costs((2,) * 4, (64,) * 4) == (1_920, 4_096)
    assert balanced_costs((4, 2, 2), (100,) * 3) == (2_800, 4_800)
    assert balanced_costs((6, 6, 6), (30, 30, 170)).saving == pytest.approx(0.236, abs=5e-4)
    b, depth = 3, 5  # U / chains = b / (b − 1) · (1 − b^−D) / D
    costs = balanced_costs((b,) * depth, (7,) * depth)
    assert costs.tree / costs.chains == pytest.approx(b / (b - 1) * (1 - b**-depth) / depth)


def test_a_full_tree_shares_its_segments():
    leaves, generator = sampled(Tree(branches=(2, 3), segments=(5,)), (1, 2), length=9)
    assert generator.decoded == distinct(leaves) == 2 * (2 * 5 + 6 * 4)
    starts = Counter(tuple(leaf.chosen_ids[:5].tolist()) for leaf in leaves)
    assert sorted(starts.values()) == [3] * 4
    assert len({tuple(leaf.chosen_ids.tolist()) for leaf in leaves}) == 12
    roots = [leaf for leaf in leaves if not leaf.parent]
    assert len(roots) == 2  # one tree per play


def test_a_tree_of_one_path_is_a_chain_that_was_not_interrupted():
    """A paused play that goes on has the tokens of its own seed in between."""
    [leaf], generator = sampled(Tree(branches=(1, 1), segments=(5,)), length=9)
    assert leaf.length == 9 and leaf.parent == "" and generator.decoded == 9


def test_replies_that_end_at_once_are_one_leaf_per_path():
    leaves, generator = sampled(Tree(branches=(3, 2), segments=(4,)), ending=1.0)
    assert len(leaves) == 3 and generator.decoded == 3
    leaves, _ = sampled(EntropyTree(), ending=1.0)
    assert len(leaves) == 1


@pytest.mark.parametrize("turns", [1, 3])
def test_a_reply_that_ends_where_it_would_be_forked_is_one_leaf(turns):
    """Segments of one token, and replies of one token: they pause where they ended."""
    world = Asking(turns)
    leaves, generator = sampled(Tree(branches=(2,) * 5, segments=(1,) * 4), ending=1.0, world=world)
    check_tree(leaves)
    assert len(leaves) == 2**turns  # between two replies the tree still forks
    assert generator.decoded == sum(2 ** (n + 1) for n in range(turns))


def test_width_is_used_whatever_ends_early():
    for ending in (0.0, 0.1, 0.4, 1.0):
        leaves, _ = sampled(SegmentTree(segment=5, depth=4), range(9), ending=ending)
        assert len(leaves) == 9
        assert len({leaf.parent == "" for leaf in leaves}) == 2  # one tree


def test_paths_fork_by_two_until_the_width_is_used():
    """No reply ends: 2 paths, then 4, then all 6, the first ones with the remainder."""
    shape = SegmentTree(segment=4, depth=4, first=(2, 2))
    leaves, generator = sampled(shape, range(6), length=20)
    assert generator.decoded == 2 * 4 + 4 * 4 + 6 * 4 + 6 * 8
    assert sorted(leaf.forked_at for leaf in leaves) == [0, 0, 4, 4, 8, 8]


def test_paths_near_the_limit_are_made_to_answer():
    shape = SegmentTree(segment=8, depth=14, phrase="=", reserve=6, first=(2, 2))
    leaves, _ = sampled(shape, range(4), length=20)
    for leaf in leaves:
        assert np.flatnonzero(leaf.external).tolist() == [14]  # 20 − 6
        assert leaf.length == 20
    check_tree(leaves)


def test_plays_of_other_settings_have_a_tree_of_their_own():
    hows = [Decoding(max_new_tokens=12), Decoding(max_new_tokens=12, temperature=0.5)]
    plays = tuple(Play(seed=n, decoding=hows[n % 2]) for n in range(8))
    leaves = played(
        Request(task=TASK, plays=plays, shape=SegmentTree(segment=3, depth=3)), Hashed()
    )
    assert Counter(leaf.decoding.temperature for leaf in leaves) == {1.0: 4, 0.5: 4}
    check_tree(leaves)


def test_branches_begin_before_the_most_surprising_tokens():
    shape = EntropyTree(points=3, continuations=2, min_gap=5)
    leaves, _ = sampled(shape, length=40)
    chain, branches = leaves[0], leaves[1:]
    wanted = branch_points(-chain.behaviour_logp, np.ones(40, bool), 3, min_gap=5)
    assert sorted({leaf.forked_at for leaf in branches}) == wanted
    assert len(branches) == 6 and 0 not in wanted
    by_entropy, _ = sampled(replace(shape, score=DistributionEntropy()), length=40)
    assert {x.forked_at for x in by_entropy[1:]} != set(wanted)  # H = 1 − log² μ


def test_later_rounds_keep_their_distance():
    shape = EntropyTree(points=2, rounds=4, continuations=1, min_gap=6)
    leaves, _ = sampled(shape, length=30)
    check_tree(leaves)
    for leaf in leaves:
        places = sorted(x.forked_at for x in leaves if x.parent == leaf.id)
        assert all(b - a >= 6 for a, b in zip(places, places[1:], strict=False))
        assert all(place > leaf.forked_at for place in places)


def test_nothing_is_forked_behind_the_answer():
    free, _ = sampled(EntropyTree(answer_marks=(), points=9, min_gap=1), length=40)
    letter = free[0].reply[10]
    first = free[0].reply.index(letter)
    marked, _ = sampled(EntropyTree(answer_marks=(letter.upper(),), points=9, min_gap=1), length=40)
    assert max(leaf.forked_at for leaf in free) > first
    assert max(leaf.forked_at for leaf in marked if leaf.parent == marked[0].id) <= first


def test_line_starts_have_their_lines_highest_score():
    shape = EntropyTree(places=LineStarts(), points=2, continuations=1, min_gap=1)
    leaves, _ = sampled(shape, length=60)
    text, scores = leaves[0].reply, -leaves[0].behaviour_logp
    starts = [n + 1 for n, char in enumerate(text) if char == "\n" and n + 1 < 60]
    spans = pairwise([*starts, 60])
    best = sorted((float(-scores[a:b].max()), a) for a, b in spans)[:2]
    assert sorted(leaf.forked_at for leaf in leaves[1:]) == sorted(a for _, a in best)


def test_turns_are_forked_at_their_starts():
    leaves, _ = sampled(TurnTree(points=4, rounds=3), ending=0.2, world=Asking(4))
    assert len(leaves) == 13
    known = {leaf.id: leaf for leaf in leaves}
    for leaf in leaves[1:]:
        starts = [said.start for said in known[leaf.parent].spoken]
        assert leaf.forked_at in starts


def of_reply(leaf, said):
    """Mean entropy of the first three tokens of a reply."""
    assert leaf.entropy is not None
    return leaf.entropy[said][:3].mean()


def test_arpo_branches_where_entropy_rises():
    """H = 1 − log² μ is known, so the rule is checked on the chains that were sampled."""
    shape = AfterTools(chains=2, rule=EntropyRise(tokens=3))
    leaves, _ = sampled(shape, range(40), ending=0.2, world=Asking(3))
    assert len(leaves) == 40
    chains = [leaf for leaf in leaves if not leaf.parent]
    initial = np.mean([of_reply(chain, chain.spoken[0]) for chain in chains[:2]])
    forks = {(leaf.parent, leaf.forked_at) for leaf in leaves if leaf.parent}
    looked = [
        (leaf, said)
        for leaf in leaves
        for said in leaf.spoken[1:]
        if leaf in chains[:2] or leaf.parent and said.start > leaf.forked_at
    ]
    rises = {(leaf.id, said.start) for leaf, said in looked if of_reply(leaf, said) > initial}
    assert rises and forks == rises
    assert len(chains) == 40 - len(rises)  # what no branch fills are further chains


def test_the_released_rule_draws():
    leaf = sampled(Chains(), ending=0.2, world=Asking(3))[0][0]
    rule = EntropyChance(tokens=3)
    first = rule.entropy(leaf, 0)
    drawn = [rule(leaf, 1, first, Random(n)) for n in range(4000)]
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.03)
    sure = replace(rule, beta=1e6)
    assert all(sure(leaf, 1, first - 1, Random(n)) for n in range(20))
    assert not any(sure(leaf, 1, first + 1, Random(n)) for n in range(20))


def test_hand_arrays_of_branch_points():
    scores = np.array([9, 1, 8, 7, 0, 6, 5, 5.0])
    every = np.ones(8, bool)
    assert branch_points(scores, every, 2, min_gap=1, skip_first=0) == [0, 2]
    assert branch_points(scores, every, 2, min_gap=1) == [2, 3]
    assert branch_points(scores, every, 3, min_gap=3) == [2, 5]
    assert branch_points(scores, every, 3, min_gap=2) == [2, 5, 7]
    assert branch_points(scores, every, 9, min_gap=1, end=3) == [1, 2]
    masked = every.copy()
    masked[[2, 5]] = False
    assert branch_points(scores, masked, 2, min_gap=2) == [3, 6]  # of equal scores the earlier one
    assert branch_points(scores, ~every, 2) == []
    assert branch_points(scores[:0], every[:0], 2) == []


def test_an_early_end_is_taken_back():
    shape = BudgetForcing(waits=2, wait="Wait", close="p")
    leaves, _ = sampled(shape, range(6), ending=0.1)
    for leaf in leaves:
        said = leaf.reply
        forced = np.flatnonzero(leaf.external)
        assert leaf.parent == "" and len(forced) == 4 * said.count("Wait") == 8
        assert "p" not in said[: said.rindex("Wait")]  # the ends that were taken back
    chains, _ = sampled(Chains(), range(6), ending=0.1)
    for chain, leaf in zip(chains, leaves, strict=True):
        thought = chain.reply.partition("p")[0]
        assert leaf.reply.startswith(thought + "Wait")


def test_a_thought_is_cut_at_its_budget():
    shape = BudgetForcing(waits=0, thinking=10, close="z", final="=")
    leaves, generator = sampled(shape, range(20), ending=0.05, length=30)
    chains, _ = sampled(Chains(), range(20), ending=0.05, length=30)
    cut = 0
    for chain, leaf in zip(chains, leaves, strict=True):
        if chain.length <= 10:
            assert leaf.reply == chain.reply
            continue
        cut += 1
        assert leaf.reply.startswith(chain.reply[:10] + "z=")
        assert np.flatnonzero(leaf.external).tolist() == [10, 11]
        assert leaf.length <= 30
    assert cut > 5 and generator.decoded == sampled_costs(leaves).tree


def test_a_thought_that_is_over_is_not_cut():
    shape = BudgetForcing(waits=0, thinking=30, close="a", final="=")
    leaves, _ = sampled(shape, range(9), length=60)
    chains, _ = sampled(Chains(), range(9), length=60)
    over = ["a" in chain.reply[:30] for chain in chains]
    assert set(over) == {True, False}
    equal = [leaf.reply == chain.reply for chain, leaf in zip(chains, leaves, strict=True)]
    assert equal == over == [not leaf.external.any() for leaf in leaves]


def test_forced_words_stay_within_the_limit_of_a_reply():
    for shape in (
        BudgetForcing(waits=9, wait="Wait", close="a"),
        EarlyExits(exits=9, phrase="z=z=z=", close="a"),
    ):
        leaves, _ = sampled(shape, range(9), ending=0.1, length=20)
        assert any(leaf.external.any() for leaf in leaves)
        assert max(leaf.length for leaf in leaves) <= 20


@pytest.mark.parametrize(
    "shape",
    [
        Tree(branches=(2, 2), segments=(1,)),
        SegmentTree(segment=1, depth=2, phrase="=", reserve=1),
        EntropyTree(),
        TurnTree(),
        AfterTools(chains=1),
        BudgetForcing(thinking=1, final="="),
        EarlyExits(),
    ],
    ids=str,
)
def test_replies_of_one_token(shape):
    leaves, _ = sampled(shape, (1, 2), length=1, world=Asking(2))
    check_tree(leaves)
    assert all(len(leaf.acts) == 2 for leaf in leaves)


@dataclass
class Breaking(Environment):
    """Asks three times; every fifth play breaks, before its first, second or third question."""

    plays: int = 0

    async def play(self, task, policy):
        number, self.plays = self.plays, self.plays + 1
        prompt = task.prompt
        for turn in range(3):
            if number % 5 == 4 and number // 5 % 3 == turn:
                raise OSError("away")
            prompt = f"{len(await policy(prompt))}?"


@pytest.mark.parametrize("name", TREES)
def test_faults_are_leaves(name):
    shape, plays = TREES[name]
    world = Breaking()
    leaves, _ = sampled(shape, range(plays), ending=0.1, world=world, length=16)
    check_tree(leaves)
    faults = [leaf for leaf in leaves if leaf.verdict is not None]
    assert len(faults) == world.plays // 5
    assert all(not leaf.verdict.judged for leaf in faults)


@dataclass(frozen=True)
class Splitting(Environment):
    """Two conversations in one play."""

    async def play(self, task, policy):
        await policy(task.prompt)
        await policy.seat("other")(task.prompt)


def test_several_conversations_have_no_tree():
    with pytest.raises(UsageError, match=r"sampling\.shape"):
        sampled(TurnTree(), world=Splitting())


def test_exits_are_answers_from_within_the_thought():
    shape = EarlyExits(exits=5, phrase="z=", close="\n")
    leaves, _ = sampled(shape, (1, 2, 3), ending=0.02, length=50)
    chains = [leaf for leaf in leaves if not leaf.parent]
    assert len(chains) == 3
    for chain in chains:
        exits = [leaf for leaf in leaves if leaf.parent == chain.id]
        end = chain.reply.find("\n") if "\n" in chain.reply else chain.length
        places = [leaf.forked_at for leaf in exits]
        assert places == sorted(set(places)) and all(0 < place < end for place in places)
        assert len(places) == min(5, max(0, end - 1))
        for leaf in exits:
            assert leaf.reply[leaf.forked_at :].startswith("z=")
            assert leaf.external.sum() == 2


WRONG = {
    "branches": lambda: Tree(branches=(2, 0)),
    "segments": lambda: Tree(branches=(2, 2), segments=()),
    "first": lambda: SegmentTree(first=(3, 2)),
    "segment": lambda: SegmentTree(segment=0),
    "reserve": lambda: SegmentTree(reserve=0),
    "points": lambda: EntropyTree(points=0),
    "skip_first": lambda: EntropyTree(skip_first=-1),
    "rounds": lambda: TurnTree(rounds=0),
    "chains": lambda: AfterTools(chains=0),
    "rule.tokens": lambda: EntropyRise(tokens=0),
    "rule.threshold": lambda: EntropyChance(threshold=2),
    "waits": lambda: BudgetForcing(waits=0),
    "thinking": lambda: BudgetForcing(thinking=-1),
    "exits": lambda: EarlyExits(exits=0),
    "phrase": lambda: EarlyExits(phrase=""),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_settings_are_named(name):
    with pytest.raises(UsageError, match=rf"sampling\.shape\.{name}\b") as told_:
        WRONG[name]()
    assert "\n" not in str(told_.value)


@pytest.mark.parametrize("shape", [TurnTree(), AfterTools()], ids=repr)
def test_a_fork_behind_a_reply_is_idle_in_worlds_of_one_reply(shape):
    sizes = {"samples": 16, "max_new_tokens": 36, "steps": 1, "minibatches": 1}
    name = f"sampling.shape {type(shape).__name__} forks behind a reply"
    assert shape.run_warning(RunSpec(**sizes, several_turns=False)).startswith(name)
    assert shape.run_warning(RunSpec(**sizes)) == ""


@pytest.mark.parametrize(("segments", "warned"), [((36,), True), ((35,), False), ((), False)])
def test_a_tree_whose_first_segment_fills_a_reply_never_forks(segments, warned):
    tree = Tree(branches=(4, 4) if segments else (4,), segments=segments)
    spec = RunSpec(samples=1, max_new_tokens=36, steps=1, minibatches=1)
    assert bool(tree.run_warning(spec)) is warned
