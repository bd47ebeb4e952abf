"""Tasks that are played in rounds: numbers, order, gates, surplus, and everything is counted."""

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from recorded import recorded
from simulated import Rates, Simulated, opened, simulated, taken

from whet.protocols import Gate, GroupSize, GroupSizer, SizeDecision
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import IntegrityError, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted(GroupSize):
    """Task i gets `script[i]`: sizes of its rounds; 0 at the end: it is given up."""

    script: dict = field(default_factory=dict)
    further: int = 3

    @property
    def rounds(self):
        return self.further

    def open(self, setup):
        return ScriptedSizer(self.script)


@dataclass(slots=True)
class ScriptedSizer(GroupSizer):
    """Keeps a log of what it is told."""

    script: dict
    seen: Counter = field(default_factory=Counter)
    log: list = field(default_factory=list)

    def sizes(self, task):
        return self.script.get(int(task.id.split("-")[1]), [2])

    def first(self, tasks, now):
        return [self.sizes(task)[0] for task in tasks]

    def after(self, group):
        sizes = self.sizes(group.task)
        self.seen[group.task.id] += 1
        done = self.seen[group.task.id]
        if done < len(sizes) and sizes[done]:
            return SizeDecision(more=sizes[done])
        return SizeDecision(drop=done < len(sizes))

    def observe(self, ticket, groups):
        self.log.append(("observe", ticket.key, tuple(len(g) for g in groups)))

    def visited(self, task, groups):
        self.log.append(("visited", task.id, tuple(len(g) for g in groups)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd(Gate):
    """Rejects some tasks."""

    rejected: tuple[int, ...] = ()
    max_rounds: int = 0
    oversample: float = 1.0

    def __call__(self, group):
        return int(group.task.id.split("-")[1]) not in self.rejected


def sampling(script, gate=None, tickets=3, further=3):
    return Standard(
        prompts=Uniform(per_step=tickets),
        size=Scripted(script=script, further=further),
        gate=gate or AdmitAll(),
    )


def played(script, gate=None, tickets=3, further=3, player=None):
    made = sampling(script, gate, tickets, further)
    player, strategy = player or Simulated(), opened(made)
    return taken(made, player, strategy), player, strategy


def shown(step):
    return [(group.task.id, group.ticket, len(group)) for group in step.groups]


def test_a_waiting_ticket_keeps_its_number_and_its_group_grows():
    step, player, strategy = played({0: [2, 3, 1], 2: [1, 4]})
    assert player.rounds == [[(0, 0), (1, 0), (2, 0)], [(0, 1), (2, 1)], [(0, 2)]]
    assert shown(step) == [("train-0", 0, 6), ("train-1", 1, 2), ("train-2", 2, 5)]
    assert {r.ticket for g in step.groups for r in g} == {0, 1, 2}
    assert all(r.ticket == g.ticket for g in step.groups for r in g)
    assert (step.rounds, step.replaced, step.missing, step.dropped) == (3, 0, 0, 0)
    # a task is one group, whatever its rounds
    assert sorted(g.task.id for g in step.played) == ["train-0", "train-1", "train-2"]
    assert step.admitted == (True, True, True)
    assert step.metrics["unfinished"].total == 0
    assert strategy.slots.size.log == [
        ("observe", (0, 0), (2,)),
        ("observe", (1, 0), (2,)),
        ("visited", "train-1", (2,)),
        ("observe", (2, 0), (1,)),
        ("observe", (0, 1), (3,)),  # its own plays alone
        ("observe", (2, 1), (4,)),
        ("visited", "train-2", (5,)),  # all rounds together
        ("observe", (0, 2), (1,)),
        ("visited", "train-0", (6,)),
    ]


def test_all_seeds_of_a_task_differ_in_every_round():
    step, _, _ = played({0: [4, 4, 4, 4]})
    seeds = [r.seed for group in step.groups for r in group]
    assert len(set(seeds)) == len(seeds) == 16 + 2 + 2


def test_replacements_come_while_others_wait_and_both_keep_their_numbers():
    step, player, _ = played({1: [2, 2, 2]}, Odd(rejected=(0, 3), max_rounds=2))
    assert player.rounds == [[(0, 0), (1, 0), (2, 0)], [(0, 1), (1, 1)], [(0, 2), (1, 2)]]
    assert shown(step) == [("train-4", 0, 2), ("train-1", 1, 6), ("train-2", 2, 2)]
    assert (step.rounds, step.replaced, step.missing) == (3, 2, 0)
    assert dict(zip([g.task.id for g in step.played], step.admitted, strict=True)) == {
        "train-0": False,
        "train-1": True,
        "train-2": True,
        "train-3": False,
        "train-4": True,
    }


def test_groups_are_completed_when_the_gates_rounds_are_used_up():
    step, player, _ = played({1: [1, 1, 1, 1]}, Odd(rejected=(0, 3), max_rounds=1))
    assert player.rounds[2:] == [[(1, 2)], [(1, 3)]]  # no replacement of number 0 any more
    assert shown(step) == [("train-1", 1, 4), ("train-2", 2, 2)]
    assert (step.replaced, step.missing, step.rounds) == (1, 1, 4)


def test_a_replacement_of_the_last_round_has_all_its_own_rounds():
    step, player, _ = played({0: [2, 0], 3: [1, 1, 1, 1]}, Odd(max_rounds=1))
    assert shown(step)[0] == ("train-3", 0, 4)
    assert step.rounds == 5 and step.missing == 0


def test_a_size_gives_up_a_task_as_a_gate_rejects_a_group():
    step, player, strategy = played({1: [2, 0]}, Odd(max_rounds=1))
    assert player.rounds[1] == [(1, 1)]
    assert shown(step) == [("train-0", 0, 2), ("train-3", 1, 2), ("train-2", 2, 2)]
    assert (step.replaced, step.admitted) == (1, (True, False, True, True))
    assert ("visited", "train-1", (2,)) in strategy.slots.size.log
    step, _, _ = played({1: [2, 0]})
    assert (step.missing, step.replaced) == (1, 0)


def test_tasks_that_wait_when_the_rounds_end_are_given_up_and_counted():
    step, _, strategy = played({0: [1] * 9}, further=2)
    assert shown(step) == [("train-1", 1, 2), ("train-2", 2, 2)]
    assert (step.rounds, step.missing, step.metrics["unfinished"].total) == (3, 1, 1)
    assert strategy.slots.size.log[-1] == ("visited", "train-0", (3,))
    assert not strategy.waiting and not strategy.resumed


def test_surplus_tasks_wait_no_longer_than_the_step_needs():
    """Six are launched for three; four finish at once, so nothing is completed."""
    script = {0: [2, 2], 3: [2, 2]}
    step, player, _ = played(script, Odd(max_rounds=3, oversample=2.0))
    assert player.rounds == [[(n, attempt) for n in range(3) for attempt in range(2)]]
    assert (step.dropped, step.missing, step.metrics["unfinished"].total) == (1, 0, 2)


def test_no_more_waiting_tasks_are_completed_than_are_missing():
    script = {i: [1, 1] for i in range(6)}
    step, player, _ = played(script, Odd(max_rounds=3, oversample=2.0))
    assert [len(keys) for keys in player.rounds] == [6, 3]
    assert (step.missing, step.dropped, step.metrics["unfinished"].total) == (0, 0, 3)
    assert sorted(group.ticket for group in step.groups) == [0, 1, 2]
    assert [len(group) for group in step.groups] == [2, 2, 2]


def test_waiting_tasks_that_were_passed_over_are_completed_when_others_fail():
    """Tickets 0 to 2 wait first; the gate rejects them, and those that waited behind come next."""
    script = {i: [1, 1] for i in range(6)}
    player = Simulated()
    made = sampling(script, Odd(max_rounds=3, oversample=2.0))
    strategy = opened(made)
    first = [t.request.task.id for t in launched_first(made)]
    bad = tuple(int(name.split("-")[1]) for name in first[:3])
    made = replace(made, gate=Odd(rejected=bad, max_rounds=3, oversample=2.0))
    step = taken(made, player, opened(made))
    assert strategy.waiting == []
    ids = [t.request.task.id for t in player.launched[2] if t.request.completes is not None]
    assert ids == first[3:]
    assert step.missing == 0


def launched_first(made):
    player = Simulated()
    taken(made, player, opened(made))
    return player.launched[0]


@dataclass
class Troubled(Simulated):
    """Some tasks have only faults, no group, or an empty one."""

    faulty: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    seats: tuple[str, ...] = ()

    def rollout(self, task, play):
        if task.id in self.faulty:
            return simulated(task, play.seed, verdict=Verdict.unjudged("away"))
        return simulated(task, play.seed)

    def groups(self, ticket):
        name, found = ticket.request.task.id, Simulated.groups(self, ticket)
        if name in self.absent:
            return ()
        if name in self.empty:
            return tuple(group.having(()) for group in found)
        if name in self.seats:
            return (replace(found[0], seat="white"), replace(found[0], seat="black"))
        return found


def test_a_ticket_without_a_group_is_rejected():
    step, player, strategy = played({}, Odd(max_rounds=1), player=Troubled(absent=("train-1",)))
    assert player.rounds[1] == [(1, 1)] and step.missing == 0
    assert ("visited", "train-1", ()) in strategy.slots.size.log


def test_an_empty_group_fills_no_place():
    step, player, _ = played({}, Odd(max_rounds=1), player=Troubled(empty=("train-1",)))
    assert player.rounds[1] == [(1, 1)] and step.missing == 0
    assert all(len(group) for group in step.groups)


def test_a_group_of_faults_is_completed_like_any_other():
    step, _, _ = played({1: [2, 2]}, player=Troubled(faulty=("train-1",)))
    assert shown(step)[1] == ("train-1", 1, 4)


def test_a_round_without_a_group_leaves_the_earlier_ones():
    class Vanishing(Troubled):
        def groups(self, ticket):
            return () if ticket.request.completes else Simulated.groups(self, ticket)

    step, _, _ = played({1: [2, 2]}, player=Vanishing())
    assert shown(step)[1] == ("train-1", 1, 2)


def test_several_seats_are_refused_with_their_names():
    with pytest.raises(UsageError, match=r"sampling\.size .*'white', 'black'.*'train-1'"):
        played({}, player=Troubled(seats=("train-1",)))


def test_nothing_to_learn_from_names_the_size_too():
    with pytest.raises(IntegrityError, match=r"sampling\.gate.* sampling\.size"):
        played({i: [1, 0] for i in range(3)})


@dataclass
class Guided(Simulated):
    """Every ticket lands with an old group besides."""

    def groups(self, ticket):
        old = Rates().task("train", 90 + len(self.launched))
        guest = recorded(task=old, seed=0, id=f"old-{ticket.key}", ticket=-1)
        own = Simulated.groups(self, ticket)
        return (*own, replace(own[0], task=old, rollouts=(guest,), ticket=-1))


def test_guests_of_every_round_come_along_and_fill_no_number():
    step, _, _ = played({1: [2, 2]}, player=Guided())
    own = [g for g in step.groups if g.ticket >= 0]
    assert [(g.ticket, len(g)) for g in own] == [(0, 2), (1, 4), (2, 2)]
    assert len(step.groups) - len(own) == 4 and step.missing == 0
    assert len(step.played) == 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Half(GroupSize):
    """Keeps the rollouts of even place, and learns from the first of them."""

    @property
    def decides(self):
        return True

    def open(self, setup):
        return HalfSizer()


class HalfSizer(GroupSizer):
    """Four rollouts each."""

    def first(self, tasks, now):
        return [4] * len(tasks)

    def after(self, group):
        keep = tuple(i % 2 == 0 for i in range(len(group)))
        return SizeDecision(keep=keep, learn=(True, True, False, False))


def test_a_size_may_choose_among_the_rollouts_of_one_round():
    made = Standard(prompts=Uniform(per_step=2), size=Half())
    step = taken(made)
    assert made.rounds == 0 and step.rounds == 1
    for group, whole in zip(step.groups, step.played, strict=True):
        assert [r.id for r in group] == [whole[0].id, whole[2].id]
        assert group.learn == (True, False)


@dataclass
class Masking(Simulated):
    """An extension has excluded the first rollout."""

    def groups(self, ticket):
        [group] = Simulated.groups(self, ticket)
        return (replace(group, learn=(False, *[True] * (len(group) - 1))),)


def test_what_was_excluded_before_stays_excluded():
    made = Standard(prompts=Uniform(per_step=2), size=Half())
    assert all(group.learn == (False, False) for group in taken(made, Masking()).groups)
    step, _, _ = played({0: [2, 2]}, player=Masking())
    assert step.groups[0].learn == (False, True, False, True)
