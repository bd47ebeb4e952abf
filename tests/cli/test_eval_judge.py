"""`whet eval --judge` over a socket, `--power`, and the trial of the reward before a sample."""

import json
from dataclasses import replace

import pytest
from chain_votes import verdict
from wire import reply, serving

from whet.cli.main import main
from whet.engines.models import FromScratch
from whet.engines.openai.server import _connection
from whet.evaluation.sample_file import read_samples, write_samples
from whet.evaluation.samples import Sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, four tasks, and a reward that takes any reply."""
    here = tmp_path_factory.mktemp("judged")
    model, tokenizer = FromScratch(shape="llama-tiny").load("cpu")
    model.save_pretrained(here / "model")
    tokenizer.save_pretrained(here / "model")
    rows = [{"prompt": f"{n}+1=", "answer": str(n + 1)} for n in range(4)]
    (here / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (here / "lenient.py").write_text("def score(prompt, completion):\n    return 1.0\n")
    return here


WORDS = "--samples 3 --k 1,2 --max-new-tokens 3 --judge-votes 2"


def evaluated(folder, url, *more, judge="j"):
    files = ["--tasks", str(folder / "sums.jsonl"), "--reward", str(folder / "lenient.py")]
    words = [*files, *WORDS.split(), "--judge", judge, "--judge-url", url, *more]
    return main(["eval", str(folder / "model"), *words])


def saying(said):
    """A server that votes what a function makes of the task and the seed."""

    def answer(body, number):
        question = body["messages"][1]["content"]
        return reply(verdict(question, said(question, body["seed"])))

    return answer


def test_the_votes_are_a_band_and_columns_of_the_file(folder, tmp_path, capsys):
    """Seed 0 says right; seed 1 of 0 + 1 alone: the rules differ on three of four problems."""
    out = tmp_path / "s.jsonl"

    def said(question, seed):
        return "right" if seed == 0 or "\n0+1=\n" in question else "wrong at step 1"

    with serving(saying(said)) as (wire, url):
        assert evaluated(folder, url, "--out", str(out), "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert len(wire.bodies) == 24  # 4 problems, 3 samples, 2 votes
        assert evaluated(folder, url, "--out", str(out), "--json") == 0
        again = json.loads(capsys.readouterr().out)
        assert len(wire.bodies) == 24  # all of it was in the file
    chains = told["chains"]
    found = {rule: by_k["1"]["value"] for rule, by_k in chains["pass_at"].items()}
    assert found == {"all": 0.25, "majority": 0.25, "any": 1.0}  # 1 of 2 is no majority
    assert (chains["chains"], chains["missing_votes"], chains["asked"]) == (12, 0, 12)
    assert again["chains"]["pass_at"] == chains["pass_at"] and again["chains"]["asked"] == 0
    rows = read_samples(out)
    assert [row.votes != () for row in rows] == [not row.greedy for row in rows]
    assert told["preflight"]["null_policies"][0]["floor"]


def test_a_server_that_fails_leaves_missing_votes_that_are_asked_for_again(
    folder, tmp_path, capsys
):
    out = tmp_path / "s.jsonl"
    with serving(lambda body, number: (400, b"no")) as (_, url):
        assert evaluated(folder, url, "--out", str(out)) == 0
        said = capsys.readouterr().out
    assert "24 votes are missing" in said and "12 chains have none" in said
    assert all(row.votes in ((), (None, None)) for row in read_samples(out))
    with serving(saying(lambda question, seed: "right")) as (wire, url):
        assert evaluated(folder, url, "--out", str(out)) == 0
    assert len(wire.bodies) == 24 and "CoT-pass@1" in capsys.readouterr().out
    assert {row.votes for row in read_samples(out)} == {(), (True, True)}


def test_a_judge_that_was_killed_is_not_paid_for_a_second_time(folder, tmp_path):
    """Its replies are on disk before the votes are in the file of samples."""
    out = tmp_path / "s.jsonl"
    with serving(saying(lambda question, seed: "right")) as (wire, url):
        assert evaluated(folder, url, "--out", str(out)) == 0
        held = read_samples(out)
        write_samples(out, [replace(row, votes=(), bad_steps=(), judge="") for row in held])
        _connection.cache_clear()  # another process
        assert evaluated(folder, url, "--out", str(out)) == 0
        assert len(wire.bodies) == 24
    assert [row.votes for row in read_samples(out)] == [row.votes for row in held]


def test_another_judge_does_not_write_over_votes(folder, tmp_path, capsys):
    out = tmp_path / "s.jsonl"
    with serving(saying(lambda question, seed: "right")) as (_, url):
        assert evaluated(folder, url, "--out", str(out)) == 0
        held = out.read_bytes()
        assert evaluated(folder, url, "--out", str(out), judge="other") == 2
    assert "judge is" in capsys.readouterr().err and out.read_bytes() == held


def test_the_errors_of_the_judge_are_measured_first(folder, capsys):
    """A judge that always says right has no information, and nothing is corrected."""
    with serving(saying(lambda question, seed: "right")) as (wire, url):
        assert evaluated(folder, url, "--judge-trial", "chain", "--json") == 0
    told = json.loads(capsys.readouterr().out)["chains"]["calibration"]
    assert told["chains"] == 200 and len(wire.bodies) == 400 + 24
    assert told["tpr"]["majority"]["value"] == told["fpr"]["majority"]["value"] == 1.0
    assert told["corrected"]["majority"] is None
    assert "modulo 97" in wire.bodies[0]["messages"][1]["content"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--judge-trial maze", "maze"),
        ("--judge-trial nothing", "nothing"),
        ("--judge-url here", "server.urls has 'here'"),
        ("--judge-votes 0", "judge.votes is 0"),
        ("--judge-key-env WHET_NO_SUCH_KEY --judge-trial chain", "WHET_NO_SUCH_KEY"),
    ],
)
def test_a_judge_that_can_not_be_is_refused_before_a_sample(folder, tmp_path, capsys, words, named):
    out = tmp_path / "s.jsonl"
    files = ["--tasks", str(folder / "sums.jsonl"), "--out", str(out), "--judge", "j"]
    assert main(["eval", str(folder / "model"), *files, *words.split()]) == 2
    assert named in capsys.readouterr().err and not out.exists()


def test_a_trial_without_a_judge_is_refused(folder, capsys):
    assert main(["eval", str(folder / "model"), "--judge-trial", "chain"]) == 2
    assert "judge_trial" in capsys.readouterr().err


def test_an_answer_that_its_reward_refuses_ends_the_evaluation_before_a_sample(
    folder, tmp_path, capsys
):
    rows = [{"prompt": "a?", "answer": "the first"}, {"prompt": "b?", "answer": "the second"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    words = ["--tasks", str(tmp_path / "rows.jsonl"), "--reward", "choice"]
    out = ["--out", str(tmp_path / "s.jsonl")]
    assert main(["eval", str(folder / "model"), *words, *out]) == 2
    error = capsys.readouterr().err
    assert "the first" in error and error.count("\n") == 1
    assert not (tmp_path / "s.jsonl").exists()


def test_the_guess_floor_is_told(folder, tmp_path, capsys):
    rows = [{"prompt": f"{n} even?", "answer": ("yes", "no")[n % 2]} for n in range(8)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    words = ["--tasks", str(tmp_path / "rows.jsonl"), "--reward", "exact", "--samples", "1"]
    assert main(["eval", str(folder / "model"), *words, "--max-new-tokens", "1"]) == 0
    assert "guess floor is 0.50" in capsys.readouterr().out


def pilot(path):
    """Ten problems with four samples; the n-th is right in n mod 5 of them."""
    rows = [
        Sample(problem=str(n), index=i, correct=i < n % 5, score=float(i < n % 5), rows=4)
        for n in range(10)
        for i in range(4)
    ]
    write_samples(path, rows)
    return str(path)


def test_a_pilot_tells_the_problems_that_a_comparison_needs(tmp_path, capsys):
    words = ["--power", "0.1", "--samples", "4", "--json"]
    assert main(["eval", pilot(tmp_path / "p.jsonl"), *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["accuracy"] == pytest.approx(0.5)
    assert (told["problems"], told["assumed"]) == (10, False)
    needed = [row["needed"]["count"] for row in told["rows"]]
    assert needed == sorted(needed) and needed[0] > 2
    assert all(row["needed"]["power"] >= 0.8 for row in told["rows"])
    smallest = [row["smallest"] for row in told["rows"]]
    assert smallest == sorted(smallest) and smallest[0] > 0.1  # ten problems are too few


def test_the_smallest_difference_is_the_one_that_needs_so_many_problems(capsys):
    """The two answers of a plan are inverse to each other."""
    assert main(["eval", "0.4", "--power", "0.05", "--problems", "500", "--json"]) == 0
    for row in json.loads(capsys.readouterr().out)["rows"]:
        power = f"{row['smallest']:.9f}"
        assert main(["eval", "0.4", "--power", power, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["rows"]
        (same,) = [one for one in rows if one["correlation"] == row["correlation"]]
        assert same["needed"]["count"] in (500, 501)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("0.4 --power 0", "power is 0"),
        ("0.4 --power 2", "power is 2"),
        ("1.5 --power 0.1", "accuracy is 1.5"),
        ("0.4 --power 0.1 --tasks x", "tasks is 'x'"),
        ("0.4 --power 0.1 --report x", "report is 'x'"),
        ("0.4 --power 0.1 --test-time majority", "test_time is 'majority'"),
        ("0.4 --power 0.1 --server http://x", "server is 'http://x'"),
        ("0.4 --power 0.1 --temperature 0", "temperature is 0"),
        ("0.4 --power 1e-9", "power is 1e-09"),
        ("0.4 --power 0.7", "power is 0.7"),  # from 0.4 it is 0.6 up to 1
        ("0.4 --power 0.1 --samples 0", "samples is 0"),
        ("0.4 --power 0.1 --problems 1", "problems is 1"),
        ("missing --power 0.1", "'missing'"),
    ],
)
def test_plans_that_can_not_be_are_refused(capsys, words, named):
    assert main(["eval", *words.split()]) == 2
    error = capsys.readouterr().err
    assert named in error and error.count("\n") == 1
