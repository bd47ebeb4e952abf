"""What the generator computes and what it keeps, whoever is beside, before or after."""

import asyncio
from dataclasses import replace
from functools import lru_cache, partial
from random import Random

import numpy as np
import pytest
import torch
from talks import HOW, Row, assert_equal, everything, talk, tree, words
from tiny import END, embedded, plain, tiny

from whet.engines.digest import digest, sealed
from whet.types import Decoding, Finish, IntegrityError, UsageError
from whet.types.weights import Continue, Drain, Version

OPENINGS = ((5, 6, 7), (8, 9, 10, 11, 12, 13, 14))
FOUR = Decoding(max_new_tokens=4)


@pytest.fixture(scope="module")
def model():
    """A model that rarely ends by itself."""
    return tiny("llama")


@lru_cache
def talked(turns):
    """Talks of so many turns, as transformers has them."""
    return everything(plain(tiny("llama")), partial(talk, turns=turns), OPENINGS, (1, 2, 3))


def spent(generator, before):
    """Tokens since then."""
    return {name: n - before[name] for name, n in generator.token_counts().items()}


def endless(generator):
    """Every reply has its full length."""
    generator.ends = frozenset()
    return generator


async def turns(generator, name, count, each=4):
    """So many turns of 4 chosen tokens after `each` of the world's."""
    row = Row(generator, name, 3, [])
    for _ in range(count):
        await row.ask(words(Random(name), each), FOUR)
    return row


@pytest.mark.parametrize("count", [1, 2, 3, 8, 16])
def test_every_token_is_computed_once_and_one_more_a_turn(model, count):
    generator = endless(embedded(model))
    row = asyncio.run(turns(generator, "a", count))
    assert len(row.tokens) == 8 * count
    found = generator.token_counts()
    assert found["decoded"] == 4 * count
    assert found["prefilled"] == 4 * count + (count - 1)
    assert found["prefilled"] + found["shared"] == sum(8 * n + 4 for n in range(count))
    assert found["reread"] == 0


def test_a_tree_computes_every_token_once_and_one_more_a_turn(model):
    generator = endless(embedded(model))

    async def play():
        root = await turns(generator, "root", 2)
        leaves = [Row(generator, f"{k}", k, list(root.tokens)) for k in range(3)]
        for leaf in leaves:
            await leaf.ask(words(Random(leaf.name), 4), FOUR, fork_of="root")
        inner = [Row(generator, f"2/{k}", 9 + k, list(leaves[2].tokens)) for k in range(2)]
        for leaf in inner:
            await leaf.ask(words(Random(leaf.name), 4), FOUR, fork_of="2")
        cut = Row(generator, "cut", 1, root.tokens[:9])
        await cut.ask([30], FOUR, fork_of="2/1")

    asyncio.run(play())
    found = generator.token_counts()
    # 2 turns of the root, 3 leaves, 2 leaves of a leaf, and a fork that shares 9 tokens
    assert found["decoded"] == 4 * (2 + 3 + 2 + 1)
    assert found["prefilled"] == (4 + 5) + 3 * 5 + 2 * 5 + 1
    assert found["reread"] == 0


def test_equal_openings_are_computed_once(model):
    generator = embedded(model)
    everything(generator, lambda *a: talk(*a, turns=1), OPENINGS, tuple(range(6)))
    found = generator.token_counts()
    assert found["prefilled"] == 3 + 7
    assert found["shared"] == 5 * (3 + 7)


@pytest.mark.parametrize(("parked", "computed"), [(1024, 3 + 7), (0, 6 * (3 + 7))])
def test_an_opening_is_kept_for_those_that_wait_while_there_is_room(model, parked, computed):
    """One slot: each of six sessions of an opening ends before the next one begins."""
    generator = embedded(model, slots=1, parked=parked)
    everything(generator, lambda *a: talk(*a, turns=1), OPENINGS, tuple(range(6)))
    found = generator.token_counts()
    assert found["prefilled"] == computed
    assert found["prefilled"] + found["shared"] == 6 * (3 + 7)
    assert not generator.scheduler.prompts.held


@pytest.mark.full
@pytest.mark.parametrize(
    "sizes",
    [
        {"slots": 1},
        {"slots": 3, "budget": 1},
        {"slots": 7, "parked": 0},
        {"slots": 7, "parked": 1},
        {"slots": 16, "parked": 3, "budget": 9},
    ],
)
def test_neither_company_nor_order_nor_memory_changes_a_token(model, sizes):
    generator = embedded(model, **sizes)
    for pauses in (0, 5):
        found = everything(generator, partial(talk, pauses=pauses, turns=3), OPENINGS, (3, 2, 1))
        assert_equal(found, talked(3))
    assert (generator.token_counts()["reread"] > 0) == (sizes.get("parked", 9) < 3)


def test_a_session_that_changes_its_past_keeps_what_is_left_of_it(model):
    generator, yardstick = embedded(model), plain(model)

    async def rows(engine):
        row = await turns(engine, "a", 2)
        said = []
        for cut, more in [(11, [3, 4]), (13, []), (6, [9]), (4, [2]), (2, [5, 6]), (0, [7, 8])]:
            row.tokens = row.tokens[:cut]
            said.append((await row.ask(more, FOUR)).logp)
        return np.concatenate(said), row.tokens

    ours, theirs = asyncio.run(rows(generator)), asyncio.run(rows(yardstick))
    assert ours[1] == theirs[1]
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-5, rtol=0)


def test_asking_the_same_row_again_computes_one_token(model):
    generator = endless(embedded(model))

    async def again():
        row = await turns(generator, "a", 2)
        asked = row.tokens[:12]
        before = generator.token_counts()
        said = [
            await generator.generate(asked, FOUR, seed=s, session="a", offset=4) for s in (3, 4)
        ]
        assert said[0].token_ids.tolist() == row.tokens[12:]
        return spent(generator, before)

    assert asyncio.run(again())["prefilled"] == 2


def test_ended_sessions_leave_nothing(model):
    generator = embedded(model, slots=90)
    brief = partial(talk, turns=2, pauses=3, how=Decoding(max_new_tokens=2))

    async def many():
        await asyncio.gather(*(brief(generator, str(k), OPENINGS[k % 2], k) for k in range(1000)))

    asyncio.run(many())
    scheduler = generator.scheduler
    assert scheduler.idle
    assert not (scheduler.live or scheduler.sessions or generator._replies)
    assert not (scheduler.memory.resting or scheduler.memory.lines.parked)
    assert not scheduler.memory.openings
    assert not (scheduler.prompts.held or scheduler.prompts.by_tokens)
    assert scheduler.own.keys[0].shape[0] <= 2 * (90 + 1024)


def test_sessions_may_be_ended_in_any_state(model):
    """While they wait, while they are decoded, between turns; the others are as ever."""
    generator = embedded(model, slots=3)

    async def killed(name, seed, after):
        task = asyncio.create_task(tree(generator, name, OPENINGS[0], seed))
        for _ in range(after):
            await asyncio.sleep(0)
        if after % 2:
            task.cancel()
        for known in list(generator.scheduler.sessions):
            if known.startswith(name):
                generator.end(known)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def together():
        talks = [
            talk(generator, f"{k}:{seed}", opening, seed, turns=3)
            for k, opening in enumerate(OPENINGS)
            for seed in (1, 2, 3)
        ]
        going = asyncio.gather(*talks)
        await asyncio.gather(*(killed(f"k{n}/", n, 3 * n + n % 2) for n in range(7)))
        return await going

    found = {row.name: row for rows in asyncio.run(together()) for row in rows}
    assert_equal(found, talked(3))
    for known in list(generator.scheduler.sessions):
        generator.end(known)
    generator.end("never heard of")
    assert not (generator.scheduler.prompts.held or generator.scheduler.memory.resting)
    assert not generator.scheduler.memory.openings


def other(model, step=7):
    """Other weights, sealed."""
    return sealed(step, tiny("llama", seed=5).state_dict())


def test_new_weights_are_held_and_old_keys_forgotten(model):
    generator = endless(embedded(model))
    first = generator.held()
    assert first == Version(0, digest(model.state_dict())) == generator.rehash()

    async def play():
        row = await turns(generator, "a", 2)
        before = generator.token_counts()
        weights = other(model)
        assert await generator.update(weights, Drain()) == weights.version == generator.held()
        said = await row.ask([4, 5], FOUR)
        return row, said, spent(generator, before)

    row, said, counts = asyncio.run(play())
    assert said.spans == ((4, generator.held()),)
    assert (counts["reread"], counts["prefilled"]) == (15, 3)
    yardstick = plain(tiny("llama", seed=5))
    yardstick.ends = frozenset()
    wanted = asyncio.run(yardstick.generate(row.tokens[:18], FOUR, seed=3, offset=8, session="a"))
    assert wanted.token_ids.tolist() == row.tokens[18:]
    np.testing.assert_allclose(said.logp, wanted.logp, atol=1e-5, rtol=0)


async def interrupted(generator, rows, weights, how, pauses=5):
    """All rows at once; whatever is interrupted goes on until it has finished."""

    async def whole(row):
        spans, left, begun = [], how, 0
        said = await row.ask([], left)
        spans += said.spans
        while said.finish is None:
            begun += len(said.token_ids)
            left = replace(left, max_new_tokens=how.max_new_tokens - begun)
            said = await row.ask([], left, begun=begun)
            spans += said.spans
        return spans

    going = asyncio.gather(*(whole(row) for row in rows))
    for parcel in weights:
        for _ in range(pauses):
            await asyncio.sleep(0)
        await generator.update(parcel, Continue())
    return await going


LONG = Decoding(max_new_tokens=25, stop=("ab", "cde", "f"))


def test_an_interrupted_reply_goes_on_as_if_it_had_not_been(model):
    def rows(generator):
        return [Row(generator, str(k), k, list(OPENINGS[k % 2])) for k in range(8)]

    same = [sealed(step, model.state_dict()) for step in (1, 2, 3)]
    generator = embedded(model, slots=5)
    cut, whole = rows(generator), rows(plain(model))
    spans = asyncio.run(interrupted(generator, cut, same, LONG))
    asyncio.run(interrupted(whole[0].generator, whole, [], LONG))
    for ours, theirs in zip(cut, whole, strict=True):
        assert ours.tokens == theirs.tokens
        np.testing.assert_allclose(ours.logp, theirs.logp, atol=1e-5, rtol=0)
    assert max(len(s) for s in spans) > 2
    assert any(len({v.step for _, v in s}) > 1 for s in spans)
    assert [sum(n for n, _ in s) for s in spans] == [len(r.logp) for r in cut]
    assert generator.token_counts()["reread"] > 0


def test_a_stop_string_may_begin_before_an_interruption(model):
    """Cut after every token, a reply still ends with the stop string it says."""
    free = Decoding(max_new_tokens=12)
    whole = asyncio.run(plain(model).generate([5, 6], free, seed=2, session="a")).token_ids
    stop = "".join(chr(97 + t) for t in whole[4:7])
    generator = endless(embedded(model))
    row = Row(generator, "a", 2, [5, 6])
    same = [sealed(step, model.state_dict()) for step in range(12)]
    asyncio.run(interrupted(generator, [row], same, replace(free, stop=(stop,)), 3))
    assert row.tokens[2:] == whole[:7].tolist()
    assert len(row.replies) > 2


def test_weights_wait_or_interrupt_as_they_are_told(model):
    generator = endless(embedded(model))

    async def draining():
        going = asyncio.create_task(turns(generator, "a", 1))
        await asyncio.sleep(0)
        with pytest.raises(IntegrityError, match="live"):
            await generator.update(other(model), Drain())
        with pytest.raises(UsageError, match="flight.reread"):
            await generator.update(other(model), Continue(reread=False))
        await going

    asyncio.run(draining())
    assert generator.held().step == 0


def test_a_cancelled_caller_is_not_waited_for(model):
    generator = endless(embedded(model, slots=1))

    async def cancelled():
        going = [asyncio.create_task(turns(generator, str(k), 1)) for k in range(3)]
        for _ in range(3):
            await asyncio.sleep(0)
        for task in going:
            task.cancel()
        await asyncio.wait(going)
        assert (await generator.update(other(model), Drain())).step == 7
        row = await turns(generator, "1", 2)
        return len(row.tokens)

    assert asyncio.run(cancelled()) == 16


def test_weights_that_arrive_otherwise_are_named_and_never_used(model):
    generator = embedded(model)
    parcel = other(model)
    name = "model.layers.1.mlp.up_proj.weight"
    bad = {**parcel.tensors, name: parcel.tensors[name] + 1e-3}
    with pytest.raises(IntegrityError, match=name):
        asyncio.run(generator.update(replace(parcel, tensors=bad), Drain()))
    assert generator.held().digest not in (parcel.version.digest, digest(model.state_dict()))
    with pytest.raises(IntegrityError, match="weights 7"):
        asyncio.run(turns(generator, "a", 1))
    asyncio.run(generator.update(parcel, Drain()))
    asyncio.run(turns(generator, "a", 1))


def test_what_cannot_be_asked(model):
    generator = embedded(model)

    async def ask(prompt, how=FOUR, name="a"):
        return await generator.generate(prompt, how, seed=0, session=name)

    with pytest.raises(
        UsageError, match=r"decoding.max_new_tokens is 509 .* 4 tokens.* 512 positions"
    ):
        asyncio.run(ask([5] * 4, Decoding(max_new_tokens=509)))
    with pytest.raises(UsageError, match="prompt"):
        asyncio.run(ask([]))

    async def twice():
        return await asyncio.gather(ask([5]), ask([5]), return_exceptions=True)

    first, second = asyncio.run(twice())
    assert len(first.token_ids) > 0
    assert isinstance(second, IntegrityError)


def test_what_stops_a_step_reaches_every_caller(model, monkeypatch):
    generator = embedded(model)
    hidden = type(generator.backbone).hidden

    def failing(*given):
        raise MemoryError("no room")

    monkeypatch.setattr(type(generator.backbone), "hidden", failing)

    async def both():
        talks = [talk(generator, str(k), OPENINGS[0], k) for k in range(3)]
        return await asyncio.gather(*talks, return_exceptions=True)

    assert [type(x) for x in asyncio.run(both())] == [MemoryError] * 3
    monkeypatch.setattr(type(generator.backbone), "hidden", hidden)
    assert_equal(everything(generator, partial(talk, turns=3), OPENINGS, (1, 2, 3)), talked(3))


def test_closing_gives_everything_back(model):
    generator = embedded(model)

    async def close():
        going = asyncio.create_task(turns(generator, "a", 1))
        await asyncio.sleep(0)
        await generator.close()
        with pytest.raises(asyncio.CancelledError):
            await going
        await generator.close()

    asyncio.run(close())
    assert not (generator.scheduler.sessions or generator.scheduler.own.keys)


def test_a_completion_says_what_it_is(model):
    generator = embedded(model)
    rows = everything(generator, lambda *a: talk(*a, turns=1), OPENINGS, tuple(range(9)))
    said = asyncio.run(generator.generate((5, 6), HOW, seed=1, session="a"))
    assert said.token_ids.dtype == np.int32
    assert {c.dtype for c in (said.logp, said.entropy, said.columns["self_certainty"])} == {
        np.dtype(np.float32)
    }
    logits = tiny("llama")(torch.tensor([[5, 6, *said.token_ids]])).logits[0, 1:-1]
    uniform = -logits.log_softmax(-1).mean(-1) - np.log(logits.shape[-1])
    np.testing.assert_allclose(said.columns["self_certainty"], uniform.detach(), atol=1e-4)
    ends = {row.tokens[-1] == END for row in rows.values()}
    assert ends == {True, False}
    assert said.finish in {Finish.STOP, Finish.LENGTH}
