"""Every shared token is computed once; what is shared changes no log-prob and no gradient."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from recorded import recorded
from torch.testing import assert_close

from whet.engines.embedded.forest import Segment, common
from whet.engines.embedded.packing import pack, slices
from whet.types import Task


def rollout(text, parent=""):
    """Small letters are the world's, capital ones were chosen; a letter's token is its place."""
    chosen = tuple(c.isupper() for c in text)
    return recorded(
        task=Task(id="t", prompt="t"),
        tokens=tuple(ord(c.lower()) - ord("a") for c in text),
        chosen=chosen,
        behaviour_logp=(0.0,) * sum(chosen),
        parent=parent,
    )


def letters(call):
    return "".join(chr(97 + t) for t in call.tokens.tolist())


def predicted(call):
    """The row that each choice is predicted from, and the choice."""
    return [(int(s), chr(97 + c)) for s, c in zip(call.source, call.choice, strict=True)]


@pytest.fixture
def planted(monkeypatch):
    """The segments that a call was made of."""
    kept = []

    def keep(segments, device):
        kept[:] = segments
        return build_forest(segments, device)

    from whet.engines.embedded import packing

    build_forest = packing.build_forest
    monkeypatch.setattr(packing, "build_forest", keep)
    return kept


def test_a_group_shares_its_opening_only(planted):
    call = pack([rollout("abCDE"), rollout("abCDF"), rollout("xyZ"), rollout("abCq")])
    assert letters(call) == "ab" + "cd" + "cd" + "xy"
    assert call.positions.tolist() == [0, 1, 2, 3, 2, 3, 0, 1]
    assert planted == [Segment(0, 2), Segment(2, 2, (0,)), Segment(4, 2, (0,)), Segment(6, 2)]
    wanted = [(1, "c"), (2, "d"), (3, "e"), (1, "c"), (4, "d"), (5, "f"), (7, "z"), (1, "c")]
    assert predicted(call) == wanted


def test_a_tree_shares_every_prefix(planted):
    leaves = ["abCDefGH", "abCDefGI", "abCDfGHI", "abCDefGHIJ", "abCD"]
    rows = [rollout(text, parent=str(k)) for k, text in enumerate(leaves)]
    call = pack([*rows, rollout("xY"), rollout("xY")])
    assert letters(call) == "abc" + "d" + "efg" + "hi" + "fgh" + "x"
    assert call.positions.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 4, 5, 6, 0]
    assert planted == [
        Segment(0, 3),
        Segment(3, 1, (0,)),
        Segment(4, 3, (0, 1)),
        Segment(7, 2, (0, 1, 2)),
        Segment(9, 3, (0, 1)),
        Segment(12, 1),
    ]
    first = [(1, "c"), (2, "d"), (5, "g"), (6, "h"), (1, "c"), (2, "d"), (5, "g"), (6, "i")]
    assert predicted(call)[:8] == first


ROWS = st.lists(
    st.tuples(st.text("aBC", min_size=1, max_size=7), st.booleans()), min_size=1, max_size=9
)


def rows_of(drawn):
    return [rollout("zzA" + text, parent="p" * forked) for text, forked in drawn]


@given(ROWS)
def test_every_choice_follows_its_own_row(drawn):
    rollouts = rows_of(drawn)
    call = pack(rollouts)
    prefixes = {tuple(r.token_ids[:n].tolist()) for r in rollouts for n in range(1, _last(r) + 1)}
    assert len(call.tokens) >= len(prefixes)
    if all(r.parent for r in rollouts):
        assert len(call.tokens) == len(prefixes)
    choices = [
        (p, t) for r in rollouts for p, t in enumerate(r.token_ids.tolist()) if r.action_mask[p]
    ]
    assert call.choice.tolist() == [token for _, token in choices]
    assert (call.positions[call.source] + 1).tolist() == [place for place, _ in choices]
    before = [int(r.token_ids[p - 1]) for r in rollouts for p in np.flatnonzero(r.action_mask)]
    assert call.tokens[call.source].tolist() == before


def _last(rollout):
    return int(np.flatnonzero(rollout.action_mask)[-1])


@given(ROWS, st.integers(1, 40))
def test_slices_are_as_large_as_they_say(drawn, budget):
    rollouts = rows_of(drawn)
    parts = list(slices(rollouts, budget))
    assert [k for p in parts for k in range(p.start, p.stop)] == list(range(len(rollouts)))
    sizes = [len(pack(rollouts[part]).tokens) for part in parts]
    assert all(n <= budget or p.stop - p.start == 1 for n, p in zip(sizes, parts, strict=True))
    for one, two in pairwise(parts):
        more = len(pack(rollouts[one.start : two.start + 1]).tokens)
        assert more > budget, "the next rollout would have fitted"


@given(*[st.lists(st.integers(0, 1), max_size=9).map(tuple)] * 2)
def test_the_longest_common_prefix(one, two):
    met = common(one, two)
    assert one[:met] == two[:met]
    assert met == min(len(one), len(two)) or one[met] != two[met]


def test_a_tree_learns_as_its_leaves_do_apart(engine):
    _, learner = engine
    texts = ["abCDefGH", "abCDefGI", "abCDfGHI", "abCDefGHIJ", "abCD", "kLmN"]
    tree = [rollout(text, parent="p") for text in texts]
    apart = [replace(r, parent="") for r in tree]
    weights = torch.randn(sum(r.length for r in tree), generator=torch.Generator().manual_seed(0))
    found = []
    for rollouts in (tree, apart):
        call = pack(rollouts)
        hidden = learner.backbone.hidden(call.tokens, call.positions, call.forest)[call.source]
        logp, _ = learner.backbone.choices(hidden, call.choice, call.temperature, call.kept)
        learner.backbone.model.zero_grad()
        (logp * weights).sum().backward()
        named = learner.backbone.model.named_parameters()
        found.append((logp.detach(), {k: p.grad.clone() for k, p in named}))
    assert_close(found[0][0], found[1][0], atol=1e-5, rtol=0)
    for name, gradient in found[1][1].items():
        assert (found[0][1][name] - gradient).norm() <= 1e-5 * gradient.norm(), name
