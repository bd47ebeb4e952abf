"""The plain buffer: rejected tickets are replaced, in ticket order, and everything is counted."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from recorded import recorded

from whet.protocols import Now, Strategy
from whet.rollouts.buffer import Buffer
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.sampling.strategy_checks import CheckedStrategy
from whet.types import Decoding, Group, IntegrityError, Request, Task, UsageError, Verdict

NOW = Now(step=2, steps=9, version=7, metrics={})


@dataclass
class Listed(Strategy):
    """Tasks "0", "1", …; those in `bad` come out alike, so that the gate rejects them."""

    bad: set[int]
    most: int = 1000
    drawn: int = 0
    observed: list[tuple[int, int]] = field(default_factory=list)

    def next(self, want, now):
        numbers = range(self.drawn, min(self.drawn + want, self.most))
        self.drawn += len(numbers)
        tasks = (Task(id=str(n), prompt="?") for n in numbers)
        return [Request.of(task, (0, 1), Decoding()) for task in tasks]

    def observe(self, ticket, groups):
        self.observed.append(ticket.key)
        return [group for group in groups if NonZeroSpread()(group)]


def taken(strategy, *, tickets=3, **gate):
    sampling = Standard(
        prompts=Uniform(per_step=tickets), size=Fixed(rollouts=2), gate=NonZeroSpread(**gate)
    )
    launched = []

    async def play(round_):
        launched.append([ticket.key for ticket in round_])
        return [(t, (played(t.request.task, strategy.bad, t.number),)) for t in round_]

    found = asyncio.run(Buffer(sampling, CheckedStrategy(sampling, strategy)).take(NOW, play))
    return found, launched


def played(task, bad, number):
    scores = (True, True) if int(task.id) in bad else (True, False)
    rollouts = [
        recorded(task=task, seed=i, verdict=Verdict.binary(correct=score))
        for i, score in enumerate(scores)
    ]
    return Group.of(rollouts).numbered(number)


def ids(groups):
    return [group.task.id for group in groups]


def test_nothing_rejected_is_one_round_of_the_steps_own_numbers():
    found, launched = taken(Listed(set()), max_rounds=5)
    assert launched == [[(6, 0), (7, 0), (8, 0)]]
    assert ids(found.groups) == ["0", "1", "2"]
    assert (found.replaced, found.dropped, found.missing) == (0, 0, 0)
    assert found.admitted == (True, True, True)


def test_without_rounds_a_rejected_group_makes_the_batch_smaller():
    found, launched = taken(Listed({1}))
    assert len(launched) == 1
    assert ids(found.groups) == ["0", "2"]
    assert (found.missing, found.replaced) == (1, 0)
    assert found.admitted == (True, False, True)


def test_a_rejected_ticket_frees_its_number_for_the_next_attempt():
    strategy = Listed({1, 3})
    found, launched = taken(strategy, max_rounds=5)
    assert launched == [[(6, 0), (7, 0), (8, 0)], [(7, 1)], [(7, 2)]]
    assert ids(found.groups) == ["0", "4", "2"]  # in the order of numbers
    assert [group.ticket for group in found.groups] == [6, 7, 8]
    assert strategy.observed == [(6, 0), (7, 0), (8, 0), (7, 1), (7, 2)]
    assert (found.replaced, found.dropped, found.missing) == (2, 0, 0)
    assert len(found.played) == 5


def test_when_all_rounds_are_spent_the_step_learns_from_fewer():
    found, launched = taken(Listed({1, 2, 3, 4, 5, 6}), max_rounds=2)
    assert len(launched) == 3
    assert ids(found.groups) == ["0"]
    assert (found.missing, found.replaced) == (2, 4)


def test_surplus_groups_are_dropped_in_ticket_order_and_counted():
    strategy = Listed({0})
    found, launched = taken(strategy, max_rounds=3, oversample=2.0)
    assert launched == [[(6, 0), (6, 1), (7, 0), (7, 1), (8, 0), (8, 1)]]
    # tasks 0, 1, 2 are attempt 0 of 6, 7, 8, tasks 3, 4, 5 attempt 1; task 0 is rejected
    assert ids(found.groups) == ["3", "1", "4"]
    assert [group.ticket for group in found.groups] == [6, 7, 8]
    assert len({r.ticket for r in found.groups[2]}) == 1
    assert (found.replaced, found.dropped, found.missing) == (0, 2, 0)


def test_a_step_with_nothing_to_learn_from_stops_the_run():
    with pytest.raises(IntegrityError, match="sampling.gate"):
        taken(Listed(set(range(100))), max_rounds=2)


def test_a_strategy_that_has_nothing_left_stops_the_run():
    with pytest.raises(IntegrityError, match="no further task"):
        taken(Listed({0, 1, 2}, most=3), max_rounds=2)


def test_fewer_tasks_than_wanted_are_a_smaller_round():
    found, launched = taken(Listed(set(), most=2))
    assert launched == [[(6, 0), (7, 0)]]
    assert found.missing == 1


def guided(strategy, *, tickets=3, **gate):
    """The last ticket lands with an earlier group besides, whose rollouts agree."""
    sampling = Standard(
        prompts=Uniform(per_step=tickets), size=Fixed(rollouts=2), gate=NonZeroSpread(**gate)
    )

    async def play(round_):
        return [
            (
                t,
                (
                    played(t.request.task, strategy.bad, t.number),
                    *([played(Task(id="99", prompt="?"), {99}, 1)] if t.key == (8, 0) else []),
                ),
            )
            for t in round_
        ]

    return asyncio.run(Buffer(sampling, strategy).take(NOW, play))


@pytest.mark.parametrize(
    ("bad", "gate", "own"),
    [
        (set(), {}, ["0", "1", "2"]),
        ({2}, {"max_rounds": 3}, ["0", "1", "3"]),  # the last ticket is rejected and replaced
        ({2}, {}, ["0", "1"]),  # … or never admitted
        (set(), {"max_rounds": 1, "oversample": 2.0}, ["0", "3", "1"]),  # … or surplus
        ({0, 1, 2}, {}, []),  # guests alone are something to learn from
    ],
)
def test_guests_are_learned_from_whatever_becomes_of_their_ticket(bad, gate, own):
    strategy = Listed(bad)
    found = guided(strategy, **gate)
    assert ids(found.groups) == [*own, "99"]
    assert found.groups[-1].ticket == 1  # its own still
    assert "99" not in ids(found.played) and len(found.admitted) == len(found.played)
    assert found.missing == 3 - len(own)


class Merging(Listed):
    """Learns from one rollout of every group."""

    def observe(self, ticket, groups):
        return [replace(group, learn=(True, False)) for group in groups]


class Sparing(Listed):
    """Takes away all that was played, and keeps the group."""

    def observe(self, ticket, groups):
        return [group.having(()) for group in groups]


def test_a_group_is_admitted_where_any_of_its_rollouts_is():
    found, _ = taken(Merging(set()))
    assert found.admitted == (True, True, True)
    with pytest.raises(IntegrityError, match="nothing to learn from"):
        taken(Sparing(set()))


class Generous(Listed):
    """Gives more than it is asked for."""

    def next(self, want, now):
        return Listed.next(self, want + 1, now)


def test_a_strategy_that_gives_more_than_it_was_asked_for_is_told_so():
    with pytest.raises(UsageError, match="returned 4 requests and was asked for 3"):
        taken(Generous(set()))


class Forgetful(Listed):
    """Returns the same thing from a method that has to return requests or groups."""

    wrong = None

    def observe(self, ticket, groups) -> Any:
        return self.wrong


@pytest.mark.parametrize("wrong", [None, 3, [None], [["group"]]])
def test_a_strategy_that_returns_no_groups_is_told_so(wrong, monkeypatch):
    monkeypatch.setattr(Forgetful, "wrong", wrong)
    with pytest.raises(UsageError, match=r"^Forgetful.observe returned .*a sequence of Group$"):
        taken(Forgetful(set()))


def test_where_no_group_lands_the_gate_is_not_to_blame():
    sampling = Standard(prompts=Uniform(per_step=2), size=Fixed(rollouts=2))

    async def play(round_):
        return [(ticket, ()) for ticket in round_]

    with pytest.raises(IntegrityError, match="tickets have no group"):
        asyncio.run(Buffer(sampling, Listed(set())).take(NOW, play))
