"""PUCT reuse: which earlier solution a play begins from."""

import json
from dataclasses import replace
from itertools import count
from math import sqrt
from random import Random

import pytest
from recorded import recorded

from whet.protocols import Now, SamplingSetup
from whet.recipes.quickstart import quickstart
from whet.sampling.outcomes import metrics_of
from whet.sampling.schedules.archives import Archive
from whet.sampling.schedules.puct_reuse import PuctReuse
from whet.types import (
    Decoding,
    Finish,
    Group,
    Reason,
    Request,
    Span,
    Task,
    Ticket,
    UsageError,
    Verdict,
    Version,
)
from whet.types.messages import messages_of

TASK = Task(id="t", prompt="Make it small.")
CHAT = Task(
    id="c", prompt=({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go."})
)
NOW = Now(step=0, steps=9, version=0, metrics={})


def opened(**settings):
    setup = SamplingSetup(corpus=quickstart().corpus, seed=0, steps=9)
    return PuctReuse(**settings).open(setup)


SEEDS = count()


def asked(live, task=TASK, completes=None):
    request = Request.of(task, (next(SEEDS), next(SEEDS)), Decoding())
    return live.apply(replace(request, completes=completes), NOW)


def prompt_of(request):
    prompt, *others = [play.prompt for play in request.plays]
    assert all(other == prompt for other in others)
    return request.task.prompt if prompt is None else prompt


def replied(request, scores, finish=Finish.STOP):
    """A group that answers the prompts of a request with replies and their scores."""
    rollouts = [
        recorded(
            task=request.task,
            seed=i,
            id=f"{request.plays[0].seed}.{i}",
            hint=request.plays[0].hint,
            tokens=(1, 2),
            chosen=(False, True),
            behaviour_logp=(-0.1,),
            messages=(*messages_of(prompt_of(request)), {"role": "assistant", "content": reply}),
            verdict=Verdict(reason=Reason.PARTIAL, score=score)
            if isinstance(score, float)
            else score,
            finish=finish,
        )
        for i, (reply, score) in enumerate(scores.items())
    ]
    return Group.of(rollouts)


def landed(live, *answered):
    """Requests of one task, each with its scored replies or its group."""
    groups = [g if isinstance(g, Group) else replied(request, g) for request, g in answered]
    for number, ((request, _), group) in enumerate(zip(answered, groups, strict=True)):
        live.observe(Ticket(number=number, request=request), [group])
    live.visited(answered[0][0].task, groups)


def visit(live, scores, task=TASK, **more):
    request = asked(live, task)
    landed(live, (request, replied(request, scores, **more)))
    live.step_ended(NOW)
    return request


def test_the_scores_are_those_of_the_equation():
    """The empty solution and rewards 1 and 3, where 3 began from 1; worked by hand.

    Ranks of 3, 1, 0 give P = 3/6, 2/6, 1/6; scale = 3 − 1; T = 2.
    """
    archive = Archive.empty(0.0)
    archive.expand(0, [(1.0, "one")], keep=2)
    archive.expand(1, [(3.0, "three")], keep=2)
    root = sqrt(1 + 2)
    wanted = [
        1 + 0.5 * 2 * (1 / 6) * root / (1 + 2),  # visited twice: itself and its child
        3 + 0.5 * 2 * (2 / 6) * root / (1 + 1),
        3 + 0.5 * 2 * (3 / 6) * root / (1 + 0),
    ]
    assert archive.scores(0.5) == pytest.approx(wanted)
    assert archive.choose(0.5).reply == "three"


def test_without_solutions_the_task_is_played_as_it_is():
    request = asked(opened())
    assert [play.prompt for play in request.plays] == [None, None]


def test_the_best_solution_is_shown_with_its_score_and_counts_as_the_parent():
    live = opened(c=0.0)
    visit(live, {"far": 0.25, "near": 0.75})
    request = visit(live, {"nearer": 0.875})
    prompt = prompt_of(request)
    assert prompt.startswith("Make it small.") and "near" in prompt and "0.75" in prompt
    near = next(s for s in live.archives["t"].solutions if s.reply == "near")
    nearer = next(s for s in live.archives["t"].solutions if s.reply == "nearer")
    assert (near.best, near.visits, nearer.ancestors) == (0.875, 1, [0, near.id])
    assert live.archives["t"].solutions[0].visits == 2
    assert "nearer" in prompt_of(asked(live))


def test_in_a_chat_the_question_of_the_user_ends_with_the_solution():
    live = opened()
    visit(live, {"here": 0.5}, CHAT)
    system, user = prompt_of(asked(live, CHAT))
    assert system["content"] == "Be brief."
    assert user["content"].startswith("Go.") and "here" in user["content"]


def test_what_is_often_begun_from_makes_room_for_others():
    live = opened(c=2.0)
    visit(live, {"good": 0.75, "fair": 0.5})
    shown = [prompt_of(visit(live, {f"worse {i}": 0.25})) for i in range(8)]
    assert any("good" in prompt for prompt in shown)
    assert any("fair" in prompt for prompt in shown)


def test_two_requests_of_a_step_begin_from_unlike_lineages():
    live = opened(c=0.0)
    visit(live, {"one": 0.5, "two": 0.25})
    visit(live, {"one's child": 0.75})
    first, second, third = (prompt_of(asked(live)) for _ in range(3))
    assert "one's child" in first
    assert "two" in second  # neither "one" nor the bare task, from which the first one came
    assert "one's child" in third  # all are taken
    live.step_ended(NOW)
    assert "one's child" in prompt_of(asked(live))


def test_a_further_round_shows_what_the_first_one_did():
    live = opened(c=0.0)
    visit(live, {"one": 0.5, "two": 0.25})
    first = asked(live)
    other = asked(live)
    again = asked(live, completes=Ticket(number=0, request=first))
    assert prompt_of(again) == prompt_of(first) != prompt_of(other)
    bare = Request.of(TASK, (0,), Decoding())
    assert prompt_of(asked(live, completes=Ticket(number=1, request=bare))) == TASK.prompt


def test_a_visit_keeps_its_best_different_replies_and_a_task_its_best():
    live = opened(children=2, capacity=3)
    again = Request.of(TASK, (next(SEEDS),), Decoding())
    landed(live, (asked(live), {"a": 0.1, "b": 0.9, "c": 0.5}), (again, {"b": 0.9}))
    assert [s.reply for s in live.archives["t"].solutions] == ["", "b", "c"]
    live.step_ended(NOW)
    visit(live, {"d": 0.7, "e": 0.2})
    assert sorted(s.reply for s in live.archives["t"].solutions) == ["", "b", "c", "d"]
    assert live.archives["t"].best == 0.9


def test_faults_truncated_and_long_replies_are_not_shown():
    live = opened(longest=5)
    visit(live, {"x": Verdict.unjudged("away")})
    assert live.archives["t"].visits == 0
    visit(live, {"x": 0.5}, finish=Finish.LENGTH)
    visit(live, {"too long": 0.75})
    archive = live.archives["t"]
    assert len(archive.solutions) == 1
    assert (archive.visits, archive.solutions[0].best) == (2, 0.75)  # they count as visits


def test_a_reward_is_read_before_it_is_shaped():
    live = opened()
    shaped = Verdict(reason=Reason.PARTIAL, score=0.125, correct=False, measured=0.5)
    visit(live, {"x": shaped})
    assert live.archives["t"].best == 0.5


def test_the_step_tells_how_many_requests_showed_a_solution():
    live = opened()
    visit(live, {"x": 0.5})
    for task in (TASK, CHAT):
        asked(live, task)
    told = live.step_ended(NOW)
    assert (told["reused"].value, told["best_reward"].value) == (0.5, 0.5)


def test_resumed_archives_go_on_as_the_first_ones():
    def step(live, number):
        rng = Random(number)
        prompts = []
        for task in (TASK, CHAT, TASK):
            request = asked(live, task)
            prompts.append(prompt_of(request))
            scores = {f"{number}.{i}.{len(prompts)}": rng.random() for i in range(3)}
            landed(live, (request, scores))
        return prompts, live.step_ended(NOW)

    first, second = opened(capacity=6), opened(capacity=6)
    for number in range(5):
        step(first, number)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert [step(first, n) for n in range(5, 9)] == [step(second, n) for n in range(5, 9)]
    assert first.state_dict() == second.state_dict()


def test_reuse_finds_what_plain_sampling_does_not():
    """A reply improves on the shown one by at most 1; from the bare task it reaches at most 1."""
    live, rng = opened(), Random(0)
    for _ in range(30):
        request = asked(live)
        shown = prompt_of(request).rpartition("of score ")[2].partition(":")[0]
        base = float(shown) if request.plays[0].prompt is not None else 0.0
        rewards = [base + rng.uniform(-1, 1) for _ in range(4)]
        landed(live, (request, {f"r{r}": r for r in rewards}))
        live.step_ended(NOW)
    assert max(s.reward for s in live.archives["t"].solutions) > 5


@pytest.mark.parametrize(
    "fields",
    [
        {"c": -1.0},
        {"start": float("inf")},
        {"children": 0},
        {"capacity": 0},
        {"longest": 0},
        {"ask": "no reply"},
        {"ask": "{reply} {other}"},
        {"ask": "{reply} {"},
    ],
)
def test_impossible_settings_are_refused_by_field(fields):
    with pytest.raises(UsageError, match=f"puct_reuse.{next(iter(fields))}"):
        PuctReuse(**fields)


def test_later_schedules_may_write_behind_the_solution():
    """A part behind this one changes the question; the parent and further rounds stay."""
    live = opened(c=0.0)
    visit(live, {"one": 0.5})
    request = asked(live)
    budget = Request(
        task=TASK, plays=tuple(replace(p, prompt=f"{p.prompt} Be quick.") for p in request.plays)
    )
    assert "one" in prompt_of(asked(live, completes=Ticket(number=0, request=budget)))
    landed(live, (budget, {"better": 0.75}))
    assert live.archives["t"].solutions[-1].ancestors == [0, 1]


def test_of_two_replies_with_one_ending_the_shown_one_is_the_parent():
    live = opened(c=0.0, ask="{reply}=")
    visit(live, {"1": 0.5, "21": 0.75})
    request = asked(live)
    assert prompt_of(request).endswith("21=")
    landed(live, (request, {"3": 1.0}))
    parent = live.archives["t"].solutions[-1].ancestors[-1]
    assert live.archives["t"].solution(parent).reply == "21"


def test_shown_solutions_are_hints_and_say_nothing_of_the_bare_task():
    live = opened(c=0.0)
    assert not any(play.hint for play in asked(live).plays)
    visit(live, {"one": 0.5})
    request = asked(live)
    assert all(play.hint == 1 for play in request.plays)
    assert metrics_of([replied(request, {"right": Verdict.binary(correct=True)})]) == []


def test_rollouts_of_extensions_are_no_children_of_what_was_shown():
    """One played on the bare prompt begins from the empty solution; a replayed one was counted."""
    live = opened(c=0.0)
    visit(live, {"one": 0.5})
    request = asked(live)
    own = replied(request, {"better": 0.75})
    bare = replace(own[0], id="bare", hint=0.0, messages=(*own[0].messages[:-1], said("extra")))
    old = replace(own[0], id="old", messages=(*own[0].messages[:-1], said("replayed")))
    ticket = Ticket(number=0, request=request, version=1)
    now = Version(step=1, digest="now")
    group = Group.of([*(replace(r, spans=(Span(1, now),)) for r in (own[0], bare)), old])
    live.observe(ticket, [group])
    live.visited(TASK, [group])
    ancestors = {s.reply: s.ancestors for s in live.archives["t"].solutions}
    assert ancestors["better"] == [0, 1] and ancestors["extra"] == [0]
    assert "replayed" not in ancestors


def said(reply):
    return {"role": "assistant", "content": reply}
