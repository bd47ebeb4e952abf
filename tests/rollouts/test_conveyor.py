"""The conveyor: every ticket learned once, none too old, whatever the clock and the workers do."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import Rates, Simulated, opened
from virtual_clock import simulated as on_virtual_clock

from whet.protocols import Now
from whet.rollouts.buffer import Buffer
from whet.rollouts.conveyor import Conveyor
from whet.rollouts.delivered import Delivered
from whet.rollouts.lag import ByDeadline, BySubmission, Lag
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import IntegrityError, UsageError, Version, WorkerLost
from whet.types.weights import Continue, Drain

STEPS = 7


ADMIT_ALL = AdmitAll()


def sampling(size=3, gate=ADMIT_ALL):
    return Standard(prompts=Uniform(per_step=size), size=Fixed(rollouts=3), gate=gate)


def now_at(step, steps=STEPS):
    return Now(step=step, steps=steps, version=step, metrics={})


class Clocked(Simulated):
    """Each play takes a time of its own, and some lose their worker."""

    def __init__(self, seed=0, deaths=0.0, longest=5.0):
        super().__init__()
        self.rng, self.deaths, self.longest = Random(seed), deaths, longest
        self.step, self.dates, self.live, self.most = 0, {}, 0, 0

    async def play(self, tickets):
        [ticket] = tickets
        self.dates[ticket.key] = self.step  # of the last launch
        self.live += 1
        self.most = max(self.most, self.live)
        try:
            await asyncio.sleep(self.wait(ticket))
            if self.rng.random() < self.deaths:
                raise WorkerLost("killed")
        finally:
            self.live -= 1
        return await super().play(tickets)

    def wait(self, ticket):
        del ticket
        return self.rng.uniform(0.01, self.longest)


def conveyor(lag, size=3, gate=ADMIT_ALL):
    part = sampling(size, gate)
    return Conveyor(part, opened(part, Rates((0.01, 0.5, 0.5))), lag)


async def conveyed(buffer, player, learning=lambda step: 1.0, start=0, steps=STEPS):
    """What each step learns from."""
    found = []
    for step in range(start, steps):
        player.step = step
        found.append(await buffer.take(now_at(step), player.play))
        async with buffer.swapping(buffer.lag.swap):
            await asyncio.sleep(learning(step))
    return found


def numbers(taken):
    return [group.ticket for step in taken for group in step.groups]


ORDERS = st.sampled_from([ByDeadline(), BySubmission()])
LAGS = st.one_of(
    st.builds(Lag, staleness=st.integers(0, 5), order=ORDERS, lost=st.just(50)),
    st.builds(Lag, staleness=st.just(1), flight=st.just(Drain()), order=ORDERS, lost=st.just(50)),
)
SEEDS, DEATHS = st.integers(0, 10**6), st.sampled_from([0.0, 0.1, 0.3])


def once_and_in_time(lag, size, seed, deaths):
    player, buffer = Clocked(seed, deaths), conveyor(lag, size)
    slow = Random(seed)
    taken = on_virtual_clock(conveyed(buffer, player, lambda step: slow.uniform(0, 6)))
    assert sorted(numbers(taken)) == list(range(STEPS * size))
    assert {len(step.groups) for step in taken} == {size}
    ages = [step - player.dates[g.ticket, 0] for step, one in enumerate(taken) for g in one.groups]
    assert max(ages) <= lag.staleness
    assert player.most <= (lag.staleness + 1) * size
    assert not buffer.flights.held
    assert not buffer.pool


@settings(max_examples=100, deadline=None)
@given(lag=LAGS, size=st.integers(1, 6), seed=SEEDS, deaths=DEATHS)
def test_every_ticket_is_learned_from_once_and_in_time(lag, size, seed, deaths):
    once_and_in_time(lag, size, seed, deaths)


@pytest.mark.full
@settings(max_examples=1000, deadline=None)
@given(lag=LAGS, size=st.integers(1, 6), seed=SEEDS, deaths=DEATHS)
def test_the_same_of_a_thousand_schedules(lag, size, seed, deaths):
    once_and_in_time(lag, size, seed, deaths)


@settings(max_examples=30, deadline=None)
@given(lag=LAGS, seed=SEEDS, deaths=DEATHS)
def test_a_rejected_ticket_is_replaced_or_leaves_its_place_empty(lag, seed, deaths):
    """Of rates of 1 and 50 percent many groups of three are all alike."""
    gate = NonZeroSpread(max_rounds=2)
    player, buffer = Clocked(seed, deaths), conveyor(lag, 6, gate)
    taken = on_virtual_clock(conveyed(buffer, player))
    found = Counter(numbers(taken))
    assert set(found.values()) == {1}
    assert all(gate(group) for step in taken for group in step.groups)
    tried = Counter(number for number, _ in player.dates)
    assert set(tried) == set(range(STEPS * 6))
    assert {n for n in tried if tried[n] < 3} <= set(found)
    assert sum(step.missing for step in taken) == STEPS * 6 - len(found)
    played = [group for step in taken for group in step.played]
    assert len(played) == sum(tried.values())
    assert sum(sum(step.admitted) for step in taken) == len(found)


@pytest.mark.parametrize("gate", [ADMIT_ALL, NonZeroSpread(max_rounds=4)])
def test_at_staleness_0_it_is_the_plain_buffer(gate):
    part = sampling(4, gate)
    plain, moving = Buffer(part, opened(part, Rates((0.01, 0.5, 0.5)))), conveyor(Lag(), 4, gate)
    one, other = Simulated(), Simulated()

    async def compared():
        return [
            (await plain.take(now_at(step), one.play), await moving.take(now_at(step), other.play))
            for step in range(STEPS)
        ]

    pairs = asyncio.run(compared())
    for expected, found in pairs:
        assert found == expected
    assert any(found.replaced for _, found in pairs) == bool(gate.max_rounds)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, stop=st.integers(1, STEPS - 1), k=st.integers(1, 4), order=ORDERS)
def test_a_killed_run_plays_what_was_under_way_again(seed, stop, k, order):
    lag = Lag(staleness=k, order=order)
    gate = NonZeroSpread(max_rounds=3)

    async def killed(folder):
        before, after = conveyor(lag, 4, gate), conveyor(lag, 4, gate)
        first = await conveyed(before, Clocked(seed), steps=stop)
        await before.save(folder)
        flying = {f.ticket.key: f.ticket.request for f in before.flights.held if f.landed < 0}
        await before.close()
        await after.load(folder)
        player = Clocked(seed + 1)
        rest = await conveyed(after, player, start=stop)
        again = {t.key: t.request for round_ in player.launched for t in round_ if t.key in flying}
        assert again == flying
        return first, rest

    with TemporaryDirectory() as name:
        first, rest = on_virtual_clock(killed(Path(name)))
    found = numbers([*first, *rest])
    assert len(found) == len(set(found))
    assert len(found) + sum(step.missing for step in (*first, *rest)) == STEPS * 4


def test_in_order_of_submission_the_clock_has_no_influence():
    lag, gate = Lag(staleness=3, order=BySubmission()), NonZeroSpread(max_rounds=3)

    def learned(seed, deaths):
        buffer = conveyor(replace(lag, lost=99), 4, gate)
        taken = on_virtual_clock(conveyed(buffer, Clocked(seed, deaths)))
        return [[group.task.id for group in step.groups] for step in taken]

    assert learned(0, 0.0) == learned(1, 0.0) == learned(2, 0.3)


class LongWaits(Clocked):
    """Long replies take longer, by far: the length is log-normal, and the time is its own."""

    def wait(self, ticket):
        return self.length(ticket.number)

    def length(self, number):
        return Random(f"{number}").lognormvariate(0, 1)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_long_replies_are_learned_from_as_often_as_they_are_played(k):
    """Nothing is discarded by age, which would teach short replies: χ² of lengths in quartiles."""
    player, buffer = LongWaits(), conveyor(Lag(staleness=k), 10)
    taken = on_virtual_clock(conveyed(buffer, player, lambda step: 0.3, steps=STEPS))
    lengths = [player.length(number) for number in numbers(taken)]
    played = sorted(player.length(number) for number in range(STEPS * 10))
    edges = [played[len(played) * i // 4] for i in (1, 2, 3)]
    expected, found = (
        Counter(sum(x >= edge for edge in edges) for x in some) for some in (played, lengths)
    )
    assert sum((found[i] - expected[i]) ** 2 / expected[i] for i in expected) == 0
    late = [step for step, one in enumerate(taken) for g in one.groups if g.ticket // 10 < step]
    assert late, "no reply was late"


def test_a_worker_that_is_lost_too_often_ends_the_step():
    buffer = conveyor(Lag(staleness=2, lost=1))
    with pytest.raises(IntegrityError, match=r"ticket \d lost its worker 2 times .lag.lost is 1"):
        on_virtual_clock(conveyed(buffer, Clocked(deaths=1.0)))
    assert not buffer.flights.held


def test_a_play_that_fails_ends_the_step_and_all_others():
    class Failing(Clocked):
        async def play(self, tickets):
            if tickets[0].number == 4:
                await asyncio.sleep(0.5)
                raise UsageError("the judge is gone")
            return await super().play(tickets)

    player, buffer = Failing(), conveyor(Lag(staleness=2))
    with pytest.raises(UsageError, match="the judge is gone"):
        on_virtual_clock(conveyed(buffer, player))
    assert player.live == 0


def test_new_weights_wait_for_all_plays_when_drained():
    player = Clocked()

    async def live(flight):
        buffer = conveyor(Lag(staleness=1, flight=flight))
        await buffer.take(now_at(0), player.play)
        async with buffer.swapping(buffer.lag.swap):
            found = player.live
        await buffer.close()
        return found

    assert on_virtual_clock(live(Drain())) == 0
    assert on_virtual_clock(live(Continue())) > 0


@pytest.mark.parametrize("order", [ByDeadline(), BySubmission()])
def test_a_strategy_without_tasks_ends_the_step(order):
    part = sampling(3)

    class Spent(type(opened(part))):
        def next(self, want, now):
            return super().next(want, now) if self.drawn < 4 else []

    strategy = Spent(part, opened(part).setup, opened(part).slots)
    buffer = Conveyor(part, strategy, Lag(staleness=1, order=order))
    with pytest.raises(IntegrityError, match=r"step \d lacks .* no further task"):
        on_virtual_clock(conveyed(buffer, Clocked()))


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"staleness": -1}, "give 0 or more"),
        ({"lost": -1}, "give 0 or more"),
        ({"staleness": 2, "flight": Drain()}, "none gets older than 1"),
        ({"flight": Continue(reread=False)}, "no version explains"),
    ],
)
def test_a_lag_that_can_not_be_is_refused(given_, told):
    with pytest.raises(UsageError, match=told):
        Lag(**given_)


@pytest.mark.parametrize("order", [ByDeadline(), BySubmission()])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_step_learns_where_a_group_waits_though_others_were_given_up(k, order):
    """With a slow learner all tickets have landed, and a third of them is rejected for good."""
    gate = NonZeroSpread(max_rounds=0)
    for seed in range(20):
        player, buffer = Clocked(seed), conveyor(Lag(staleness=k, order=order), 6, gate)
        taken = on_virtual_clock(conveyed(buffer, player, lambda step: 100.0))
        sizes = [len(step.groups) for step in taken]
        assert min(sizes) > 0, (seed, sizes)
        assert max(sizes) <= 6, (seed, sizes)


class Late(Clocked):
    """One ticket fails, while the learner is busy."""

    async def play(self, tickets):
        if tickets[0].number == 8:
            await asyncio.sleep(9)
            raise UsageError("the judge is gone")
        return await super().play(tickets)


def test_an_error_that_is_known_is_raised_before_anything_is_learned_or_saved(tmp_path):
    async def run():
        buffer, player = conveyor(Lag(staleness=3)), Late()
        await buffer.take(now_at(0), player.play)
        await asyncio.sleep(10)
        for call in (buffer.save(tmp_path), buffer.take(now_at(1), player.play)):
            with pytest.raises(UsageError, match="the judge is gone"):
                await call
        assert not buffer.flights.held

    on_virtual_clock(run())


def test_a_play_that_cancels_itself_is_an_error():
    class Cancelling(Clocked):
        async def play(self, tickets):
            await asyncio.sleep(0.1)
            raise asyncio.CancelledError

    with pytest.raises(IntegrityError, match="ticket 0 was cancelled by its own play"):
        on_virtual_clock(conveyed(conveyor(Lag(staleness=1)), Cancelling()))


def test_nothing_is_played_again_after_the_end():
    class Remote(Clocked):
        async def play(self, tickets):
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                raise WorkerLost("connection closed") from None
            return await super().play(tickets)

    async def ended():
        player, buffer = Remote(), conveyor(Lag(staleness=1))
        taking = asyncio.ensure_future(buffer.take(now_at(0), player.play))
        await asyncio.sleep(1)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        return asyncio.get_running_loop().time(), buffer.flights.launches

    assert on_virtual_clock(ended()) == (1.0, 6)


def test_a_checkpoint_of_more_staleness_is_refused(tmp_path):
    async def saved():
        buffer = conveyor(Lag(staleness=3))
        await buffer.take(now_at(0), Clocked().play)
        await buffer.save(tmp_path)
        await buffer.close()

    on_virtual_clock(saved())
    part = sampling()
    for smaller in (conveyor(Lag(staleness=2)), Buffer(part, opened(part))):
        with pytest.raises(UsageError, match=r"lag.staleness is [02], but .* tickets under way"):
            asyncio.run(smaller.load(tmp_path))
    asyncio.run(conveyor(Lag(staleness=4)).load(tmp_path))


def test_a_ticket_that_no_checkpoint_could_hold_is_refused_at_its_launch():
    class Sets(Rates):
        def task(self, split, index):
            task = super().task(split, index)
            return replace(task, info={**task.info, "f": frozenset({1})})

    part = sampling()
    buffer = Conveyor(part, opened(part, Sets()), Lag(staleness=1))
    with pytest.raises(UsageError, match=r"task.info.f is a frozenset"):
        on_virtual_clock(conveyed(buffer, Clocked()))


def test_replacements_are_counted_when_they_are_launched():
    class Slow(type(opened(sampling()))):
        def next(self, want, now):
            return super().next(min(want, 1), now)

    part = sampling(4, NonZeroSpread(max_rounds=3))
    fresh = opened(part, Rates((0.01, 0.5, 0.5)))
    player, buffer = (
        Clocked(),
        Conveyor(part, Slow(part, fresh.setup, fresh.slots), Lag(staleness=1)),
    )
    taken = on_virtual_clock(conveyed(buffer, player))
    again = sum(attempt > 0 for _, attempt in player.dates)
    assert sum(step.replaced for step in taken) == again > 0


def test_all_versions_since_one_are_known():
    delivered, versions = Delivered(), [Version(i, f"{i}") for i in range(30)]
    for version in versions:
        assert delivered.note(version) is version
        delivered.note(version)
    assert delivered.since(versions[0]) == versions
    assert delivered.since(versions[-1]) == versions[-1:]


def test_a_later_step_of_which_all_was_given_up_is_not_launched_again(tmp_path):
    """Nothing waits and nothing is under way, but the numbers of step 1 are spent."""
    before, after = conveyor(Lag(staleness=1)), conveyor(Lag(staleness=1))
    before.steps, before.given_up = 2, {1: 3}
    asyncio.run(before.save(tmp_path))
    asyncio.run(after.load(tmp_path))
    assert (after.steps, after.given_up) == (2, {1: 3})


def test_what_has_ended_leaves_nothing_to_restore(tmp_path):
    buffer = conveyor(Lag(staleness=2))
    on_virtual_clock(conveyed(buffer, Clocked()))
    asyncio.run(buffer.save(tmp_path))
    part = sampling()
    asyncio.run(Buffer(part, opened(part)).load(tmp_path))
