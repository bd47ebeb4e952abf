"""The record of an evaluation: what is kept, goes on, and is refused."""

import asyncio
import json
from dataclasses import asdict, replace
from math import isnan

import pytest
from fakes import fake
from recorded import recorded

from whet.evaluation.journal import Planned
from whet.evaluation.measure import EvalConfig, measure
from whet.evaluation.recording import SampleRecorder
from whet.evaluation.sample_file import SampleFile, read_samples
from whet.evaluation.samples import Sample, problems_of
from whet.protocols import Player
from whet.types import Decoding, Finish, Group, Reason, Task, UsageError, Verdict

TASKS = [Task(id=str(i), prompt=f"p{i}", answer="1", info={"level": i}) for i in range(3)]
CONFIG = EvalConfig(problems=3, samples=4, k=(1, 2, 4))
HOW = Decoding(max_new_tokens=9)


def played(asked):
    """Task i is right in its first i samples; the first sample of task 0 has no verdict."""

    async def play(request):
        asked.append(request.task.id)
        place = int(request.task.id)
        rollouts = [
            recorded(
                task=request.task,
                seed=play.seed,
                turns=("q", "r"),
                tokens=(0, 1, 2),
                chosen=(False, True, True),
                behaviour_logp=(-1.0, -0.5),
                decoding=play.decoding,
                verdict=Verdict.unjudged("away")
                if (place, i) == (0, 0)
                else Verdict.binary(correct=i < place, answer=str(i % 2)),
            )
            for i, play in enumerate(request.plays)
        ]
        return (Group.of(rollouts),)

    return fake(Player, play=play)


def evaluated(path, asked=None, config=CONFIG, **fields):
    recorder = SampleRecorder(**{"policy": "w0", "setting": "s0", "split": "test"} | fields)
    recorder = replace(recorder, journal=SampleFile(path))
    player = played([] if asked is None else asked)
    return asyncio.run(measure(player, None, TASKS, config, HOW, recorder))


def numbers(card):
    return card.pass_at, card.greedy, card.reward, card.once, card.often


def test_all_samples_are_rows_and_come_back(tmp_path):
    card = evaluated(tmp_path / "s.jsonl")
    held = read_samples(tmp_path / "s.jsonl")
    assert len(held) == 3 * (1 + 4) == len(card.rows)
    key = {(s.problem, s.greedy, s.index): s for s in held}
    for row in card.rows:
        kept, said = asdict(key[row.problem, row.greedy, row.index]), asdict(row)
        assert all(kept[n] == said[n] or isnan(kept[n]) and isnan(said[n]) for n in kept)
    assert [len(p.samples) for p in problems_of(s for s in held if not s.greedy)] == [4, 4, 4]
    one = key["2", False, 1]
    assert (one.level, one.split, one.tokens, one.prompt_tokens) == (2, "test", 2, 1)
    assert (one.correct, one.extracted, one.logp, one.temperature) == (True, "1", -1.5, 1.0)


@pytest.mark.parametrize("cut", [0, 1, 100, 1500, 2999, 4000])
def test_a_killed_evaluation_goes_on_to_the_same_numbers(tmp_path, cut):
    whole = evaluated(tmp_path / "whole.jsonl")
    held = (tmp_path / "whole.jsonl").read_bytes()
    (tmp_path / "torn.jsonl").write_bytes(held[:cut])
    asked = []
    again = evaluated(tmp_path / "torn.jsonl", asked)
    assert numbers(again) == numbers(whole)
    assert len(asked) < 6 or cut < 1500
    asked.clear()
    evaluated(tmp_path / "torn.jsonl", asked)
    assert asked == []


def test_what_a_kill_left_stays_until_more_is_written(tmp_path):
    """A torn row, and rows of a task that are not all there: they are not read, and not cut off."""
    path = tmp_path / "s.jsonl"
    evaluated(path)
    lines = path.read_bytes().splitlines(keepends=True)
    torn = b"".join(lines[:9]) + lines[9][:40]  # 3 greedy, 4 of task 0, 2 of task 1 and a piece
    path.write_bytes(torn)
    assert len(read_samples(path)) == 7
    SampleFile(path)
    assert path.read_bytes() == torn
    evaluated(path)
    assert path.read_bytes() == b"".join(lines)


def test_a_last_row_without_its_end_of_line_is_a_row(tmp_path):
    path = tmp_path / "s.jsonl"
    evaluated(path)
    whole = path.read_bytes()
    path.write_bytes(whole.removesuffix(b"\n"))
    assert len(read_samples(path)) == 15
    asked = []
    evaluated(path, asked)
    assert asked == []
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:7]).removesuffix(b"\n"))
    evaluated(path, asked)
    assert asked == ["1", "2"] and path.read_bytes() == whole


def test_more_samples_count_in_place_of_fewer_and_fewer_are_of_them(tmp_path):
    path, few = tmp_path / "s.jsonl", EvalConfig(problems=3, samples=2, k=(1, 2))
    evaluated(path, config=few)
    asked = []
    more = evaluated(path, asked)
    assert asked == ["0", "1", "2"] and len(path.read_bytes().splitlines()) == 9 + 12
    assert numbers(more) == numbers(evaluated(tmp_path / "whole.jsonl"))
    held = read_samples(path)
    assert [len(p.samples) for p in problems_of(s for s in held if not s.greedy)] == [4, 4, 4]
    asked.clear()
    again = evaluated(path, asked, config=few)
    assert asked == [] and len(again.rows) == 9
    assert numbers(again) == numbers(evaluated(tmp_path / "few.jsonl", config=few))


def test_another_writer_is_noticed_before_anything_is_written(tmp_path):
    path = tmp_path / "s.jsonl"
    one, other = SampleFile(path), SampleFile(path)
    sample = Sample(problem="a", index=0, rows=1)
    one.keep(Planned(name="a", greedy=False, seeds=(0,)), [sample])
    with pytest.raises(UsageError, match="another process"):
        other.keep(Planned(name="b", greedy=False, seeds=(0,)), [replace(sample, problem="b")])
    assert len(read_samples(path)) == 1


def test_a_problem_with_another_prompt_is_not_gone_on_from(tmp_path, monkeypatch):
    path = tmp_path / "s.jsonl"
    evaluated(path)
    before = path.read_bytes()
    changed = [replace(TASKS[0], prompt="another"), *TASKS[1:]]
    monkeypatch.setattr(f"{__name__}.TASKS", changed)
    with pytest.raises(UsageError, match="problem '0' with other seeds"):
        evaluated(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["policy", "setting"])
def test_a_file_of_another_evaluation_is_refused_and_stays(tmp_path, name):
    path = tmp_path / "s.jsonl"
    evaluated(path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match=f"row 1: {name} is '.0', but .* 'other'"):
        evaluated(path, **{name: "other"})
    assert path.read_bytes() == before


ROW = {"problem": "a", "index": 0}
MALFORMED = {
    "no JSON": ("{", "row 2 is no JSON"),
    "a list": ("[1]", "row 2 is \\[1\\]"),
    "no problem": ({"index": 0}, "row 2 has no problem"),
    "a number as name": (ROW | {"problem": 7}, "row 2: problem is 7"),
    "a text as index": (ROW | {"index": "0"}, "row 2: index is '0'"),
    "a flag as index": (ROW | {"index": True}, "row 2: index is True"),
    "a number as flag": (ROW | {"greedy": 1}, "row 2: greedy is 1"),
    "a text as verdict": (ROW | {"correct": "yes"}, "row 2: correct is 'yes'"),
    "an unknown reason": (ROW | {"reason": "tired"}, "row 2: reason is 'tired'"),
    "an unknown finish": (ROW | {"finish": None}, "row 2: finish is None"),
    "tokens below 0": (ROW | {"tokens": -1}, "row 2: tokens is -1"),
    "too large a number": (ROW | {"score": 10**400}, "row 2: score is 2\\^1328 or more"),
    "an infinite score": ('{"problem": "a", "index": 0, "score": Infinity}', "row 2: score is inf"),
    "a NaN": ('{"problem": "a", "index": 0, "temperature": NaN}', "row 2: temperature is nan"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_row_that_is_no_sample_is_named(tmp_path, name):
    row, told = MALFORMED[name]
    path = tmp_path / "s.jsonl"
    text = row if isinstance(row, str) else json.dumps(row)
    path.write_text(f"{json.dumps(ROW)}\n{text}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=told) as caught:
        read_samples(path)
    assert "\n" not in str(caught.value) and "s.jsonl" in str(caught.value)


def test_a_file_without_samples_and_one_that_is_missing(tmp_path):
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(UsageError, match="has no sample"):
        read_samples(tmp_path / "empty.jsonl")
    with pytest.raises(UsageError, match="can't be read"):
        read_samples(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="folder that does not exist"):
        SampleFile(tmp_path / "no" / "s.jsonl")


def test_what_is_not_a_number_is_null_in_the_file(tmp_path):
    path = tmp_path / "s.jsonl"
    sample = Sample(problem="a", index=0, reason=Reason.VERIFIER_ERROR, finish=Finish.LENGTH)
    SampleFile(path).keep(Planned(name="a", greedy=False, seeds=(1,)), [sample])
    row = json.loads(path.read_text(encoding="utf-8"))
    assert row["score"] is None and row["confidence"] is None and row["correct"] is None
    (back,) = read_samples(path)
    assert isnan(back.score) and (back.reason, back.finish) == (sample.reason, sample.finish)
    assert replace(back, score=0, logp=0, confidence=0) == replace(
        sample, score=0, logp=0, confidence=0
    )
