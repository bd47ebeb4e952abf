"""Extensions that bring in what a teacher wrote, or what the policy does with help: by hand."""

from dataclasses import replace

import pytest
from policy.extensions.tiny_run import (
    TASKS,
    TinyRun,
    after_rollout,
    after_update,
    finished,
    group_of,
    ids_of,
    opened,
    own,
    ticket_of,
)

from whet.policy.extensions.answer_hints import AnswerHints
from whet.policy.extensions.branches import Branches
from whet.policy.extensions.demonstration_fallback import DemonstrationFallback
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.hints import Hints
from whet.policy.extensions.sft_buffer import SFTBuffer
from whet.types import Finish, UsageError, Verdict

HARD = TASKS[3]  # its answer is 9, its demonstration "1+1;9"
SOLVED = group_of(own("0;0"), own("0;1", seed=1))
UNSOLVED = group_of(own("0;0", HARD), own("0;1", HARD, seed=1), ticket=1)
FAULT = group_of(own("0;0", HARD, verdict=Verdict.unjudged("away")), ticket=2)


def test_demonstrations_join_with_ids_of_their_own():
    run = TinyRun()
    live = opened(run, Demonstrations(count=2))
    [one] = after_rollout(run, live, 0, SOLVED)
    [other] = after_rollout(run, live, 0, SOLVED.numbered(5), number=5)
    for group, ticket in ((one, 0), (other, 5)):
        assert [r.external.all() for r in group] == [False] * 2 + [True] * 2
        assert group[-1].reply == "1+1;0" and group[-1].verdict.correct
        assert {r.ticket for r in group} == {ticket}
    assert len({r.id for r in (*one, *other.rollouts[2:])}) == 6


def test_guests_join_only_where_the_policy_made_attempts():
    run = TinyRun()
    [taught] = after_rollout(run, opened(run, DemonstrationFallback()), 0, UNSOLVED, number=1)
    for guide in (
        Demonstrations(),
        Hints(rollouts=2),
        AnswerHints(),
        DemonstrationFallback(),
        Branches(),
    ):
        assert after_rollout(run, opened(run, guide), 0, taught, number=1) == [taught]


def test_a_demonstration_takes_the_place_of_a_group_that_fails_but_not_of_a_fault():
    run = TinyRun()
    found = after_rollout(run, opened(run, DemonstrationFallback()), 0, SOLVED, UNSOLVED, FAULT)
    assert found[0] == SOLVED and found[2] == FAULT
    assert [r.reply for r in found[1]] == ["1+1;9"] and found[1].ticket == 1
    [most] = after_rollout(run, opened(run, DemonstrationFallback(solved=1)), 0, SOLVED)
    assert [r.reply for r in most] == ["1+1;0"]


@pytest.mark.parametrize("known", range(1, 9))
def test_bisection_finds_the_shortest_beginning(known):
    asked = []

    async def succeeds(part: int) -> bool:
        asked.append(part)
        return part >= known

    assert finished(Branches(parts=8).shortest(succeeds)) == known
    assert len(asked) <= 3


class Threshold(TinyRun):
    """The policy solves a task where at least so many tokens are given, and says so."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self.least = least

    async def play(self, request):
        self.played.append(request)
        rollouts = []
        for play in request.plays:
            right = len(play.prefix) >= self.least
            verdict = Verdict.binary(correct=right)
            rollouts.append(own("z" * 5, request.task, seed=play.seed, verdict=verdict))
        return group_of(*rollouts)


def test_an_unsolved_group_is_played_again_from_the_shortest_beginning():
    """Of "1+1;9" quarters are 1, 2, 4 tokens; 2 of them are enough: half is, a quarter isn't."""
    run = Threshold(least=2)
    solved, again, fault = after_rollout(run, opened(run, Branches()), 0, SOLVED, UNSOLVED, FAULT)
    assert (solved, fault) == (SOLVED, FAULT)
    assert [len(r.plays[0].prefix) for r in run.played] == [2, 1, 2]
    assert [len(r.plays) for r in run.played] == [4, 4, 2]
    assert run.played[-1].plays[0].prefix == tuple(ids_of("1+"))
    assert len(again) == 2 and again.ticket == 1 and all(r.verdict.correct for r in again)


def test_a_hint_begins_every_play_of_its_ticket():
    run = TinyRun()
    live = opened(run, Hints(low=0.8, high=0.8, steps=9, parts=0))
    request = finished(live.before_rollout(run.context(0), ticket_of(task=HARD)))
    assert [play.prefix for play in request.plays] == [tuple(ids_of("1+1;"))] * 2
    assert after_rollout(run, live, 0, SOLVED) == [SOLVED]


def test_or_so_many_hinted_rollouts_join():
    run = TinyRun()
    live = opened(run, Hints(low=0.4, high=0.4, steps=9, parts=0, rollouts=3))
    ticket = ticket_of(task=HARD)
    assert finished(live.before_rollout(run.context(0), ticket)) == ticket.request
    [found] = after_rollout(run, live, 0, UNSOLVED, number=1)
    assert [r.forced_len for r in found] == [0, 0, 2, 2, 2]
    assert all(r.reply.startswith("1+") for r in found.rollouts[2:])


def test_a_demonstration_is_never_shown_whole():
    run = TinyRun()
    live = opened(run, Hints(low=1.0, high=1.0, parts=0))
    request = finished(live.before_rollout(run.context(0), ticket_of(task=HARD)))
    assert request.plays[0].prefix == tuple(ids_of("1+1;"))


def test_a_right_explanation_joins_under_the_question_without_its_answer():
    class Told(TinyRun):
        async def play(self, request):
            self.played.append(request)
            good, bad = Verdict.binary(correct=True), Verdict.binary(correct=False)
            asked = replace(request.task, prompt=request.plays[0].prompt)
            return group_of(own("2;9", asked, verdict=good), own("2;1", asked, verdict=bad))

    run = Told()
    found = after_rollout(run, opened(run, AnswerHints()), 0, SOLVED, UNSOLVED, FAULT)
    assert (found[0], found[2]) == (SOLVED, FAULT)
    assert [r.reply for r in found[1]] == ["0;0", "0;1", "2;9"]
    guest = found[1][2]
    assert guest.task == HARD and guest.external.all() and guest.verdict.correct
    [request] = run.played
    assert request.task == HARD and len(request.plays) == 2
    assert {play.prompt for play in request.plays} == {"3?\n(The answer is 9.)"}


def test_a_hint_without_the_answer_is_refused():
    with pytest.raises(UsageError, match=r"AnswerHints\.hint is 'no'"):
        AnswerHints(hint="no")
    with pytest.raises(UsageError, match="Hints.low, high"):
        Hints(low=0.9, high=0.1)


def test_a_full_buffer_is_one_lesson_and_then_empty():
    run = TinyRun()
    live = opened(run, SFTBuffer(size=2, lr_scale=0.5))
    assert after_rollout(run, live, 0, UNSOLVED, number=1) == [UNSOLVED]
    after_rollout(run, live, 0, SOLVED)
    assert after_update(run, live, 0, SOLVED)["buffered"].total == 1
    assert run.learned == []
    after_rollout(run, live, 1, UNSOLVED.numbered(4), number=4)
    after_update(run, live, 1, SOLVED)
    [(groups, objective, lr)] = run.learned
    assert [[r.reply for r in group] for group in groups] == [["1+1;9"], ["1+1;9"]]
    assert objective == run.context(1).objective and lr == 0.25
    assert live.buffer == []


def test_what_was_cut_off_is_an_attempt_too():
    run = TinyRun()
    cut = group_of(own("0", HARD, finish=Finish.LENGTH), ticket=1)
    [found] = after_rollout(run, opened(run, DemonstrationFallback()), 0, cut)
    assert found[0].external.all()
