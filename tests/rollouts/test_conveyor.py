"""The conveyor: every ticket learned once, none too old, whatever the clock and the workers do."""

import asyncio
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import Rates, Simulated, opened

from whet.calls.virtual_clock import simulated as on_virtual_clock
from whet.protocols import Now
from whet.rollouts.buffer import Buffer
from whet.rollouts.conveyor import Conveyor
from whet.rollouts.lag import ByDeadline, BySubmission, Lag
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import IntegrityError, WorkerLost
from whet.types.weights import Continue, Drain

STEPS = 7


def sampling(size=3, gate=AdmitAll()):  # noqa: B008 (a frozen value)
    return Standard(prompts=Uniform(per_step=size), size=Fixed(rollouts=3), gate=gate)


def now_at(step, steps=STEPS):
    return Now(step=step, steps=steps, version=step, metrics={})


class Clocked(Simulated):
    """Each play takes a time of its own, and some lose their worker first."""

    def __init__(self, seed=0, deaths=0.0, longest=5.0):
        super().__init__()
        self.rng, self.deaths, self.longest = Random(seed), deaths, longest
        self.live, self.most = 0, 0

    async def play(self, tickets):
        [ticket] = tickets
        self.live += 1
        self.most = max(self.most, self.live)
        try:
            await asyncio.sleep(self.rng.uniform(0.01, self.longest))
            if self.rng.random() < self.deaths:
                raise WorkerLost("killed")
        finally:
            self.live -= 1
        return await super().play(tickets)


async def conveyed(buffer, player, learning=1.0, steps=STEPS, start=0):
    """What every step learns from."""
    found = []
    for step in range(start, steps):
        found.append(await buffer.take(now_at(step, steps), player.play))
        async with buffer.swapping(buffer.lag.swap):
            await asyncio.sleep(learning)
    return found


def conveyor(lag, size=3, gate=AdmitAll()):  # noqa: B008
    part = sampling(size, gate)
    return Conveyor(part, opened(part, Rates()), lag)


LAGS = st.one_of(
    st.builds(
        Lag, staleness=st.integers(0, 5), order=st.sampled_from([ByDeadline(), BySubmission()])
    ),
    st.builds(
        Lag,
        staleness=st.just(1),
        flight=st.just(Drain()),
        order=st.sampled_from([ByDeadline(), BySubmission()]),
    ),
)


def launched_in(group, buffer_log):
    return buffer_log[group.ticket]


class Dated(Clocked):
    """It notes the version that every play was last launched with."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.dates, self.step = {}, 0

    async def play(self, tickets):
        self.dates[tickets[0].number] = self.step
        return await super().play(tickets)


@settings(max_examples=200, deadline=None)
@given(
    lag=LAGS,
    size=st.integers(1, 6),
    seed=st.integers(0, 10**6),
    deaths=st.sampled_from([0, 0.1, 0.3]),
)
def test_every_ticket_is_learned_from_once_and_in_time(lag, size, seed, deaths):
    lag = replace(lag, lost=50)
    player, buffer = Dated(seed, deaths), conveyor(lag, size)

    async def run():
        ages = []
        for step in range(STEPS):
            player.step = step
            taken = await buffer.take(now_at(step), player.play)
            ages += [step - player.dates[group.ticket] for group in taken.groups]
            learned.append([group.ticket for group in taken.groups])
            async with buffer.swapping(lag.swap):
                await asyncio.sleep(Random(seed + step).uniform(0, 6))
        return ages

    learned = []
    ages = on_virtual_clock(run())
    assert sorted(n for step in learned for n in step) == list(range(STEPS * size))
    assert {len(step) for step in learned} == {size}
    assert max(ages) <= lag.staleness
    assert player.most <= (lag.staleness + 1) * size
    assert not buffer.flights.held and not buffer.pool


@pytest.mark.parametrize("gate", [AdmitAll(), NonZeroSpread(max_rounds=4)])
def test_at_staleness_0_it_is_the_plain_buffer(gate):
    part = sampling(4, gate)
    plain = Buffer(part, opened(part))
    moving = Conveyor(part, opened(part), Lag())
    one, other = Simulated(), Simulated()

    async def both():
        for step in range(STEPS):
            yield (
                await plain.take(now_at(step), one.play),
                await moving.take(now_at(step), other.play),
            )

    async def compared():
        return [pair async for pair in both()]

    pairs = asyncio.run(compared())
    for expected, found in pairs:
        assert found == expected
    assert any(found.replaced for _, found in pairs) == bool(gate.max_rounds)
