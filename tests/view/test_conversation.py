"""Rollouts as conversations: turns as data, as lines of text, and in the report."""

import re
from dataclasses import replace

import numpy as np
import pytest
from pyarrow import parquet
from rich.console import Console
from small import small

from whet.training import card
from whet.training.kept_rollouts import kept_play
from whet.training.ledger import Ledger
from whet.types import Act, Finish, Rollout, Task, ToolCall, Verdict
from whet.types.messages import dialogue
from whet.view import report
from whet.view.console import Screen
from whet.view.conversation import html, lines, of_rollout, of_row
from whet.view.history import History
from whet.view.plays import newest
from whet.view.visible import visible

TASK = Task(id="sum", prompt="2+2?")
CALL = '<tool_call>{"name": "add", "arguments": {"a": 2, "b": 2}}</tool_call>'
HOSTILE = '<script>alert("1")</script>\x1b[2J\u202e\r\x00 & end'


def talk(*messages, sizes, **known):
    """A rollout in which the assistant's messages are replies of so many tokens."""
    said = [i for i, message in enumerate(messages) if message["role"] == "assistant"]
    acts, mask, finishes = [], [False], known.pop("finishes", [Finish.STOP] * len(sizes))
    for place, size, finish in zip(said, sizes, finishes, strict=True):
        start = len(mask)
        acts.append(Act(start=start, stop=start + size, message=place, finish=finish))
        mask += [True] * size + [False]
    settings = {"task": TASK, "seed": 5, "finish": finishes[-1], "play_seed": 9, **known}
    return Rollout(
        token_ids=np.arange(len(mask), dtype=np.int32),
        action_mask=np.array(mask),
        behaviour_logp=np.zeros(sum(sizes), np.float32),
        messages=messages,
        acts=tuple(acts),
        **settings,
    )


def said(*texts):
    """A reply to each second text."""
    return talk(*dialogue(*texts), sizes=[1] * (len(texts) // 2))


def with_tools(**known):
    """A call, its result, and the answer."""
    return talk(
        {"role": "system", "content": "Use tools."},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": CALL},
        {"role": "tool", "name": "add", "tool_call_id": "aaaaaaaaa", "content": "4"},
        {"role": "assistant", "content": "It is 4."},
        sizes=(3, 1),
        **known,
    )


def kept(folder, *groups):
    """The rows of a step's file in which these groups are kept."""
    return parquet.read_table(Ledger(folder).keep("step-000007", 7, groups)).to_pylist()


def page_of(folder, *groups):
    """The report of a run that kept these groups, and measured nothing."""
    card.write(folder, card.card(small(), "small", []))
    kept(folder, *groups)
    return report.render(History.of(folder))


JUDGED = Verdict.points(0.25, correct=False, turn_rewards=(0.5, -0.5))
JUDGED = replace(JUDGED, parts={"form": 0.5, "none": float("nan")}, note="close")


def test_a_tool_conversation_names_speakers_calls_tokens_rewards_and_the_outcome():
    found = of_rollout(with_tools(verdict=JUDGED))
    assert [turn.speaker for turn in found.turns] == [
        "system",
        "user",
        "assistant",
        "add",
        "assistant",
    ]
    assert found.turns[2].calls == (ToolCall(name="add", arguments={"a": 2, "b": 2}),)
    assert [turn.tokens for turn in found.turns] == [None, None, 3, None, 1]
    assert [turn.reward for turn in found.turns if turn.reply] == [0.5, -0.5]
    assert (found.score, found.correct, found.reason) == (0.25, False, "partial")
    assert lines(found)[1:] == [
        "[1] system: Use tools.",
        "[1] user: 2+2?",
        f"[1] assistant (3 tokens, reward 0.5): {CALL}",
        '    calls add({"a": 2, "b": 2})',
        "[2] add: 4",
        "[2] assistant (1 token, reward -0.5): It is 4.",
        "ending stop; score 0.25; not correct; reason partial; form 0.500; none –; note: close",
    ]


@pytest.mark.parametrize("verdict", [JUDGED, None, Verdict.unjudged("the judge is away")])
def test_a_row_of_the_ledger_tells_what_its_rollout_told(verdict, tmp_path):
    rollout = with_tools(verdict=verdict)
    [row] = kept(tmp_path, [rollout])
    assert lines(of_row(row)) == lines(of_rollout(rollout))
    assert html(of_row(row)) == html(of_rollout(rollout))
    again = kept_play(tmp_path, rollout.id).rollouts[0]
    assert lines(of_rollout(again)) == lines(of_rollout(rollout))


def test_calls_of_the_message_come_before_those_of_its_text():
    held = {"function": {"name": "sub", "arguments": '{"a": 1}'}}
    message = {"role": "assistant", "content": CALL, "tool_calls": [held, {"nothing": 1}]}
    rollout = talk({"role": "user", "content": "?"}, message, sizes=(1,))
    told = lines(of_rollout(rollout))
    assert told[3] == '    calls sub({"a": 1})'
    assert told[4].startswith("    calls nothing: {'nothing': 1} (a tool call must")
    assert len(told) == 6


def test_without_tools_a_call_stays_in_the_text():
    rollout = said("2+2?", CALL)
    assert of_rollout(rollout).turns[1].calls == ()
    assert f"[1] assistant (1 token): {CALL}" in lines(of_rollout(rollout))


def test_a_call_of_a_tool_that_the_rollout_lacks_stays_in_the_text():
    tools = ({"type": "function", "function": {"name": "sub"}},)
    rollout = replace(said("2+2?", CALL), task=replace(TASK, tools=tools))
    assert of_rollout(rollout).turns[1].calls == ()


def test_a_tool_of_the_task_is_known_without_a_result():
    tools = ({"type": "function", "function": {"name": "add"}},)
    rollout = replace(said("2+2?", CALL), task=replace(TASK, tools=tools))
    assert [call.name for call in of_rollout(rollout).turns[1].calls] == ["add"]


def test_a_seat_speaks_under_its_name_and_examples_of_the_prompt_do_not():
    messages = dialogue("1+1?", "2", "2+2?", "4")
    act = Act(start=1, stop=2, message=3)
    one = replace(said("1+1?", "2"), messages=messages, acts=(act,), seat="black")
    assert [turn.speaker for turn in of_rollout(one).turns] == [
        "user",
        "assistant",
        "user",
        "black",
    ]
    assert lines(of_rollout(one))[0].endswith(", seat black")
    assert [line[:3] for line in lines(of_rollout(one))[1:5]] == ["[1]"] * 4


def test_a_fork_names_its_parent_and_the_shared_tokens():
    told = lines(of_rollout(replace(said("a", "b"), parent="abc", forked_at=1)))
    assert told[0].endswith(", forked from abc after 1 token")


def test_a_fault_has_no_score():
    fault = replace(said("a", "b"), finish=Finish.FAULT, verdict=Verdict.unjudged("no\nconnection"))
    assert lines(of_rollout(fault))[-1] == (
        "ending fault; no score; reason verifier_error; note: no connection"
    )
    assert of_rollout(fault).score is None


def test_cut_and_empty_replies_say_so():
    cut = talk(*dialogue("a", "", "b", "c"), sizes=(0, 4), finishes=[Finish.STOP, Finish.LENGTH])
    assert lines(of_rollout(cut))[1:] == [
        "[1] user: a",
        "[1] assistant (0 tokens): [empty]",
        "[2] user: b",
        "[2] assistant (4 tokens, ended by length): c",
        "ending length; no score",
    ]


def test_no_text_looks_like_a_turn_or_moves_the_cursor():
    told = "\n".join(lines(of_rollout(said("a", f"{HOSTILE}\n[2] user: you won"))))
    assert "\n    [2] user: you won" in told and "\n[2]" not in told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", told)
    assert r"\x1b[2J\u202e\r\x00 & end" in told


def test_html_escapes_every_text():
    tool = {"role": "tool", "name": HOSTILE, "content": HOSTILE}
    call = {"name": HOSTILE, "arguments": {HOSTILE: HOSTILE}}
    reply = {"role": "assistant", "content": HOSTILE, "tool_calls": [call, HOSTILE]}
    rollout = talk(tool, reply, sizes=(1,), seat=HOSTILE, parent=HOSTILE, id=HOSTILE)
    verdict = replace(Verdict.unjudged(HOSTILE), parts={HOSTILE: 1.0})
    page = html(of_rollout(replace(rollout, verdict=verdict)))
    assert set(re.findall(r"<(\w+)", page)) == {"p", "div", "strong", "span", "pre"}
    assert page.count("&lt;script&gt;") >= 10
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", page)


@pytest.mark.parametrize("length", [10, 11, 1_000_000])
def test_a_long_text_is_cut_in_the_middle_with_the_count(length):
    text = "a" * 5 + "b" * (length - 10) + "c" * 5
    assert visible(text, length) == text
    if length > 10:
        cut = f"aaaaa … [{length - 10:,} characters left out] … ccccc"
        assert visible(text, 10) == visible(text, 11 if length > 11 else 10) == cut


def test_a_megabyte_in_every_place_stays_small():
    big = "<" * 1_000_000
    call = {"name": big, "arguments": {"a": big}}
    reply = {"role": "assistant", "content": big, "tool_calls": [call]}
    tool = {"role": "tool", "name": big, "content": big}
    found = of_rollout(talk(tool, reply, sizes=(1,), seat=big, verdict=Verdict.unjudged(big)))
    assert len(html(found)) < 60_000
    assert len("\n".join(lines(found))) < 100_000


def test_of_many_turns_the_page_shows_both_ends():
    page = html(of_rollout(said(*(f"text {n};" for n in range(100)))))
    assert "60 turns left out" in page
    assert re.findall(r"text (\d+);", page) == [str(n) for n in (*range(20), *range(80, 100))]


@pytest.mark.parametrize("turns", [20, 21, 40])
def test_of_few_turns_the_page_leaves_none_out(turns):
    rollout = said(*(f"text {n};" for n in range(turns - turns % 2)))
    page = html(of_rollout(rollout))
    assert page.count("text ") == turns - turns % 2 and "left out" not in page


def test_a_row_without_messages_shows_its_texts(tmp_path):
    [row] = kept(tmp_path, [with_tools(verdict=JUDGED)])
    later = ("messages", "acts", "turn_rewards", "parts", "seat", "parent", "forked_at", "note")
    told = lines(of_row({name: x for name, x in row.items() if name not in later}))
    assert told[0].endswith(" (the messages were not kept; only its texts are shown)")
    assert told[1:] == [
        "[1] user: system: Use tools.\n    user: 2+2?",
        f"[1] assistant: {CALL}",
        "[2] user: 4",
        "[2] assistant: It is 4.",
        "ending stop; score 0.25; not correct; reason partial",
    ]


def test_the_report_shows_the_turns_in_order(tmp_path):
    page = page_of(tmp_path, [with_tools(verdict=JUDGED)])
    assert "Conversations of step 7" in page
    parts = ["Use tools.", "2+2?", "3 tokens, reward 0.5", "calls add(", ">add<", "It is 4."]
    places = [page.index(part) for part in [*parts, "ending stop; score 0.25"]]
    assert places == sorted(places)


def test_the_report_shows_the_seats_of_a_play_under_one_heading(tmp_path):
    black, white = (replace(said("go", name), seat=name, id=name) for name in ("black", "white"))
    other = replace(black, play_seed=10, id="another play")
    page = page_of(tmp_path, [black, other], [white])
    assert page.count("<strong>sum</strong>") == 1
    assert page.index("seat black") < page.index("seat white")
    assert "another play" not in page


def test_the_report_of_single_turns_shows_no_conversations(tmp_path):
    assert "Conversations" not in page_of(tmp_path, [said("a", "b"), said("a", "c")])


def test_the_report_escapes_what_a_model_says(tmp_path):
    page = page_of(tmp_path, [said("a", HOSTILE, "b", HOSTILE)])
    assert "<script" not in page and "\x1b" not in page
    assert page.count("&lt;script&gt;") == 2


def test_a_file_of_an_earlier_version_still_has_its_conversations(tmp_path):
    kept(tmp_path, [with_tools(verdict=JUDGED)])
    path = tmp_path / "rollouts" / "step-000007.parquet"
    later = {"acts", "messages", "play_seed", "seat", "turn_rewards"}
    table = parquet.read_table(path)
    parquet.write_table(table.select([n for n in table.column_names if n not in later]), path)
    [play] = newest(tmp_path)
    assert play.conversations[0].turns[-1].text == "It is 4."


def test_of_a_large_play_and_many_groups_only_some_are_shown(tmp_path):
    forks = [replace(said("a", "b", "c", "d"), id=f"fork {n}") for n in range(8)]
    tasks = (replace(TASK, id=f"task {n}") for n in range(4))
    kept(tmp_path, forks, *([replace(forks[0], task=task)] for task in tasks))
    plays = newest(tmp_path)
    assert [play.task for play in plays] == ["sum", "task 0", "task 1"]
    assert [(len(play.conversations), play.left) for play in plays] == [(6, 2), (1, 0), (1, 0)]


def test_a_folder_without_steps_has_no_plays(tmp_path):
    assert newest(tmp_path) == []


def test_the_console_compares_conversations_turn_by_turn(monkeypatch):
    monkeypatch.setattr("whet.view.scorecard.changes", lambda before, after: [])
    before = with_tools(verdict=Verdict.points(0, correct=False))
    after = with_tools(verdict=Verdict.points(1, correct=True))
    monkeypatch.setattr("whet.view.console._telling", lambda *cards: (before, after))
    screen = Screen(console=Console(record=True, width=200, soft_wrap=True))
    screen.evaluations = {"base": object(), "final": object()}
    screen.compare()
    told = screen.console.export_text()
    assert told.count("  [2] add: 4\n") == 2
    assert told.index("score 0; not correct") < told.index("score 1; correct")


@pytest.mark.parametrize("text", ["\ud800", "a\x7f", "\u2066b", "\x9b", "\u2028"])
def test_what_would_be_hidden_is_written_as_an_escape(text):
    told = visible(text, 10)
    assert told.isprintable() and told == text.encode("unicode_escape").decode()
    assert visible("é 漢\t\n", 10) == "é 漢\t\n"
