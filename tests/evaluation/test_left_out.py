"""Which rows an evaluation measures: n of N, and why the others are left out."""

import json
from dataclasses import replace

import pytest
from small import RUN, FirstDigit

from whet.cli.commands import eval as command
from whet.data.files import File
from whet.evaluation.measure import EvalConfig
from whet.front.measuring import Subject, measured
from whet.types import Decoding

CONFIG = EvalConfig(problems=1, samples=2, k=(1, 2))


@pytest.fixture
def subject(tmp_path):
    """Twelve rows of the training split: three have long prompts, two repeat a prompt."""
    prompts = [
        "1=",
        "2=",
        "3=",
        "4=",
        "5=",
        "6=",
        "7=",
        "1=",
        "2=",
        "12345=",
        "123456=",
        "1234567=",
    ]
    rows = [{"prompt": p, "answer": p[0]} for p in prompts]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return Subject(
        model=RUN.model,
        engine=RUN.engine,
        corpus=File(path=str(tmp_path / "rows.jsonl"), reserved=0.0),
        reward=FirstDigit(),
        decoding=Decoding(max_new_tokens=2),
    )


def test_every_row_that_is_left_out_is_counted(subject):
    whole = measured(subject, CONFIG, 0, "train").drawn
    assert (len(whole.tasks), whole.of, whole.repeated, whole.too_long) == (10, 12, 2, 0)
    short = measured(replace(subject, longest=3), CONFIG, 0, "train")
    drawn = short.drawn
    assert (len(drawn.tasks), drawn.of, drawn.repeated, drawn.too_long) == (7, 12, 2, 3)
    assert (short.scores.problems, short.scores.greedy.of, short.scores.plays) == (7, 7, (7, 14))
    few = measured(subject, CONFIG, 4, "train").drawn
    assert (len(few.tasks), few.of, few.repeated, few.too_long) == (4, 12, 0, 0)


def test_the_table_says_how_many_of_how_many_and_why(subject):
    found = measured(replace(subject, longest=3), CONFIG, 0, "train")
    said = command.table("mine", found)
    assert said[0] == "mine: 7 of 12 problems (split train), 2 samples each"
    assert "2 of 12" in said[1] and "repeat" in said[1]
    assert "3 of 10" in said[2] and "max_prompt_length" in said[2] and "3 tokens" in said[2]
