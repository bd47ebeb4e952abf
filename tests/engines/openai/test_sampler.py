"""A policy behind a server, measured like any other."""

import asyncio
from dataclasses import dataclass
from math import isnan
from typing import Any

import pytest
from wire import reply, serving

from whet.engines.openai.generator import served
from whet.engines.openai.server import Server
from whet.evaluation.measure import EvalConfig, measure
from whet.protocols import Environment, Player
from whet.rewards.verifiable.exact import Exact
from whet.types import Decoding, Finish, Request, Task, UsageError, Version
from whet.types.weights import Drain, Weights


def behind(url, **more):
    return served(Server(model="m", urls=(url,), backoff_s=0.001, **more))


def play(player, task=None, seeds=(1, 2), prefix=(), **decoding):
    task = task or Task(id="t", prompt="6*7?", answer="42")
    request = Request.of(task, seeds, Decoding(**decoding), prefix)
    [group] = asyncio.run(player.play(request))
    return group


def test_a_served_policy_plays():
    def answer(body, n):
        said = reply(f"#{body['seed']}", usage=(5, 4))
        said["choices"][0]["finish_reason"] = "length" if body["seed"] == 2 else "stop"
        return said

    with serving(answer) as (wire, url):
        player = behind(url)
        assert isinstance(player, Player)
        first, second = play(player, max_new_tokens=9, top_p=0.9, stop=("\n",))
        assert first.turns == ("6*7?", "#1") and second.reply == "#2"
        assert first.length == 4 and all(map(isnan, first.behaviour_logp))
        assert (first.finish, second.finish) == (Finish.STOP, Finish.LENGTH)
        assert first.version == player.held() == Version(step=0, digest="served:m")
        assert player.token_counts() == {"prefilled": 10, "shared": 0, "decoded": 8}
        body = wire.bodies[0]
        assert (body["max_tokens"], body["top_p"], body["stop"]) == (9, 0.9, ["\n"])
        assert play(player, max_new_tokens=9, top_p=0.9, stop=("\n",))[0].length == 4  # remembered
        assert len(wire.bodies) == 2


class Twice(Environment):
    """Asks, then asks again."""

    async def play(self, task, policy):
        await policy(task.prompt)
        await policy("sure?")


def test_a_conversation_goes_on():
    chat = ({"role": "system", "content": "be brief"}, {"role": "user", "content": "6*7?"})
    with serving(lambda body, n: reply("42")) as (wire, url):
        [rollout] = play(behind(url).within(Twice()), Task(id="t", prompt=chat), seeds=(2**40 + 7,))
        assert rollout.turns == ("system: be brief\nuser: 6*7?", "42", "sure?", "42")
        assert rollout.length == 6
        assert [m["role"] for m in wire.bodies[1]["messages"]] == [
            "system",
            "user",
            "assistant",
            "user",
        ]
        assert [body["seed"] for body in wire.bodies] == [7, 10]  # after three tokens


def test_an_exam_of_a_served_policy():
    def answer(body, n):
        right = body["temperature"] == 0 or body["seed"] % 2
        return reply("#42" if right else "#41")

    tasks = [Task(id=str(i), prompt=f"{i}", answer="42") for i in range(4)]
    with serving(answer) as (_, url):
        evaluation = EvalConfig(problems=4, samples=4, k=(1, 4))
        asked = measure(behind(url), Exact(), tasks, evaluation, Decoding())
        card = asyncio.run(asked)
    assert card.greedy.value == 1 and 0 < card.pass_at[1].value < 1
    assert card.length == 3 and card.faults == 0


def test_what_a_server_cannot_do_is_refused():
    player = behind("http://127.0.0.1:9/v1")
    with pytest.raises(UsageError, match="trained"):
        asyncio.run(player.update(Weights(player.held(), {}, {}), Drain()))
    with pytest.raises(UsageError, match="top_k"):
        play(player, top_k=5)
    for prefix in ((1, 2), (0,)):
        with pytest.raises(UsageError, match="given tokens"):
            play(player, seeds=(1,), prefix=prefix)


USER = {"role": "user", "content": "1+1"}
CALL = {"type": "function", "id": "a", "function": {"name": "calc", "arguments": {"q": "1+1"}}}
NOT_SENT = {
    "tools": (Task(id="t", prompt=(USER,), tools=({"function": {"name": "f"}},)), "task.tools"),
    "a prefill": (
        Task(id="t", prompt=(USER, {"role": "assistant", "content": "The"})),
        "the assistant's 'The'",
    ),
    "an image": (
        Task(id="t", prompt=({"role": "user", "content": [{"type": "image_url"}]},)),
        "images are not supported",
    ),
}


@pytest.mark.parametrize("name", NOT_SENT)
def test_what_is_not_sent_to_a_server_is_refused_by_name(name):
    task, told = NOT_SENT[name]
    with pytest.raises(UsageError, match=told):
        play(behind("http://127.0.0.1:9/v1"), task, seeds=(1,))


def test_a_call_and_its_result_are_sent_as_the_protocol_has_them():
    chat = (
        USER,
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "2"}]},
    )
    with serving(lambda body, n: reply("2")) as (wire, url):
        [rollout] = play(behind(url), Task(id="t", prompt=chat), seeds=(1,))
    [_, call, result] = wire.bodies[0]["messages"]
    sent = {"type": "function", "id": "a"}
    asked = {"name": "calc", "arguments": '{"q": "1+1"}'}
    assert call == {"role": "assistant", "tool_calls": [sent | {"function": asked}]}
    assert result == {"role": "tool", "tool_call_id": "a", "content": "2"}
    assert rollout.reply == "2"


def test_a_call_that_a_server_makes_unasked_is_no_reply():
    def answer(body, n):
        said = reply("")
        said["choices"][0]["message"] = {"content": None, "tool_calls": [CALL]}
        return said

    with serving(answer) as (_, url), pytest.raises(UsageError, match="tool call"):
        play(behind(url, retries=0), seeds=(1,))


def test_a_reply_counts_as_one_token_at_least():
    with serving(lambda body, n: reply("", usage=(5, 0))) as (_, url):
        [rollout] = play(behind(url), seeds=(1,))
    assert (rollout.reply, rollout.length, len(rollout.token_ids)) == ("", 1, 2)


@dataclass(frozen=True)
class World(Environment):
    """Runs a function."""

    run: Any

    async def play(self, task, policy):
        return await self.run(task, policy)


def test_a_reply_is_never_continued_as_if_it_were_one():
    """A server would answer itself: a new message, where the same was to go on."""

    async def going_on(task, policy):
        await policy(task.prompt)
        await policy("")

    with serving(lambda body, n: reply("42")) as (wire, url):
        with pytest.raises(UsageError, match="observation is empty"):
            play(behind(url).within(World(going_on)), seeds=(1,))
        assert len(wire.bodies) == 1


def test_forks_share_messages_and_nothing_stays():
    async def forking(task, policy):
        await policy(task.prompt)
        one, two = policy.fork(2)
        await two("why?")
        policy.record.generator.end(policy.session)  # the parent's end is not its children's
        await one("sure?")

    with serving(lambda body, n: reply(f"#{n}")) as (wire, url):
        player = behind(url)
        group = play(player.within(World(forking)), seeds=(1,))
        assert [r.turns[2] for r in group] == ["sure?", "why?"]
        assert [[m["role"] for m in body["messages"]] for body in wire.bodies[1:]] == [
            ["user", "assistant", "user"]
        ] * 2
        assert not player.generator.table.known


def test_a_server_that_is_gone_leaves_no_message_behind():
    player = behind("http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(UsageError, match="no chat server answers"):
        play(player, seeds=(1, 2))
    assert not player.generator.table.known
