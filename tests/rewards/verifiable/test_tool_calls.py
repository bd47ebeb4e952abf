"""Calls of tools, part by part."""

import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whet.rewards.verifiable.tool_calls import ToolCalls, alike
from whet.types import Finish, Reason, ToolCall, UsageError


def said(*calls):
    return "".join(f"<tool_call>{json.dumps(call)}</tool_call>" for call in calls)


def call(name, **arguments):
    return {"name": name, "arguments": arguments}


F = call("f", a=1, b=2)


def judged(rolled, reply, *gold, judge=None):
    return (judge or ToolCalls()).score(rolled(reply, "", calls=list(gold)))


def test_the_example_by_hand(rolled):
    verdict = judged(rolled, said(call("f", a=1, b=3)), F)
    assert verdict.parts == {"name": 1, "param": 1, "value": 1, "most": 4, "share": 0.75}
    assert verdict.score == 0.75
    assert (verdict.reason, verdict.correct) == (Reason.PARTIAL, False)
    ranged = ToolCalls(lowest=-3.0, highest=3.0)
    assert judged(rolled, said(call("f", a=1, b=3)), F, judge=ranged).score == 1.5
    assert judged(rolled, "well", F, judge=ranged).score == -3


@pytest.mark.parametrize(
    ("calls", "share"),
    [
        ([F], 1),
        ([call("f", a=1.0, b=2)], 1),
        ([call("f", a="1", b=2.0)], 3 / 4),
        ([call("f", a=1, b=2, c=3)], (1 + 2 / 3 + 2) / 4),
        ([call("f", a=1)], (1 + 1 / 2 + 1) / 4),
        ([call("f")], 1 / 4),
        ([call("g", a=1, b=2)], 0),
        ([F, F], (1 / 2 + 1 + 2) / 4),
        ([call("f", a=1, b=3), F], (1 / 2 + 1 + 2) / 4),
        ([F, call("g")], (1 / 2 + 1 + 2) / 4),
        ([F] * 9, 0),
    ],
)
def test_one_call_by_hand(rolled, calls, share):
    verdict = judged(rolled, said(*calls), F)
    assert verdict.score == pytest.approx(share)
    assert verdict.correct is (share == 1)


def test_order_does_not_count_and_values_are_compared_as_json(rolled):
    gold = [F, call("g", city="Paris", day=[1, {"x": True}])]
    found = [call("g", city="Paris", day=[1.0, {"x": True}]), F]
    assert judged(rolled, said(*found), *gold).correct
    for city, day in (("paris", 1), ("Paris ", 1), ("Paris", "1"), ("Paris", True)):
        other = call("g", city=city, day=[day, {"x": True}])
        assert not judged(rolled, said(F, other), *gold).correct


def test_many_calls_are_matched_in_little_time(rolled):
    gold = [call("f", a=i, b=0) for i in range(40)]
    assert judged(rolled, said(*gold[::-1]), *gold).correct
    assert not judged(rolled, said(*gold[1:], gold[1]), *gold).correct


def test_wanted_calls_that_cannot_be_read_are_a_fault(rolled):
    assert ToolCalls().score(rolled(said(F), "{")).fault
    assert judged(rolled, said(F), {"name": 3}).fault


def test_a_reply_that_is_cut_earns_nothing_where_no_call_is_wanted(rolled):
    cut = rolled("It is", "", finish=Finish.LENGTH, calls=[])
    assert ToolCalls().score(cut).reason is Reason.TRUNCATED


@pytest.mark.parametrize(
    "reply",
    [
        '<think>so</think><tool_call>\n{"name": "f", "parameters": {"a": 1, "b": 2}}\n</tool_call>',
        '<tool_call>[{"name": "f", "arguments": {"a": 1, "b": 2}}]</tool_call>',
        "[f(a=1, b=2)]",
        "```json\n[" + json.dumps(F) + "]\n```",
        "Let me call: " + json.dumps(F),
        json.dumps(
            {"tool_calls": [{"function": {"name": "f", "arguments": json.dumps(F["arguments"])}}]}
        ),
        said({"function": {"name": "f", "arguments": '{"a": 1, "b": 2}'}}),
        '<tool_call>\n{\n"name": "f",\n"arguments": {"a": 1, "b": 2}\n}\n</tool_call>',
    ],
)
def test_ways_to_write_a_call(rolled, reply):
    assert judged(rolled, reply, F).correct


def test_several_lines_in_one_block(rolled):
    block = "\n".join(map(json.dumps, (F, call("g"))))
    assert judged(rolled, f"<tool_call>{block}</tool_call>", F, call("g")).correct


@pytest.mark.parametrize(
    "reply",
    [
        '<tool_call>{"name": "f", "arguments": {"a": 1, "b": 2}, "name": "f"}</tool_call>',
        '<tool_call>{"name": "f", "arguments": {"a": 1, "a": 1, "b": 2}}</tool_call>',
        '<tool_call>{"name": "f", "arguments": {"a": NaN, "b": 2}}</tool_call>',
        "<tool_call>{'name': 'f'}</tool_call>",
        "<tool_call></tool_call>",
        '<tool_call>{"name": 3}</tool_call>',
        '<tool_call>{"name": "f", "arguments": [1]}</tool_call>',
        '<tool_call>{"name": "f", "arguments": {"a": 1, "b": 2}}',
        "<tool_call>" + "[" * 100_000 + "</tool_call>",
        "<tool_call>" + "9" * 100_000 + "</tool_call>",
    ],
)
def test_what_is_no_call(rolled, reply):
    verdict = judged(rolled, reply, F)
    assert (verdict.score, verdict.reason) == (0, Reason.BAD_FORMAT)


def test_a_call_in_thought_is_no_call(rolled):
    assert judged(rolled, f"<think>{said(F)}</think>no", F).score == 0
    assert judged(rolled, f"<think>{said(F)}", F).reason is Reason.TRUNCATED


def test_where_no_call_is_wanted(rolled):
    assert judged(rolled, "It is 42.").score == 1
    assert judged(rolled, said(F)).score == 0
    assert judged(rolled, "").reason is Reason.NO_ANSWER


def test_gold_as_json_and_none_at_all(rolled):
    assert ToolCalls().score(rolled(said(F), json.dumps([F]))).correct
    assert ToolCalls().score(rolled(said(F), "")).fault


def test_a_range_has_two_ends():
    with pytest.raises(UsageError, match="tool_calls.lowest is 1.0 and highest 1.0"):
        ToolCalls(lowest=1.0)


made = st.builds(
    lambda a, b: ToolCall(name="f", arguments={"a": a, "b": b}),
    st.integers(0, 2),
    st.integers(0, 2),
)


@given(st.lists(made, max_size=4), st.lists(made, min_size=1, max_size=4))
def test_no_other_assignment_is_better(found, wanted):
    parts = alike(found, wanted)
    padded = [*found, *[None] * len(wanted)]

    def worth(one, gold):
        if one is None:
            return 0.0
        return 1.0 + sum(one.arguments[key] == gold.arguments[key] for key in gold.arguments)

    orders = permutations(padded, len(wanted))
    best = max(sum(map(worth, order, wanted)) for order in orders)
    assert parts["param"] + parts["value"] == pytest.approx(best)


def test_a_call_with_two_meanings_is_no_call(rolled):
    wanted = [call("f", a=1)]
    for more in ({"parameters": {"a": 2}}, {"function": {"name": "g", "arguments": {}}}):
        verdict = ToolCalls().score(rolled(said({**call("f", a=1), **more}), calls=wanted))
        assert verdict.reason is Reason.BAD_FORMAT and verdict.score == 0


def test_a_wanted_tuple_is_a_list_and_a_wanted_set_is_a_fault(rolled):
    reply = said(call("f", a=[1, 2]))
    assert ToolCalls().score(rolled(reply, calls=[call("f", a=(1, 2))])).correct
    assert ToolCalls().score(rolled(reply, calls=[call("f", a={1, 2})])).fault
    assert ToolCalls().score(rolled(reply, calls=[call("f", a=float("nan"))])).fault
