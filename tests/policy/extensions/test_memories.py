"""Extensions that remember what the policy did before: by hand."""

import asyncio
from dataclasses import replace

import torch
from policy.extensions.tiny_run import (
    TASKS,
    TICKETS,
    TinyRun,
    after_rollout,
    after_update,
    finished,
    group_of,
    opened,
    own,
    ticket_of,
)

from whet.policy.extensions.extra_round import ExtraRound
from whet.policy.extensions.past_batches import PastBatches
from whet.policy.extensions.rehearsal import Rehearsal
from whet.policy.extensions.replay import Replay
from whet.types import Verdict

EASY, HARD = TASKS[0], TASKS[3]
LAST = TICKETS - 1


def visit(*texts: str, ticket: int = 0, task=EASY):
    return group_of(
        *(own(t, task, seed=10 * ticket + n) for n, t in enumerate(texts)), ticket=ticket
    )


def replies(group) -> list[str]:
    return [r.reply for r in group]


def test_memories_join_when_their_task_comes_again():
    run = TinyRun()
    live = opened(run, Replay(count=2, least=2))
    first = visit("a;0", "b;0", "a;0", "c;1")
    assert after_rollout(run, live, 0, first) == [first]
    again = visit("d;1", ticket=1)
    assert after_rollout(run, live, 0, again, number=1) == [again]  # not in the same step
    after_update(run, live, 0, first)
    assert replies(live.memories["t0"]) == ["a;0", "b;0"]  # different ones, right ones
    [found] = after_rollout(run, live, 1, visit("e;1", ticket=3), number=3)
    assert sorted(replies(found)) == ["a;0", "b;0", "e;1"]
    assert all(r.version.step == 0 and not r.external.any() for r in found)
    assert {r.ticket for r in found} == {3} and len({r.id for r in found}) == 3


def test_one_memory_is_fewer_than_the_least():
    run = TinyRun()
    live = opened(run, Replay(least=2))
    after_rollout(run, live, 0, visit("a;0"))
    after_update(run, live, 0, visit("a;0"))
    again = visit("b;1", ticket=3)
    assert after_rollout(run, live, 1, again, number=3) == [again]


def test_memories_are_remembered_in_ticket_order_and_the_oldest_go():
    run = TinyRun()
    live = opened(run, Replay(most=2))
    for number, text in ((2, "c;0"), (0, "a;0"), (1, "b;0")):
        after_rollout(run, live, 0, visit(text, ticket=number), number=number)
    after_update(run, live, 0, visit("x;1"))
    assert replies(live.memories["t0"]) == ["b;0", "c;0"]


def test_an_unsolved_task_is_played_again_hotter_and_what_helps_is_kept():
    class Lucky(TinyRun):
        async def play(self, request):
            self.played.append(request)
            seeds = [play.seed for play in request.plays]
            texts = ["x;9", "x;1", "x;9"][: len(seeds)]
            return group_of(*(own(t, HARD, seed=s) for t, s in zip(texts, seeds, strict=True)))

    run = Lucky()
    live = opened(run, ExtraRound(samples=3, temperature=1.5))
    solved, unsolved = visit("a;0"), visit("b;0", task=HARD, ticket=0)
    found = after_rollout(run, live, 0, solved, unsolved)
    assert found[0] == solved and replies(found[1]) == ["b;0", "x;9", "x;9"]
    assert {p.decoding.temperature for r in run.played for p in r.plays} == {1.5}
    after_update(run, live, 0, solved)
    [later] = after_rollout(run, live, 1, visit("c;0", task=HARD, ticket=4), number=4)
    assert replies(later) == ["c;0", "x;9", "x;9", "x;9", "x;9"]  # memories, then fresh ones
    after_update(run, live, 1, solved)
    assert len(live.memories[HARD.id]) == 3  # never more than one round brings
    away = group_of(own("b", HARD, verdict=Verdict.unjudged("away")))
    assert after_rollout(run, live, 1, away) == [away]


def test_old_groups_come_after_those_of_the_last_ticket():
    """Of 3 tickets and a share of 0.4 are round(3 · 0.4 / 0.6) = 2 old groups."""
    run = TinyRun()
    live = opened(run, PastBatches(share=0.4, window=2, until=3))
    steps = [[visit(f"{s}{n};0", ticket=s * TICKETS + n) for n in range(TICKETS)] for s in range(4)]
    for number, group in reversed(list(enumerate(steps[0]))):
        assert after_rollout(run, live, 0, group, number=number) == [group]
    after_update(run, live, 0, *steps[0])
    found = []
    assert [group.ticket for group in live.past[0]] == [0, 1, 2]
    for n, group in enumerate(steps[1]):
        found = after_rollout(run, live, 1, group, number=TICKETS + n)
        assert found[0] == group and len(found) == (3 if n == LAST else 1)
    assert {g.ticket for g in found[1:]} < {0, 1, 2}
    assert all(r.version.step == 0 and not r.external.any() for g in found[1:] for r in g)
    retried = ticket_of(2 * TICKETS - 1, attempt=1)
    assert list(finished(live.after_rollout(run.context(1), retried, [steps[1][LAST]]))) == [
        steps[1][LAST]
    ]
    after_update(run, live, 1, *steps[1])
    assert len(live.past) == 2
    after_update(run, live, 2, *steps[2])
    assert live.past == []  # from `until` on all is on-policy
    assert after_rollout(run, live, 3, steps[3][LAST], number=3 * TICKETS + LAST) == [
        steps[3][LAST]
    ]


class Mastered(TinyRun):
    """The policy of before solves t0 always, and t1 half of the time."""

    async def play(self, request):
        self.played.append(request)
        half = request.task.id == "t1"
        verdicts = [Verdict.binary(correct=not (half and n % 2)) for n in range(len(request.plays))]
        return group_of(
            *(
                own("y;z", request.task, seed=p.seed, verdict=v).sealed()
                for p, v in zip(request.plays, verdicts, strict=True)
            )
        )


def test_solved_tasks_make_way_for_rehearsals_that_count_as_others():
    run = Mastered()
    live = opened(run, Rehearsal(share=0.5, tried=4, least=4, ahead=1))
    assert after_rollout(run, live, 0, visit("a;0")) == []
    hard = visit("b;1", task=TASKS[1], ticket=LAST)
    found = after_rollout(run, live, 0, hard, number=LAST)
    assert [g.task.id for g in found] == ["t1", "t0", "t2"]  # all that is solved: 2 wanted, 2 known
    assert found[0] == hard
    for rollout in (r for group in found[1:] for r in group):
        assert rollout.external.all() and rollout.verdict.correct
        assert rollout.seal == rollout.imprint()
    assert len(run.played) == 3  # the tasks of one step, once
    after_rollout(run, live, 1, visit("c;0", ticket=3), number=3)
    assert len(run.played) == 3


def test_what_is_solved_is_found_out_once_for_all_tickets():
    class Slow(Mastered):
        async def play(self, request):
            await asyncio.sleep(0)
            return await super().play(request)

    run = Slow()
    extensions = finished(run.open(Rehearsal(tried=4, least=4, ahead=1)))
    landed = [(ticket_of(n), [visit("a;0", ticket=n)]) for n in range(TICKETS)]
    finished(extensions.after_rollout(run.context(0), landed))
    assert len(run.played) == len(TASKS) - 1


def test_a_memory_keeps_its_log_probs_of_then_and_loses_its_certainty():
    run = TinyRun()
    live = opened(run, Replay(least=1))
    certain = own("a;0", columns={"self_certainty": torch.ones(3).numpy()})
    after_rollout(run, live, 0, group_of(certain))
    after_update(run, live, 0, group_of(certain))
    [held] = live.memories["t0"]
    assert held.self_certainty is None
    assert held == replace(certain, columns={}, ticket=0)
