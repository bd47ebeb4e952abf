"""Observation tokens of a batch: which they are, and that a tree counts each of them once."""

import asyncio
from dataclasses import replace
from random import Random

import pytest
from fakes import fake
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import recorded

from whet.policy.algorithms import load
from whet.policy.sharing import OncePerLeaf, OncePerRoot
from whet.protocols import Learner
from whet.rollouts.batching import build_batch
from whet.types import Group, Reason, Task, Verdict

TASK = Task(id="t", prompt="t")
LEARNER = fake(Learner, version=0)
ECHO = load("echo")


def rollout(text, name="", parent="", at=0, score=1.0, forced=0):
    """Small letters are the world's, capital ones were chosen."""
    chosen = tuple(c.isupper() for c in text)
    verdict = Verdict.unjudged("away") if score is None else Verdict(reason=Reason.OK, score=score)
    return recorded(
        task=TASK,
        tokens=tuple(map(ord, text)),
        chosen=chosen,
        behaviour_logp=(-0.5,) * sum(chosen),
        id=name or text,
        parent=parent,
        forked_at=at,
        forced=forced,
        verdict=verdict,
    )


def built(*rollouts, objective=ECHO, **more):
    group = Group(task=TASK, rollouts=rollouts, **more)
    batch, _ = asyncio.run(build_batch([group], objective, LEARNER))
    return batch


def weights(batch):
    """The weights of each rollout's observation tokens."""
    seen = batch.tokens.observed
    rows = zip(seen.row.tolist(), seen.weight.tolist(), strict=True)
    found = [[] for _ in batch.rollouts]
    for row, weight in rows:
        found[row].append(weight)
    return dict(zip((r.id for r in batch.rollouts), found, strict=True))


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("abCDef", ""),  # the opening, and what nobody answers
        ("abCdeFghI", "degh"),
        ("AbC", "b"),
        ("ABC", ""),
        ("abc", ""),
        ("", ""),
    ],
)
def test_observations_are_between_the_first_and_the_last_sampled_token(text, heard):
    one = rollout(text)
    assert "".join(map(chr, one.token_ids[one.observed])) == heard


def test_forced_words_are_no_observations():
    """B and C were chosen by others; d came after them."""
    one = rollout("aBCdE", forced=2)
    assert one.external.tolist() == [True, True, False]
    assert "".join(map(chr, one.token_ids[one.observed])) == "d"


def test_rows_are_of_their_rollouts_and_totals_of_observations_alone():
    batch = built(rollout("aBcdE"), rollout("aB", score=0.0), rollout("aBcDeF"))
    seen = batch.tokens.observed
    assert seen.row.tolist() == [0, 0, 2, 2]
    assert (seen.totals.tokens, seen.totals.rollouts) == (4, 2)
    assert (batch.tokens.totals.tokens, batch.tokens.totals.rollouts) == (6, 3)


def test_an_algorithm_that_does_not_ask_gets_none():
    assert built(rollout("aBcD"), objective=load("dapo")).tokens.observed is None


def test_faults_and_rollouts_for_baselines_only_teach_no_observations():
    told = (rollout("aBcD"), rollout("aBccE", score=None), rollout("aBcccF", score=0.0))
    assert weights(built(*told)) == {"aBcD": [1], "aBcccF": [1, 1, 1]}
    assert weights(built(*told, learn=(True, True, False))) == {"aBcD": [1]}


def test_observations_before_a_fork_count_once():
    batch = built(rollout("aBcdEF", "x"), rollout("aBcdEG", "y", parent="x", at=2))
    assert weights(batch) == {"x": [0.5, 0.5], "y": [0.5, 0.5]}
    totals = batch.tokens.observed.totals
    assert (totals.tokens, totals.rollouts) == (2, 1)


def test_a_fork_between_turns_shares_what_both_hear():
    """After B all three hear c; x and y go on with d, z with e."""
    leaves = [
        rollout("aBcdE", "x"),
        rollout("aBcdF", "y", parent="x", at=1),
        rollout("aBceG", "z", parent="x", at=1),
    ]
    third = pytest.approx(1 / 3)
    wanted = {"x": [third, 0.5], "y": [third, 0.5], "z": [third, 1]}
    assert weights(built(*leaves)) == wanted
    assert built(*leaves).tokens.observed.totals.tokens == pytest.approx(3)  # c, d, e


def test_siblings_share_what_their_parent_did_not_hear():
    leaves = [
        rollout("aBcE", "x"),
        rollout("aBdF", "y", parent="x", at=1),
        rollout("aBdG", "z", parent="x", at=1),
    ]
    assert weights(built(*leaves)) == {"x": [1], "y": [0.5], "z": [0.5]}
    assert weights(built(*leaves[1:])) == {"y": [0.5], "z": [0.5]}  # without the parent


def test_after_different_replies_equal_answers_are_different_tokens():
    batch = built(rollout("aBcDeF", "x"), rollout("aBcDeG", "y", parent="x", at=1))
    assert weights(batch) == {"x": [0.5, 1], "y": [0.5, 1]}


def test_a_fault_gives_its_share_to_the_others():
    leaves = (rollout("aBcDE", "x", score=None), rollout("aBcDF", "y", parent="x", at=2))
    assert weights(built(*leaves)) == {"y": [1]}


def test_observations_weigh_as_the_sharing_says():
    leaves = [rollout("aBcDeF", "x"), rollout("aBcDgH", "y", parent="x", at=2)]
    leaf = replace(ECHO, sharing=OncePerLeaf())
    root = replace(ECHO, sharing=OncePerRoot())
    assert weights(built(*leaves, objective=leaf)) == {"x": [1, 1], "y": [1, 1]}
    assert weights(built(*leaves, objective=root)) == {"x": [0.5, 0.5], "y": [0.5, 0.5]}


def grown(rng):
    """A forest of up to seven conversations; a child keeps the sampled tokens before its fork."""
    leaves = []
    for n in range(rng.randint(1, 7)):
        parent, head, at = "", "a", 0
        if leaves and rng.random() < 0.8:
            above = rng.choice(leaves)
            parent, at = above.id, rng.randint(0, above.length)
            text = "".join(map(chr, above.token_ids))
            places = [i + 1 for i, c in enumerate(text) if c.isupper()]
            head = text[: places[at - 1]] if at else "a"
        rest = "".join(rng.choice("bcBC") for _ in range(rng.randint(0, 5)))
        leaves.append(rollout(f"{head}{rest}D", f"r{n}", parent=parent, at=at))
    return leaves


def distinct(leaves):
    """Every observation token by the sampled token before it, where that was first, and by what
    was heard since.
    """
    by_id, keys = {r.id: r for r in leaves}, set()
    for leaf in leaves:
        count, heard = 0, ""
        for token, chosen in zip(leaf.token_ids.tolist(), leaf.action_mask.tolist(), strict=True):
            count, heard = (count + 1, "") if chosen else (count, heard + chr(token))
            at = leaf
            while at.parent in by_id and count <= at.forked_at:
                at = by_id[at.parent]
            if count and heard:
                keys.add((at.id, count, heard))
    return keys


@given(st.integers(0, 2**31))
@settings(max_examples=150)
def test_the_weights_of_a_tree_count_every_distinct_observation_once(seed):
    leaves = grown(Random(seed))
    seen = built(*leaves).tokens.observed
    assert len(seen.row) == sum(int(r.observed.sum()) for r in leaves)
    assert seen.totals.tokens == pytest.approx(len(distinct(leaves)))
