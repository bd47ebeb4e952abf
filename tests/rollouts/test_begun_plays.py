"""Plays that begin with the tokens of an earlier one: what is taken over, and what is refused."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from echoing import END, NEW, OLD, TASK, ids
from reciting import Reciting, how, rolled, token

from whet.types import Finish, Play, UsageError, Verdict

RIGHT = Verdict.binary(correct=True)


async def once(task, policy):
    await policy(task.prompt)
    return RIGHT


async def thrice(task, policy):
    said = await policy(task.prompt)
    for _ in range(2):
        said = await policy(f"|{len(said)}")
    return RIGHT


def chain(*steps, seeds=None, decoding=None):
    """A script of one play, then of plays that each go on from the last one at a given cut.

    Each step has settings of a `Play`, with `cut` in place of `begun`: a number, or None for all
    tokens.
    """

    async def run(plays):
        found = []
        for step in steps:
            given = {"seed": 3, "decoding": decoding or how(), **step}
            if found:
                cut = given.pop("cut", None)
                given["begun"] = found[-1], found[-1].length if cut is None else cut
            [[rollout]] = await plays.play([Play(**given)])
            found.append(rollout)
        return found

    return run


def same(one, other):
    """All that is recorded of a rollout but its place in a tree."""
    renamed = replace(other, id=one.id, parent=one.parent, forked_at=one.forked_at)
    return one == renamed


@pytest.mark.parametrize("world", [once, thrice])
@pytest.mark.parametrize("cut", range(16))
def test_a_play_that_goes_on_is_the_uninterrupted_one_wherever_it_is_cut(world, cut):
    [whole], _ = rolled(chain({}), world)
    cut = min(cut, whole.length)
    (_, again), generator = rolled(chain({}, {"cut": cut}), world)
    assert same(whole, again)
    assert again.seal == again.imprint() == whole.seal
    assert (again.parent, again.forked_at) == (whole.id, cut)
    calls = [c for c in generator.calls if c["session"] != generator.calls[0]["session"]]
    assert [c["offset"] for c in calls] == [cut, *range(5 * (cut // 5 + 1), whole.length, 5)][
        : len(calls)
    ]
    assert bool(calls) == (cut < whole.length)
    assert all(c["fork_of"] == generator.calls[0]["session"] for c in calls[:1])


@pytest.mark.parametrize("pauses", [(1,), (5,), (7,), (10,), (2, 3, 4), (4, 5, 6, 14), (5, 10)])
def test_a_paused_play_goes_on_as_if_it_had_not_been(pauses):
    [whole], _ = rolled(chain({}), thrice)
    found, _ = rolled(chain(*({"pause_at": n} for n in pauses), {}), thrice)
    *paused, last = found
    assert [r.length for r in paused] == list(pauses)
    assert all(r.verdict is None for r in paused)
    for rollout, tokens in zip(paused, pauses, strict=True):
        assert rollout.chosen_ids.tolist() == [token(3, n) for n in range(tokens)]
        assert rollout.acts[-1].finish is (Finish.LENGTH if tokens % 5 else Finish.STOP)
        assert (
            not tokens % 5
            or rollout.token_ids.tolist() == whole.token_ids.tolist()[: len(rollout.token_ids)]
        )
    assert same(whole, last)
    assert len({r.id for r in found}) == len(found)


def test_a_pause_at_the_last_token_of_a_play_is_none():
    [done], _ = rolled(chain({"pause_at": 5}), once)
    assert done.verdict is RIGHT and done.finish is Finish.STOP and done.length == 5


def test_a_pause_at_the_length_limit_is_the_end_of_the_reply():
    [done], _ = rolled(chain({"pause_at": 3}, decoding=how(3)), once)
    assert done.verdict is RIGHT and done.finish is Finish.LENGTH
    paused, last = rolled(chain({"pause_at": 3}, {}, decoding=how(3)), thrice)[0]
    assert paused.verdict is None and paused.length == 3
    assert [r.stop - r.start for r in last.acts] == [3, 2, 3]  # place 4 ends a reply


def test_a_longer_limit_goes_on_with_what_the_shorter_one_cut_off():
    found, _ = rolled(chain({"decoding": how(3)}, {"decoding": how(9)}), once)
    assert [r.length for r in found] == [3, 5]
    assert [r.finish for r in found] == [Finish.LENGTH, Finish.STOP]


@pytest.mark.parametrize("cut", [1, 2])
def test_a_stop_string_may_start_before_the_cut(cut):
    stops = how(stop=("45",))
    [whole], _ = rolled(chain({}, decoding=stops), once)
    assert whole.turns[-1] == "345" and whole.finish is Finish.STOP
    _, again = rolled(chain({"pause_at": cut}, {}, decoding=stops), once)[0]
    assert same(whole, again)
    _, forced = rolled(
        chain({"pause_at": 1}, {"prefix": tuple(ids("94")), "seed": 2}, decoding=stops), once
    )[0]
    assert forced.turns[-1] == "3945" and forced.finish is Finish.STOP


def test_forced_words_stand_behind_the_cut_and_have_no_version():
    words = tuple(ids("00"))
    start, forced, later = rolled(
        chain({"pause_at": 2}, {"prefix": words, "seed": 8}, {"cut": 5, "seed": 8}),
        thrice,
        Reciting(interrupt={6}),
    )[0]
    said = forced.chosen_ids.tolist()
    assert said[:2] == start.chosen_ids.tolist() and said[2:4] == list(words)
    assert said[4:] == [token(8, n) for n in range(4, forced.length)]
    spans = [(s.tokens, s.version) for s in forced.spans]
    assert spans == [(2, OLD), (2, None), (2, OLD), (forced.length - 6, NEW)]
    assert later.spans[:3] == (*forced.spans[:2], replace(forced.spans[2], tokens=1))
    assert forced.behaviour_logp.tolist()[:5] == [-1, -2, 0, 0, -5]
    assert forced.entropy is not None and forced.entropy.tolist()[2:4] == [0, 0]
    assert forced.self_certainty is not None
    assert forced.self_certainty.tolist()[:5] == [0, 2, 0, 0, 8]
    assert forced.external.tolist()[:5] == [False, False, True, True, False]
    assert forced.forced_len == 0
    assert forced.turns[1] == "3400" and forced.char_ends is not None
    assert forced.char_ends.tolist()[:5] == [1, 2, 3, 4, 4]  # the end token is no text
    assert "place" not in forced.columns  # forced words have no such number
    assert later.external.tolist()[:5] == forced.external.tolist()[:5]
    assert later.behaviour_logp.tolist() == forced.behaviour_logp.tolist()
    assert later.chosen_ids.tolist() == said


def test_every_column_goes_on():
    whole, again = rolled(chain({}, {"cut": 7}), thrice)[0]
    assert again.columns.keys() == whole.columns.keys() == {"self_certainty", "place", "char_ends"}
    for name, column in whole.columns.items():
        assert np.array_equal(again.columns[name], column)
        assert len(column) == whole.length == 15


def test_new_weights_between_two_plays_and_within_one():
    generator = Reciting(interrupt={2})
    first, again = rolled(chain({"pause_at": 4}, {}), once, generator)[0]
    spans = [(s.tokens, s.version) for s in again.spans]
    assert spans == [(2, OLD), (3, NEW)] and again.version == OLD
    assert [(s.tokens, s.version) for s in first.spans] == [(2, OLD), (2, NEW)]
    assert again.chosen_ids.tolist() == [token(3, n) for n in range(5)]


def test_other_seeds_share_what_was_recorded_and_nothing_else():
    whole, other = rolled(chain({}, {"cut": 2, "seed": 8}), once)[0]
    assert other.chosen_ids.tolist()[:2] == whole.chosen_ids.tolist()[:2]
    assert other.chosen_ids.tolist()[2:] == [token(8, n) for n in range(2, 5)]
    assert other.seed == 8 and other.id != whole.id


def test_a_name_does_not_depend_on_the_time_that_a_judge_took():
    async def run(plays, cost):
        [[first]] = await plays.play([Play(seed=3, decoding=how())])
        judged = replace(first, verdict=replace(RIGHT, cost_ms=cost))
        [[again]] = await plays.play([Play(seed=8, decoding=how(), begun=(judged, 2))])
        return [again]

    names = {rolled(lambda plays, c=c: run(plays, c), once)[0][0].id for c in (1.0, 2.0)}
    assert len(names) == 1


@pytest.mark.parametrize("change", ["answers", "ends", "swallows", "is silent"])
def test_a_world_that_answers_otherwise_is_refused(change):
    visits = []

    async def moody(task, policy):
        visits.append(1)
        again = len(visits) > 1
        if again and change == "is silent":
            return RIGHT
        await policy(task.prompt)
        if again and change == "ends":
            return RIGHT
        try:
            await policy("|9" if again else "|5")
        except UsageError:
            if change != "swallows":
                raise
        return RIGHT

    with pytest.raises(UsageError, match="answers the same replies in another way") as told:
        rolled(chain({}, {"cut": 7}), moody)
    assert "\n" not in str(told.value) and "'t'" in str(told.value)


@pytest.mark.parametrize("settings", [[{}, {"cut": 2}], [{"pause_at": 2}]])
def test_forks_and_seats_are_refused_by_name(settings):
    visits = []

    async def forking(task, policy):
        visits.append(1)
        if len(visits) == len(settings):
            policy.fork(2)
        return await once(task, policy)

    async def seated(task, policy):
        visits.append(1)
        if len(visits) == len(settings):
            await policy.seat("white")(task.prompt)
        return await once(task, policy)

    for world in (forking, seated):
        visits.clear()
        with pytest.raises(UsageError, match=r"sampling\.shape"):
            rolled(chain(*settings), world)


def test_a_world_that_catches_everything_gives_a_paused_rollout_no_verdict():
    async def stubborn(task, policy):
        for _ in range(3):
            try:
                await policy(task.prompt if not caught else "|")
            except BaseException as error:  # noqa: BLE001  (that is the test)
                caught.append(type(error).__name__)
        policy.end(Verdict.binary(correct=False))
        return RIGHT

    caught = []
    [paused], generator = rolled(chain({"pause_at": 2}), stubborn)
    assert caught == ["PlayPaused"] * 3
    assert paused.verdict is None and paused.length == 2
    assert len(generator.calls) == 1


def test_a_world_that_breaks_down_in_the_replay_is_a_fault():
    visits = []

    async def fragile(task, policy):
        visits.append(1)
        await policy(task.prompt)
        if len(visits) > 1:
            raise OSError("gone")
        await policy("|")

    _, lost = rolled(chain({}, {"cut": 7}), fragile)[0]
    assert lost.verdict.fault and "gone" in lost.verdict.note
    assert lost.forked_at == lost.length == 5


@pytest.mark.parametrize("cancel", [True, False])
def test_sessions_are_freed_however_a_request_ends(cancel):
    reached = asyncio.Event()

    async def holding(task, policy):
        with suppress(BaseException):  # a world may catch the pause, and wait
            await policy(task.prompt)
        reached.set()
        if not cancel:
            raise KeyError("a bug")
        await asyncio.sleep(60)

    async def run(plays):
        if not cancel:
            return (await plays.play([Play(seed=1, decoding=how())]))[0]
        task = asyncio.ensure_future(plays.play([Play(seed=1, decoding=how(), pause_at=2)]))
        await reached.wait()
        task.cancel()
        await task
        raise AssertionError("a cancelled play returned")

    generator = Reciting()
    with pytest.raises(asyncio.CancelledError if cancel else UsageError):
        rolled(run, holding, generator)
    assert sorted(generator.ended) == sorted({c["session"] for c in generator.calls})


def test_leaves_that_go_on_from_a_paused_play_have_parents_among_them():
    """Two levels of paused plays: a root of 2 tokens, two branches of 4, two leaves of each."""

    async def run(plays):
        def play(seed, begun=None, pause_at=0):
            return Play(seed=seed, decoding=how(), begun=begun, pause_at=pause_at)

        [[root]] = await plays.play([play(0, pause_at=2)])
        branches = await plays.play([play(s, (root, 2), 4) for s in (3, 8)])
        leaves = await plays.play(
            [play(s, (branch, 4)) for [branch] in branches for s in (1, 2, 5)]
        )
        return [rollout for found in leaves for rollout in found]

    leaves, _ = rolled(run, once)
    ids_of = {leaf.id for leaf in leaves}
    assert [leaf.parent for leaf in leaves].count("") == 1
    assert all(leaf.parent in ids_of for leaf in leaves if leaf.parent)
    assert sorted(leaf.forked_at for leaf in leaves) == [0, 2, 4, 4, 4, 4]
    for leaf in leaves:
        if leaf.parent:
            parent = next(other for other in leaves if other.id == leaf.parent)
            met = slice(0, leaf.forked_at)
            assert np.array_equal(leaf.chosen_ids[met], parent.chosen_ids[met])
    assert all(leaf.seal == leaf.imprint() for leaf in leaves)
    assert all(leaf.chosen_ids[-1] == END for leaf in leaves)


def test_another_temperature_is_refused_where_tokens_are_taken_over():
    hot = how(temperature=1.5)
    with pytest.raises(UsageError, match=r"temperature 1\.5 begins with a rollout at 1\.0"):
        rolled(chain({}, {"cut": 1, "decoding": hot}), once)
    _, free = rolled(chain({}, {"cut": 0, "decoding": hot}), once)[0]
    assert free.decoding.temperature == 1.5


@pytest.mark.parametrize("given", [{"begun": 99}, {"begun": -1}, {"begun": 3, "pause_at": 3}])
def test_wrong_cuts_and_pauses_are_refused(given):
    [whole], _ = rolled(chain({}), once)
    made = given | {"begun": (whole, given["begun"])}
    with pytest.raises(UsageError, match="play"):
        Play(seed=1, decoding=how(), **made)


def test_the_first_prompt_may_be_anothers_where_nothing_is_taken_over():
    hint = replace(TASK, prompt="9+9=")
    _, other = rolled(chain({}, {"cut": 0, "prompt": hint.prompt}), once)[0]
    assert other.turns[0] == "9+9="
    with pytest.raises(UsageError, match="in another way"):
        rolled(chain({}, {"cut": 2, "prompt": hint.prompt}), once)
