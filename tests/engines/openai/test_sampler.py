"""A policy behind a server, measured like any other."""

import asyncio
from math import isnan

import pytest
from wire import reply, serving

from whet.engines.openai.generator import served
from whet.engines.openai.server import Server
from whet.evaluation.measure import Exam, measure
from whet.protocols import Environment, Player
from whet.rewards.verifiable.exact import Exact
from whet.types import Decoding, Finish, Refusal, Request, Task, Version
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
        first, second = play(player, length=9, top_p=0.9, stop=("\n",))
        assert first.turns == ("6*7?", "#1") and second.reply == "#2"
        assert first.length == 4 and all(map(isnan, first.behaviour_logp))
        assert (first.finish, second.finish) == (Finish.STOP, Finish.LENGTH)
        assert first.version == player.held() == Version(step=0, digest="served:m")
        assert player.token_counts() == {"prefilled": 10, "shared": 0, "decoded": 8}
        body = wire.bodies[0]
        assert (body["max_tokens"], body["top_p"], body["stop"]) == (9, 0.9, ["\n"])
        assert play(player, length=9, top_p=0.9, stop=("\n",))[0].length == 4  # remembered
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
        exam = Exam(problems=4, samples=4, k=(1, 4))
        asked = measure(behind(url), Exact(), tasks, exam, Decoding())
        card = asyncio.run(asked)
    assert card.greedy.value == 1 and 0 < card.pass_at[1].value < 1
    assert card.length == 3 and card.faults == 0


def test_what_a_server_cannot_do_is_refused():
    player = behind("http://127.0.0.1:9/v1")
    with pytest.raises(Refusal, match="trained"):
        asyncio.run(player.update(Weights(player.held(), {}, {}), Drain()))
    with pytest.raises(Refusal, match="top_k"):
        play(player, top_k=5)
    for prefix in ((1, 2), (0,)):
        with pytest.raises(Refusal, match="given tokens"):
            play(player, seeds=(1,), prefix=prefix)


def test_a_reply_counts_as_one_token_at_least():
    with serving(lambda body, n: reply("", usage=(5, 0))) as (_, url):
        [rollout] = play(behind(url), seeds=(1,))
    assert (rollout.reply, rollout.length, len(rollout.token_ids)) == ("", 1, 2)
