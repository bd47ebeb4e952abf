"""`whet eval MODEL --server URL`: what a server does, and what becomes of it."""

import json
import threading
from math import isnan

import pytest
from wire import hang, reply, serving

from whet.cli.main import main
from whet.evaluation.sample_file import read_samples
from whet.types import Finish, Reason

COUNT = 6
SYSTEM = ("--system-prompt", "Say the number.")


@pytest.fixture
def asked(tmp_path, monkeypatch, capsys):
    """Evaluate: the exit code, the JSON document, the line of an error, and the samples."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("whet.engines.openai.server._LONGEST_S", 0.001)  # of a wait
    lines = [json.dumps({"prompt": f"{i}", "answer": f"{i}"}) + "\n" for i in range(COUNT)]
    (tmp_path / "tasks.jsonl").write_text("".join(lines))

    def evaluated(url, *words, samples=2):
        tail = ("--samples", str(samples), "--k", "1", "--out", "samples.jsonl", "--json")
        head = ("eval", "m", "--server", url, "--tasks", "tasks.jsonl", "--reward", "exact")
        code = main((*head, *tail, *words))
        out, err = capsys.readouterr()
        assert len(err.strip().splitlines()) == (code != 0), err
        kept = tmp_path / "samples.jsonl"
        rows = read_samples(kept) if kept.exists() and kept.stat().st_size else ()
        return code, json.loads(out) if out else {}, err, rows

    return evaluated


def question(body):
    return body["messages"][-1]["content"]


def echoed(body, n=0):
    """The number that was asked for."""
    del n
    return reply(f"#{question(body)}")


def test_replies_are_judged_and_recorded_as_the_server_tells(asked):
    def answer(body, n):
        said = echoed(body)
        if question(body) == "3":
            said["choices"][0]["finish_reason"] = "length"
        return said

    with serving(answer) as (wire, url):
        code, told, _, rows = asked(url, *SYSTEM, "--max-new-tokens", "9", "--temperature", "0.7")
    five = 5 / 6  # an answer that may have been cut is none
    assert code == 0 and told["greedy"]["value"] == told["pass_at"]["1"]["value"] == five
    assert told["policy_digest"] == "served:m" and told["tokens"] == 3 * 18
    assert [note for note in told["notes"] if "plain text" in note] == []
    assert len(rows) == COUNT * 3
    assert {(row.tokens, row.prompt_tokens) for row in rows} == {(3, 7)}
    assert all(isnan(row.logp) for row in rows)
    cut = {row.problem for row in rows if row.finish is Finish.LENGTH}
    assert cut == {"tasks.jsonl:4"} and told["sampled_replies"]["truncated"] == 2
    sampled = [body for body in wire.bodies if body["temperature"]]
    assert {body["max_tokens"] for body in wire.bodies} == {9}
    assert {body["temperature"] for body in wire.bodies} == {0.0, 0.7}
    assert sorted(body["seed"] for body in sampled) == sorted(
        row.seed % 2**31 for row in rows if not row.greedy
    )


def test_plain_text_is_a_message_of_the_user_and_that_is_said(asked):
    with serving(echoed) as (wire, url):
        _, told, _, _ = asked(url)
    assert {len(body["messages"]) for body in wire.bodies} == {1}
    assert any("6 of 6 prompts are plain text" in note for note in told["notes"])


def test_tokens_that_the_server_does_not_count_are_not_known(asked):
    def answer(body, n):
        said = echoed(body)
        if question(body) == "2":
            del said["usage"]
        return said

    with serving(answer) as (_, url):
        _, told, _, rows = asked(url)
    unknown = [row for row in rows if row.tokens is None]
    assert {row.problem for row in unknown} == {"tasks.jsonl:3"} and len(unknown) == 3
    assert {row.prompt_tokens for row in unknown} == {None}
    assert told["length"] is None and told["greedy_length"] is None
    assert told["sampled_replies"]["uncounted"] == 2 and told["tokens"] == 3 * 15
    assert told["pass_at"]["1"]["value"] == 1.0
    assert main(("compare", "samples.jsonl", "samples.jsonl", "--json")) == 0


PASSING = {1: (429, {}, {"Retry-After": "0"}), 2: (503, {}), 4: (500, b"<html>"), 7: b"\0"}


@pytest.mark.parametrize("but", PASSING)
def test_what_passes_is_tried_again_and_changes_nothing(but, asked):
    """All three may be the answers of one request, which is tried three times more."""
    bad = {n: answer for n, answer in PASSING.items() if n != but}
    with serving(lambda body, n: bad.get(n, echoed(body))) as (wire, url):
        code, told, _, rows = asked(url)
    assert code == 0 and told["pass_at"]["1"]["value"] == 1.0
    assert len(wire.bodies) == len(rows) + len(bad)
    assert told["faults"] == 0


def test_a_server_that_dies_stops_the_evaluation_which_goes_on_from_there(asked):
    def dying(body, n):
        return echoed(body) if n <= 9 else (503, {"error": "shutting down"})

    with serving(dying) as (_, url):
        code, _, err, kept = asked(url, "--concurrency", "1")
    assert code == 3 and "whet: stopped, because the server no longer answers" in err
    assert "9 replies" in err and "HTTP 503" in err
    assert len(kept) == 8  # six greedy ones, and both samples of the first task

    with serving(echoed) as (wire, url):
        code, told, _, whole = asked(url)
    assert code == 0 and len(whole) == 18 and told["pass_at"]["1"]["value"] == 1.0
    assert len(wire.bodies) == 18 - len(kept)
    names = [(row.problem, row.greedy, row.index, row.seed) for row in (*whole, *kept)]
    assert names[:8] == names[18:] and len(set(names[:18])) == 18


def test_nobody_there_is_a_wrong_address(asked):
    code, _, err, rows = asked("http://127.0.0.1:9/v1")
    assert code == 2 and "server.urls is http://127.0.0.1:9/v1" in err and rows == ()


def test_an_address_without_a_chat_is_named(asked):
    with serving(lambda body, n: (404, {"detail": "Not Found"})) as (_, url):
        code, _, err, _ = asked(url)
    assert code == 2 and "server.model is 'm'" in err and "HTTP 404" in err
    with serving(lambda body, n: {"hello": "world"}) as (_, url):
        code, _, err, _ = asked(url)
    assert code == 2 and "no chat server answers" in err


def test_a_question_that_is_refused_is_named_with_what_the_server_says(asked):
    long = (400, {"error": {"message": "maximum context length is 16 tokens"}})
    with serving(lambda body, n: long if question(body) == "5" else echoed(body)) as (_, url):
        code, _, err, _ = asked(url)
    assert code == 2 and "'5'" in err and "maximum context length is 16 tokens" in err
    assert "tasks.jsonl:6" in err


WITHHELD = {
    "a call of a tool": ({"content": None, "tool_calls": [{"function": {"name": "f"}}]}, "stop"),
    "a filter": ({"content": ""}, "content_filter"),
    "a number": ({"content": 7}, "stop"),
}


@pytest.mark.parametrize("name", WITHHELD)
def test_a_reply_that_cannot_be_used_is_a_fault_and_no_wrong_one(name, asked):
    message, why = WITHHELD[name]

    def answer(body, n):
        said = echoed(body)
        if n > 1 and question(body) == "5":
            said["choices"][0] |= {"message": message, "finish_reason": why}
        return said

    with serving(answer) as (_, url):
        code, told, _, rows = asked(url, "--concurrency", "1")
    faults = [row for row in rows if row.fault]
    assert code == 0 and told["faults"] == len(faults) == 3
    assert {(r.problem, r.correct, r.reason, r.finish) for r in faults} == {
        ("tasks.jsonl:6", None, Reason.VERIFIER_ERROR, Finish.FAULT)
    }
    assert told["pass_at"]["1"]["value"] == 1.0 and told["pass_at"]["1"]["least"] < 1


def test_a_server_without_seeds_is_asked_without_them(asked):
    def answer(body, n):
        return (422, {"detail": "seed: extra"}) if "seed" in body else echoed(body)

    with serving(answer) as (wire, url):
        code, told, _, rows = asked(url, "--concurrency", "1")
    assert code == 0 and len(rows) == 18
    assert any("takes no seeds" in note for note in told["notes"])
    assert sum("seed" not in body for body in wire.bodies) == 18


def test_a_server_that_samples_nothing_is_noticed(asked):
    with serving(echoed) as (_, url):
        _, told, _, _ = asked(url, samples=3)
    assert any("all 3 samples of every problem are the same text" in n for n in told["notes"])


def test_one_problem_with_two_texts_is_enough(asked):
    def answer(body, n):
        odd = question(body) == "5" and body["seed"] % 2
        return reply("#9") if odd else echoed(body)

    with serving(answer) as (_, url):
        _, told, _, rows = asked(url, samples=6)
    assert len({row.text for row in rows if row.problem == "tasks.jsonl:6"}) == 2
    assert not any("the same text" in note for note in told["notes"])


def test_a_server_that_hangs_is_given_up_by_the_timeout(asked):
    with serving(lambda body, n: hang(0.6)) as (_, url):
        code, _, err, _ = asked(url, "--timeout-s", "0.1")
    assert code == 2 and "server.timeout_s is 0.1" in err


def test_the_key_comes_from_the_environment_and_is_shown_nowhere(asked, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-secret")
    with serving(echoed) as (wire, url):
        code, told, _, rows = asked(url, "--key-env", "MY_KEY")
    assert code == 0 and set(wire.keys) == {"Bearer sk-secret"}
    assert "sk-secret" not in json.dumps(told) and all("sk-secret" not in repr(r) for r in rows)


def test_a_key_that_is_turned_away_is_not_quoted(asked, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-secret")
    with serving(lambda body, n: (401, {"error": "no"})) as (_, url):
        code, _, err, _ = asked(url, "--key-env", "MY_KEY")
    assert code == 2 and "turned away" in err and "sk-secret" not in err


def test_so_many_at_once_and_no_more(asked):
    gate = threading.Event()

    def answer(body, n):
        gate.wait(0.02)
        return echoed(body)

    with serving(answer) as (wire, url):
        asked(url, "--concurrency", "3")
    assert wire.most == 3


def test_half_of_a_character_is_kept_out_of_the_file(asked):
    with serving(lambda body, n: reply("#\ud83d 1")) as (_, url):
        code, _, _, rows = asked(url)
    assert code == 0 and {row.text for row in rows} == {"#\ufffd 1"}


def test_the_table_says_once_what_is_not_known(asked, capsys):
    with serving(echoed) as (_, url):
        words = ("--tasks", "tasks.jsonl", "--reward", "exact", "--samples", "2")
        assert main(("eval", "m", "--server", url, *words)) == 0
    said = capsys.readouterr().out
    assert said.count("log-probs and weights are not known") == 1
    assert said.startswith("m: 6 of 6 problems (split all), 2 samples each\n")
