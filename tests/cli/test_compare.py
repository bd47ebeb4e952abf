"""`whet compare`: verdicts, crossings and lengths that are known by hand."""

import json

import pytest

from whet.cli.main import main
from whet.evaluation.sample_file import write_samples
from whet.evaluation.samples import Sample
from whet.types import Reason

PROBLEMS, SAMPLES = 40, 4


def written(path, right, tokens=10, missing=()):
    """A file in which problem i has `right(i)` right samples of four, in a model of its own."""
    held = []
    for i in range(PROBLEMS):
        name = f"p{i:02}"
        for index in range(SAMPLES):
            fault = i in missing and index == 0
            held.append(
                Sample(
                    problem=name,
                    index=index,
                    rows=SAMPLES,
                    policy=path.stem,
                    correct=None if fault else index < right(i),
                    reason=Reason.VERIFIER_ERROR if fault else Reason.OK,
                    tokens=tokens,
                )
            )
        held.append(
            Sample(problem=name, index=0, rows=1, policy=path.stem, greedy=True, correct=True)
        )
    write_samples(path, held)


@pytest.fixture
def compared(tmp_path, monkeypatch, capsys):
    """The JSON document of a comparison of two files."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "one.jsonl", lambda i: 1)  # every problem, once in four
    written(tmp_path / "half.jsonl", lambda i: 4 * (i % 2), tokens=30)  # half of them, always
    written(tmp_path / "none.jsonl", lambda i: 0)

    def document(*words):
        assert main(("compare", *words, "--json")) == 0
        return json.loads(capsys.readouterr().out)

    return document


def standings(told):
    return {k: one["standing"] for k, one in told["pass_at"].items()}


def differences(told):
    return {k: one["paired"]["difference"] for k, one in told["pass_at"].items()}


def test_better_worse_and_undecided(compared):
    """pass@1 is 1/4 against 1/2, and pass@4 is 1 against 1/2; 20 of 40 problems differ each way."""
    told = compared("one.jsonl", "half.jsonl")
    assert standings(told) == {"1": "worse", "4": "better"}
    assert differences(told) == {"1": -0.25, "4": 0.5}
    back = compared("half.jsonl", "one.jsonl")
    assert standings(back) == {"1": "better", "4": "worse"}
    assert differences(back) == {"1": 0.25, "4": -0.5}
    same = compared("one.jsonl", "one.jsonl")
    assert standings(same) == {"1": "undecided", "4": "undecided"}
    assert differences(same) == {"1": 0.0, "4": 0.0}
    assert standings(compared("one.jsonl", "none.jsonl")) == {"1": "better", "4": "better"}


def test_the_crossing_is_where_the_other_one_leads(compared):
    """pass@k of one in four: 1/4, 1/2, 3/4, 1; of half of the problems: 1/2.  Equal at 2."""
    told = compared("one.jsonl", "half.jsonl")["crossing"]
    assert (told["k"], told["leads"], told["most"], told["problems"]) == (3, 2, 4, 40)
    assert compared("half.jsonl", "one.jsonl")["crossing"]["leads"] == 1
    never = compared("one.jsonl", "none.jsonl")["crossing"]
    assert "k" not in never and (never["share"], never["most"]) == (0.0, 4)


def test_the_interval_has_the_difference_in_it_and_p_is_small_where_it_is_clear(compared):
    for one in compared("one.jsonl", "half.jsonl")["pass_at"].values():
        found = one["paired"]
        assert found["low"] < found["difference"] < found["high"] and found["p"] < 0.05
        assert found["problems"] == 40


def test_the_values_of_k_are_those_that_are_asked_for(compared):
    told = compared("one.jsonl", "half.jsonl", "--k", "2,3")
    assert differences(told) == {"2": 0.0, "3": 0.25}
    assert standings(told)["2"] == "undecided"  # 20 problems are ahead by a half, 20 behind


def test_problems_with_a_missing_verdict_are_left_out_and_counted(compared, tmp_path):
    written(tmp_path / "faults.jsonl", lambda i: 1, missing=(0, 1, 2))
    for words in (("faults.jsonl", "half.jsonl"), ("half.jsonl", "faults.jsonl")):
        told = compared(*words)
        assert told["left_out"] == 3 and told["pass_at"]["1"]["paired"]["problems"] == 37
        assert told["crossing"]["problems"] == 37


def test_the_table_says_it_in_words(compared, capsys):
    del compared
    assert main(("compare", "one.jsonl", "half.jsonl")) == 0
    first, one, four, crossing, tokens = capsys.readouterr().out.splitlines()
    assert first == "one.jsonl less half.jsonl, on the same problems"
    assert one.split()[:3] == ["pass@1", "worse:", "-0.250"]
    assert four.split()[:3] == ["pass@4", "better:", "+0.500"]
    assert "the baseline is ahead below k = 3" in crossing
    assert "10.0 tokens a sample, the baseline 30.0" in tokens


def test_lengths_that_a_server_did_not_count_are_not_known(compared, tmp_path, capsys):
    written(tmp_path / "served.jsonl", lambda i: 1, tokens=None)
    told = compared("served.jsonl", "half.jsonl")["tokens_per_sample"]
    assert told == {"baseline": 30.0, "model": None}
    assert main(("compare", "served.jsonl", "half.jsonl")) == 0
    assert "not counted tokens a sample" in capsys.readouterr().out
