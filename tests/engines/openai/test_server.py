"""The client of OpenAI-compatible servers, over real sockets."""

import asyncio
import json
import logging
import pickle
import threading
import time
from math import log

import pytest
from recorded import recorded
from wire import eventually, hang, hang_until, reply, serving

from whet.engines.openai.server import Price, Server
from whet.engines.openai.transport import Busy, ServerError
from whet.protocols import ChatModel
from whet.rewards.generative.pointwise import Expected, Pointwise
from whet.rewards.generative.reasoning_judge import Confidence, ReasoningJudge
from whet.rewards.judging import context_of, verdicts
from whet.types import ChatDecoding, Group, Task, UsageError

CHAT = ({"role": "user", "content": "6 * 7?"},)
QUICK = {"model": "m", "backoff_s": 0.001}


def ask(server, *askings, messages=CHAT):
    async def all_of_them():
        questions = (
            server.complete(messages, decoding) for decoding in askings or (ChatDecoding(),)
        )
        return await asyncio.gather(*questions)

    return asyncio.run(all_of_them())


def rolled(text):
    task = Task(id="t", prompt="6 * 7?", answer="42")
    return recorded(
        task=task, seed=0, turns=("6 * 7?", text), tokens=(), chosen=(), behaviour_logp=()
    )


def judged(judge, *texts):
    return asyncio.run(verdicts(Group.of([rolled(text) for text in texts]), judge, context_of()))


def test_a_question_and_its_answer():
    with serving(lambda body, n: reply("42")) as (wire, url):
        server = Server(urls=(url,), price=Price(prompt=1e6, reply=2e6), **QUICK)
        [[said]] = ask(server, ChatDecoding(temperature=0.5, max_new_tokens=9, seed=3))
        spent = server.usage()
    assert said.text == "42" and (said.prompt_tokens, said.reply_tokens) == (7, 3)
    assert said.top is None
    assert wire.paths == ["/v1/chat/completions"] and wire.keys == [None]
    assert wire.bodies == [
        {"model": "m", "messages": list(CHAT), "temperature": 0.5, "max_tokens": 9, "seed": 3}
    ]
    assert spent == {
        "requests": 1,
        "retries": 0,
        "cached": 0,
        "prompt_tokens": 7,
        "reply_tokens": 3,
        "cost": 13.0,
    }


@pytest.mark.parametrize(
    "bad",
    [
        (429, {"error": "slow down"}, {"Retry-After": "0"}),
        (500, b"<html>oops</html>"),
        (503, {}),
        (200, b"\x00garbage"),
        (200, b"[]"),
    ],
    ids=["429", "500", "503", "garbage", "no object"],
)
def test_what_may_pass_is_tried_again(bad):
    with serving(lambda body, n: reply("42") if n == 3 else bad) as (wire, url):
        server = Server(urls=(url,), **QUICK)
        [[said]] = ask(server)
        assert said.text == "42" and server.usage()["retries"] == 2
        assert len(wire.bodies) == 3


def test_tries_are_used_up():
    with serving(lambda body, n: (500, b"oops")) as (wire, url):
        with pytest.raises(Busy, match="500.*oops"):
            ask(Server(urls=(url,), retries=2, **QUICK))
        assert len(wire.bodies) == 3


@pytest.mark.parametrize(
    "bad",
    [(400, b"too long"), (422, b"what?"), (200, {"error": "no"}), (200, {"choices": []}),
     (200, {"choices": [{"message": {"content": 5}}]}), (307, b"", {"Location": "/elsewhere"})],
)  # fmt: skip
def test_what_will_not_pass_is_asked_once(bad):
    with serving(lambda body, n: bad) as (wire, url):
        with pytest.raises(ServerError):
            ask(Server(urls=(url,), **QUICK))
        assert len(wire.bodies) == 1


def test_a_server_that_hangs_is_given_up():
    with serving(lambda body, n: hang(1.5) if n in (1, 3) else reply("42")) as (_, url):
        start = time.perf_counter()
        [[said]] = ask(Server(urls=(url,), timeout_s=0.3, **QUICK))
        assert said.text == "42"
        assert time.perf_counter() - start > 0.29
        with pytest.raises(Busy, match="timed out"):
            ask(Server(urls=(url,), timeout_s=0.2, retries=0, **QUICK))


def test_nobody_there_and_somebody_elsewhere():
    gone = "http://127.0.0.1:9/v1"
    with pytest.raises(Busy, match="127.0.0.1:9"):
        ask(Server(urls=(gone,), retries=1, **QUICK))
    with serving(lambda body, n: reply("42")) as (wire, url):
        server = Server(urls=(gone, url), **QUICK)
        assert ask(server)[0][0].text == "42"
    with (
        serving(lambda b, n: reply("1")) as (one, first),
        serving(lambda b, n: reply("2")) as (
            two,
            second,
        ),
    ):
        server = Server(urls=(first, second), **QUICK)
        ask(server, *(ChatDecoding(seed=i) for i in range(6)))
        assert len(one.bodies) == len(two.bodies) == 3


def test_the_key_comes_from_the_environment(monkeypatch):
    def answer(body, n):
        return (401, {"error": "bad key"}) if n > 1 else reply("42")

    with serving(answer) as (wire, url):
        server = Server(urls=(url,), key_env="WHET_TEST_KEY", **QUICK)
        monkeypatch.delenv("WHET_TEST_KEY", raising=False)
        with pytest.raises(UsageError, match="WHET_TEST_KEY"):
            ask(server)
        monkeypatch.setenv("WHET_TEST_KEY", "s3cret")
        ask(server)
        assert wire.keys == ["Bearer s3cret"]
        with pytest.raises(UsageError, match="key_env") as refusal:
            ask(server, ChatDecoding(seed=1))
        assert "s3cret" not in str(refusal.value) + repr(server)


def test_no_log_shows_the_key(monkeypatch, caplog):
    monkeypatch.setenv("WHET_TEST_KEY", "s3cret")
    with caplog.at_level(logging.DEBUG), serving(lambda body, n: reply("42")) as (wire, url):
        ask(Server(urls=(url,), key_env="WHET_TEST_KEY", **QUICK))
    assert wire.keys == ["Bearer s3cret"]
    assert caplog.text and "s3cret" not in caplog.text


def test_a_cancelled_question_leaves_its_place_to_another():
    done = threading.Event()

    def answer(body, n):
        return hang_until(done) if body["seed"] == 0 else reply("42")

    async def impatient(server):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(server.complete(CHAT, ChatDecoding()), 0.2)
        return await server.complete(CHAT, ChatDecoding(seed=1))

    with serving(answer) as (_, url):
        server = Server(urls=(url,), concurrency=1, timeout_s=30, **QUICK)
        [said] = asyncio.run(asyncio.wait_for(impatient(server), 10))
        assert said.text == "42" and not done.is_set()
        done.set()


def test_connections_are_kept_and_end_with_the_event_loop():
    async def three(server):
        for seed in range(3):
            await server.complete(CHAT, ChatDecoding(seed=seed))

    with serving(lambda body, n: reply("42")) as (wire, url):
        asyncio.run(three(Server(urls=(url,), **QUICK)))
        assert wire.connections == 1
        assert eventually(lambda: wire.open == 0)


def test_a_probe_that_fails_answers_all_that_wait_for_it():
    server = Server(model="probed", urls=("http://127.0.0.1:9/v1",), retries=0)

    async def several():
        questions = (server.complete(CHAT, ChatDecoding(top=2, seed=i)) for i in range(9))
        return await asyncio.gather(*questions, return_exceptions=True)

    assert all(isinstance(error, Busy) for error in asyncio.run(several()))
    assert server.usage()["requests"] == 1
    asyncio.run(several())  # and the next ones try again
    assert server.usage()["requests"] == 2


def test_a_model_that_nobody_knows_is_refused():
    gone = serving(lambda body, n: (404, {"error": "no such model"}))
    with gone as (_, url), pytest.raises(UsageError, match=r"server\.model"):
        ask(Server(urls=(url,), **QUICK))


def test_so_many_at_once_and_no_more():
    def slow(body, n):
        time.sleep(0.05)
        return reply("42")

    with serving(slow) as (wire, url):
        server = Server(urls=(url,), concurrency=3, **QUICK)
        ask(server, *(ChatDecoding(seed=i) for i in range(12)))
    assert 1 < wire.most <= 3 and len(wire.bodies) == 12


def test_the_same_question_is_paid_for_once(tmp_path):
    with serving(lambda body, n: reply(f"{n}", usage=(n, n))) as (wire, url):
        server = Server(urls=(url,), cache=str(tmp_path), **QUICK)
        [[first]] = ask(server)
        [[again]] = ask(server)
        assert again.text == first.text == "1"
        assert not first.remembered and again.remembered
        assert first.prompt_tokens == again.prompt_tokens == 1
        for other in (
            ChatDecoding(seed=1),
            ChatDecoding(temperature=1.0),
            ChatDecoding(max_new_tokens=5),
        ):
            assert ask(server, other)[0][0].text != "1"
        assert ask(server, messages=({"role": "user", "content": "else"},))[0][0].text != "1"
        assert server.usage()["cached"] == 1 and len(wire.bodies) == 5
        # another client, the same folder and model
        copy = Server(urls=(url, url), cache=str(tmp_path), **QUICK)
        assert ask(copy)[0][0].text == "1" and copy.usage()["requests"] == 0
        other = Server(urls=(url,), cache=str(tmp_path), model="other", backoff_s=0.001)
        assert ask(other)[0][0].text == "6"


def test_a_broken_file_was_never_written(tmp_path):
    with serving(lambda body, n: reply("42")) as (wire, url):
        ask(Server(urls=(url,), cache=str(tmp_path), **QUICK))
        [file] = tmp_path.rglob("*.json")
        assert "6 * 7" not in file.read_text()
        file.write_text('[{"text": ')
        assert ask(Server(urls=(url, url), cache=str(tmp_path), **QUICK))[0][0].text == "42"
        assert json.loads(file.read_text())[0]["text"] == "42" and len(wire.bodies) == 2


def several(body, n):
    return reply(*(f"{body['seed']}.{i}" for i in range(body.get("n", 1))), usage=(7, 5))


def test_several_samples_come_at_once_where_the_server_can():
    with serving(several) as (wire, url):
        server = Server(urls=(url,), **QUICK)
        [said] = ask(server, ChatDecoding(samples=3, temperature=1.0, seed=5))
        assert [one.text for one in said] == ["5.0", "5.1", "5.2"]
        assert [one.prompt_tokens for one in said] == [7, 0, 0]
        assert [one.reply_tokens for one in said] == [2, 2, 1]
        ask(server, ChatDecoding(samples=2, temperature=1.0, seed=6))
        assert [body.get("n") for body in wire.bodies] == [2, 3, 2]  # the first one is a probe


@pytest.mark.parametrize("bad", [None, (400, b"n must be 1"), (500, b"IndexError")])
def test_or_one_by_one_each_with_its_own_seed(bad):
    def single(body, n):
        return bad if bad and "n" in body else reply(str(body["seed"]))

    with serving(single) as (wire, url):
        server = Server(urls=(url,), retries=0, **QUICK)
        [said] = ask(server, ChatDecoding(samples=3, temperature=1.0, seed=5))
        assert [one.text for one in said] == ["5", "6", "7"]
        assert len(wire.bodies) == 4


def told(body, n):
    """p(yes) = 0.93, whatever the question."""
    top = [{"token": t, "logprob": log(p)} for t, p in (("yes", 0.93), ("no", 0.07))]
    content = [{"token": "yes", "logprob": top[0]["logprob"], "top_logprobs": top}]
    return reply("Verdict: yes", logprobs={"content": content} if "logprobs" in body else None)


def test_log_probabilities_where_the_server_tells_them():
    with serving(told) as (wire, url):
        server = Server(urls=(url,), **QUICK)
        judge = ReasoningJudge(chat_model=server, belief=Confidence(), decoding=ChatDecoding())
        found = judged(judge, "42", "41")
        assert [v.score for v in found] == [pytest.approx(0.93)] * 2
        assert found[0].parts["soft"] == 1
        assert len(wire.bodies) == 3  # one probe for both
        assert wire.bodies[-1]["top_logprobs"] == 20


@pytest.mark.parametrize("silent", [reply("5"), (400, b"no logprobs here")])
def test_a_server_without_them_is_asked_for_them_once(silent):
    def answer(body, n):
        return silent if "logprobs" in body else reply("5")

    with serving(answer) as (wire, url):
        server = Server(urls=(url,), **QUICK)
        judge = Pointwise(chat_model=server, scale=Expected(low=0, high=9))
        assert [v.score for v in judged(judge, "42", "41")] == [pytest.approx(5 / 9)] * 2
        assert ["logprobs" in body for body in wire.bodies] == [True, False, False]


@pytest.mark.parametrize("knows", [True, False])
def test_schemas_go_to_servers_that_know_them(knows):
    def answer(body, n):
        if "response_format" in body and not knows:
            return 422, b"response_format?"
        return reply('{"score": 4}')

    with serving(answer) as (wire, url):
        server = Server(urls=(url,), **QUICK)
        [verdict] = judged(Pointwise(chat_model=server), "42")
        assert verdict.score == pytest.approx(3 / 9)
        assert ["response_format" in body for body in wire.bodies] == [True, knows]
    shape = wire.bodies[0]["response_format"]["json_schema"]
    assert shape["strict"] and shape["schema"]["required"] == ["yes"]


def test_a_judge_whose_server_is_gone_is_a_fault_and_no_zero():
    judge = Pointwise(chat_model=Server(urls=("http://127.0.0.1:9/v1",), retries=0, **QUICK))
    found = judged(judge, "42", "41")
    assert all(v.fault and "127.0.0.1:9" in v.note for v in found)


def test_a_server_is_a_value():
    server = Server(model="m", cache="somewhere")
    assert isinstance(server, ChatModel)
    assert pickle.loads(pickle.dumps(server)) == server and hash(server) == hash(server)
    assert hash(Pointwise(chat_model=server)) == hash(Pointwise(chat_model=server))


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": ""},
        {"urls": ()},
        {"urls": ("localhost:8000",)},
        {"urls": ("http://",)},
        {"urls": ("https://me:s3cret@host/v1",)},
        {"concurrency": 0},
        {"retries": -1},
        {"timeout_s": 0.0},
        {"backoff_s": -1.0},
    ],
)
def test_wrong_settings_are_refused_in_a_line(wrong):
    with pytest.raises(UsageError, match="server") as refusal:
        Server(**{"model": "m"} | wrong)
    assert "\n" not in str(refusal.value) and "s3cret" not in str(refusal.value)
