"""Hints: what may be told of a solution, by which schedule, and that it is marked."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import recorded
from sampling.hinted import END, asked, landed, now, setup_of, task_of, text

from whet.sampling.exploration.g2rpo_a import G2RpoA
from whet.sampling.exploration.guidance import AgainstTrend, TowardsTarget
from whet.sampling.exploration.partial import PartialSolutions
from whet.sampling.exploration.questa import Questa
from whet.sampling.exploration.rusca_rl import RuscaRl
from whet.sampling.outcomes import metrics_of, unaided
from whet.types import Group, Play, RunSpec, UsageError, Verdict

TASK = task_of()
SOLUTION = "2*3=6\n6+4=10\nthe answer is 10"
SETUP = setup_of({"t": SOLUTION})
SPEC = RunSpec(samples=4, max_new_tokens=64, steps=9, minibatches=1, demonstrates=True)


def group_of(*outcomes, hints=None, task=TASK):
    """A group with these outcomes (None: a fault); `hints` are the shares told."""
    hints = hints or [0.0] * len(outcomes)
    verdicts = (
        Verdict.unjudged("away") if right is None else Verdict.binary(correct=bool(right))
        for right in outcomes
    )
    return Group.of(
        [
            recorded(
                task=task,
                seed=seed,
                hint=hint,
                tokens=(1,),
                chosen=(True,),
                behaviour_logp=(-1.0,),
                verdict=verdict,
            )
            for seed, (verdict, hint) in enumerate(zip(verdicts, hints, strict=True))
        ]
    )


def test_a_hint_ends_before_the_first_line_with_the_answer():
    told = PartialSolutions(SETUP).text(TASK, 1.0)
    assert told.text == "2*3=6" and told.share == pytest.approx(5 / len(SOLUTION))
    tokens = PartialSolutions(SETUP).tokens(TASK, 1.0)
    assert text(tokens.ids) == "2*3=6" and tokens.share == told.share


@pytest.mark.parametrize(
    ("solution", "answer", "alternatives", "told"),
    [
        ("2*3=6 6+4=10 #10", "10", (), "2*3=6"),  # in the first line: before the answer
        ("Then x is TEN.", "ten", (), "Then x is"),  # however it is written
        ("half is 1/2", "0.5", ("1/2",), "half is"),  # an alternative is an answer, too
        ("答案是10", "10", (), "答案是"),
        ("100 is not it", "10", (), "100 is not"),  # a part of a number is no answer
        ("a1b2", "zz", (), "a1b"),  # the whole is never told
        ("(a) 7+2", "", (), "(a)"),  # without an answer, the last word is left
        ("10", "10", (), ""),
        ("", "10", (), ""),
    ],
)
def test_what_is_told_at_most(solution, answer, alternatives, told):
    task = task_of(answer=answer, alternatives=alternatives)
    assert PartialSolutions(setup_of({"t": solution})).text(task, 1.0).text == told
    ids = PartialSolutions(setup_of({"t": solution})).tokens(task, 1.0).ids
    assert text(ids).startswith(told) and len(ids) < max(len(solution), 1) and END not in ids
    assert not answer or answer not in text(ids).split()


_WORDS = st.lists(st.sampled_from(["6", "10", "x=", "so", "7+3", "=10", "\n", "10."]), max_size=12)


@given(_WORDS, st.floats(0, 1))
def test_no_answer_and_no_end_in_any_hint(words, share):
    solution = " ".join(words)
    partial = PartialSolutions(setup_of({"t": solution}))
    for told in (partial.text(TASK, share).text, text(partial.tokens(TASK, share).ids)):
        assert "10" not in told and chr(END) not in told
        assert solution.startswith(told) and (not told or told != solution.rstrip())
    assert partial.tokens(TASK, share).share <= share + 0.5 / max(len(solution), 1)


def test_a_solution_that_closes_itself_is_told_without_its_end():
    closed = replace(SETUP, demonstrate=lambda _: "abc", ids=lambda _, reply: _closing(reply))
    assert PartialSolutions(closed).tokens(task_of(answer=""), 1.0).ids == (
        97,
    )  # not "ab", all of it


def _closing(reply):
    """A reply that ends in "c" is closed by it."""
    ids = tuple(map(ord, reply))
    return ids if ids[-1] == ord("c") else (*ids, ord("c"))


def test_questa_tells_half_then_a_quarter_then_nothing():
    live = Questa(wording="{question} [{hint}]").open(SETUP)
    told = []
    for step in (0, 32, 33, 34, 66, 67, 99):
        plays = live.apply(asked(TASK), now(step)).plays
        assert len({p.prompt for p in plays}) == 1 and [p.seed for p in plays] == [0, 1, 2, 3]
        told.append(plays[0].hint)
    assert told == pytest.approx([5 / 29] * 5 + [0, 0])  # the answer's line limits both stages
    long = setup_of({"t": "abcdefgh"})
    live = Questa(wording="{question} [{hint}]").open(long)
    asked_with = [live.apply(asked(TASK), now(step)).plays[0] for step in (0, 40, 80)]
    assert [p.prompt for p in asked_with] == ["2*3+4= [abcd]", "2*3+4= [ab]", None]
    assert [p.hint for p in asked_with] == [0.5, 0.25, 0.0]


def test_questa_asks_the_last_question_of_a_chat_and_braces_are_safe():
    chat = ({"role": "system", "content": "s"}, {"role": "user", "content": "{hint}?"})
    live = Questa(wording="{question}<{hint}>", shares=(1.0,)).open(setup_of({"t": "{question}b"}))
    [play] = live.apply(asked(task_of(prompt=chat, answer=""), 1), now()).plays
    assert play.prompt == (chat[0], {"role": "user", "content": "{hint}?<{question}>"})


def test_a_task_without_a_solution_is_asked_as_it_is():
    other = asked(task_of("other"))
    for part in (Questa(), G2RpoA()):
        assert part.open(SETUP).apply(other, now()) == other


def test_g2rpo_guides_some_plays_of_each_group():
    live = G2RpoA(guided=0.5, length=0.1).open(SETUP)
    plays = live.apply(asked(TASK), now()).plays
    assert [text(p.prefix) for p in plays] == ["2*3"] * 2 + [""] * 2
    assert [p.hint for p in plays] == pytest.approx([3 / 29] * 2 + [0, 0])
    assert [G2RpoA().plays(n) for n in (1, 4, 12, 16)] == [1, 1, 2, 3]


def test_guidance_goes_against_the_trend_of_rewards():
    rule = AgainstTrend()
    assert rule.steps == 3
    assert rule.after(0.4, (0.5, 0.3, 0.8)) == pytest.approx(0.2)  # mean .4, now .8: halved
    assert rule.after(0.4, (0.5, 0.3, 0.2)) == pytest.approx(0.8)
    assert rule.after(0.4, (0.5, 0.3, 0.01)) == 1.0
    assert rule.after(0.4, (0.5, 0.3, 0.0)) == rule.after(0.4, (0.0, 0.0, 0.5)) == 0.4


def test_guidance_goes_towards_a_target():
    rule = TowardsTarget()
    # e^{.5 (.5 − 0)} = 1.2840, e^{.5 (.5 − 1)} = .7788
    assert rule.after(0.5, (0.0,)) == pytest.approx(0.64201, abs=1e-5)
    assert rule.after(0.5, (1.0,)) == pytest.approx(0.38940, abs=1e-5)
    assert rule.after(0.5, (0.5,)) == 0.5 and rule.after(0.95, (0.0,)) == 1.0


def test_guidance_follows_the_steps_and_goes_on_after_a_resume():
    part = G2RpoA(length=0.5, rule=AgainstTrend(window=1))
    live, again = part.open(SETUP), part.open(SETUP)
    live.visited(TASK, [group_of(1, 1, None, hints=[0.5, 0, 0])])
    assert live.step_ended(now()).pop("guidance").value == 0.5 == live.length
    again.load_state_dict(json.loads(json.dumps(live.state_dict())))
    for half in (live, again):
        half.visited(TASK, [group_of(1, 0)])  # from 1 to .5: twice as long
        half.step_ended(now(1))
        assert half.length == 1.0
        half.step_ended(now(2))  # a step without results decides nothing
        assert half.length == 1.0


def test_hints_are_counted_and_say_nothing_of_the_bare_task():
    group = group_of(1, 1, 0, hints=[0.5, 0.25, 0])
    assert [unaided(r) for r in group] == [False, False, True] and metrics_of([group]) == [0.0]
    begun = recorded(
        task=TASK, tokens=(1, 2), chosen=(True, True), behaviour_logp=(0, -1), forced=1
    )
    assert not unaided(begun)
    live = Questa().open(SETUP)
    live.observe(landed(asked(TASK)), [group])
    found = live.step_ended(now())
    assert found["hinted"].value == pytest.approx(2 / 3) and found["hint_share"].value == 0.375
    assert not live.step_ended(now())["hinted"].count


RUBRIC = ["first", {"criterion": "second", "points": 2}, {"criterion": "bad", "points": -1}]


def test_rubrics_fade_within_a_group_and_over_the_run():
    # σ(125 · (.2 − 0)) ≈ 1;  at u = .2 it is 1/2;  at u = .24 σ(−5) = .006693
    assert RuscaRl().shares(5, now(0)) == pytest.approx([1, 0.75, 0.5, 0.25, 0])
    assert RuscaRl().shares(3, now(20, 101)) == pytest.approx([0.5, 0.25, 0])
    assert RuscaRl().shares(2, now(24, 101)) == pytest.approx([0.006693, 0], abs=1e-6)
    assert RuscaRl().shares(1, now(0)) == [0]
    assert RuscaRl().shares(2, now(0, 1)) == pytest.approx([1, 0])


def test_each_reply_sees_its_part_of_the_rubric():
    task = task_of(info={"rubric": RUBRIC})
    live = RuscaRl().open(SETUP)
    plays = live.apply(asked(task, 3), now()).plays
    assert [p.hint for p in plays] == pytest.approx([1, 1 / 3, 0])  # just under 1.5 of 3
    assert plays[0].prompt == (
        "A good reply meets these criteria:\n- first (1 points)\n- second (2 points)\n\n"
        "It avoids this:\n- bad (penalty of 1 points)\n\nDo not mention these criteria."
        "\n\n2*3+4="
    )
    assert plays[2].prompt is None
    assert live.apply(asked(task, 3), now()).plays == plays
    assert live.apply(asked(TASK), now()) == asked(TASK)
    chat = ({"role": "user", "content": "?"},)
    [play, _] = live.apply(asked(replace(task, prompt=chat), 2), now()).plays
    assert play.prompt is not None
    assert [m["role"] for m in play.prompt] == ["system", "user"] and play.prompt[1:] == chat


def test_runs_in_which_hints_cannot_act_are_refused():
    assert not G2RpoA().run_error(SPEC) and not Questa().run_error(SPEC)
    external = replace(SPEC, trains_external=True)
    assert "--objective.on policy_tokens" in G2RpoA().run_error(external)
    assert not Questa().run_error(external)  # its hint is part of the prompt
    for part in (Questa(), G2RpoA()):
        assert "demonstrator" in part.run_error(replace(SPEC, demonstrates=False))
    assert "sampling.size.rollouts" in RuscaRl().run_error(replace(SPEC, samples=1))
    assert "every 3 steps" in G2RpoA().run_warning(replace(SPEC, steps=2))


@pytest.mark.parametrize(
    ("part", "fields", "field"),
    [
        (Questa, {"shares": ()}, "shares"),
        (Questa, {"shares": (1.5,)}, "shares"),
        (Questa, {"wording": "{hint}"}, "wording"),
        (G2RpoA, {"guided": 0.0}, "guided"),
        (G2RpoA, {"length": 2.0}, "length"),
        (AgainstTrend, {"window": 0}, "rule.window"),
        (TowardsTarget, {"target": 1.0}, "rule.target"),
        (TowardsTarget, {"rate": 0.0}, "rule.rate"),
        (RuscaRl, {"start": -0.1}, "start"),
        (RuscaRl, {"steepness": 0.0}, "steepness"),
    ],
)
def test_impossible_hints_are_refused_by_field(part, fields, field):
    with pytest.raises(
        UsageError, match=rf"sampling\.schedules\.(g2rpo_a|questa|rusca_rl|seele)\.{field} is"
    ):
        part(**fields)


def test_a_play_tells_a_share():
    with pytest.raises(UsageError, match="share"):
        Play(seed=0, decoding=asked(TASK).plays[0].decoding, hint=1.5)
