"""Continued and forked sessions say what full forwards of transformers say."""

from functools import lru_cache, partial

import pytest
from talks import assert_equal, everything, talk, tree
from tiny import ARCHITECTURES, embedded, plain, tiny

OPENINGS = ((5, 6, 7), (8, 9, 10, 11, 12, 13, 14), (5, 6))
SEEDS = (1, 2)


@lru_cache
def wanted(architecture, work, openings):
    seeds = SEEDS if len(openings) > 1 else SEEDS[:1]
    return everything(plain(tiny(architecture)), work, openings, seeds)


CASES = [(a, {}) for a in ARCHITECTURES] + [("llama", {"slots": 3, "budget": 6, "parked": 4})]


@pytest.mark.full
@pytest.mark.parametrize(("architecture", "sizes"), CASES)
def test_continued_sessions(architecture, sizes):
    theirs = wanted(architecture, talk, OPENINGS)
    assert len({count for row in theirs.values() for count in row.replies}) > 3
    model = tiny(architecture)
    for work in (talk, partial(talk, pauses=6)):
        assert_equal(everything(embedded(model, **sizes), work, OPENINGS, SEEDS), theirs)


@pytest.mark.full
@pytest.mark.parametrize(("architecture", "sizes"), CASES)
def test_forked_sessions(architecture, sizes):
    theirs = wanted(architecture, tree, OPENINGS[1:2])
    generator = embedded(tiny(architecture), **sizes)
    assert_equal(everything(generator, tree, OPENINGS[1:2], SEEDS[:1]), theirs)
    assert not generator.scheduler.sessions
    assert not generator.scheduler.prompts.held
    assert not generator.scheduler.memory.resting
