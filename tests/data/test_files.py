"""Files in everybody's shapes, and one line for everything that can be wrong with them."""

import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from whet.data import corpus
from whet.data.files import File
from whet.protocols import Corpus
from whet.types import UsageError

CHAT = [{"role": "system", "content": "Think."}, {"role": "user", "content": "6 × 7?"}]
SHAPES = {
    "trl": ({"prompt": "6 × 7?", "solution": "42", "level": 2}, {"solution": "42", "level": 2}),
    "trl chat": ({"prompt": CHAT, "ground_truth": 42}, {"ground_truth": 42}),
    "verl": (
        {
            "data_source": "m",
            "prompt": CHAT,
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": "42"},
            "extra_info": {"split": "train", "index": 3},
        },
        {"data_source": "m", "split": "train", "index": 3},
    ),
    "verifiers": (
        {"question": "6 × 7?", "answer": "42", "info": '{"hard": false}', "task": "math"},
        {"hard": False, "task": "math"},
    ),
    "gsm8k": ({"question": "6 × 7?", "answer": "7 + 35 = <<42>>42\n#### 42"}, {}),
}


def jsonl(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return str(path)


def table(path, rows):
    parquet.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


@pytest.fixture(params=[(jsonl, "jsonl"), (table, "parquet")], ids=["jsonl", "parquet"])
def written(request, tmp_path):
    write, suffix = request.param
    return lambda rows, **settings: File(path=write(tmp_path / f"data.{suffix}", rows), **settings)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_recognised(written, shape):
    row, info = SHAPES[shape]
    task = written([row], reserved=0.0).task("train", 0)
    assert task.answer == "42"
    assert task.prompt == (tuple(CHAT) if isinstance(row.get("prompt"), list) else "6 × 7?")
    assert info.items() <= task.info.items()
    assert task.id in ("data.jsonl:1", "data.parquet:1")


def test_columns_can_be_named(written):
    file = written([{"input": "6 × 7?", "label": "no", "gold": "42"}], reserved=0.0)
    named = File(path=file.path, prompt_column="input", answer_column="gold", reserved=0.0)
    assert (named.task("train", 0).prompt, named.task("train", 0).answer) == ("6 × 7?", "42")


def test_answers_that_are_structures_are_kept_for_the_judge(written):
    truth = {"numbers": [3, 5, 7], "target": 26}
    row = {"prompt": CHAT, "reward_model": {"style": "rule", "ground_truth": truth}}
    task = written([row], reserved=0.0).task("train", 0)
    assert (task.info["numbers"], task.info["target"]) == ([3, 5, 7], 26)
    assert json.loads(task.answer) == truth


def rows(count):
    return [{"prompt": f"{n} + {n}?", "answer": str(2 * n)} for n in range(count)]


def test_splits_are_exact_and_share_no_prompt(written):
    twice = [*rows(100), {"prompt": " 3  + 3?\n", "answer": "6"}]
    file = written(twice, reserved=0.2)
    assert isinstance(file, Corpus)
    prompts = {
        split: {" ".join(str(task.prompt).split()) for task in file.held_out(split, 999)}
        for split in ("train", "dev", "test")
    }
    assert [len(prompts[split]) for split in ("train", "dev", "test")] == [80, 10, 10]
    assert len(set().union(*prompts.values())) == 100


def test_held_out_lists_are_in_a_fixed_order_and_distinct(written):
    file = written(rows(40), reserved=1.0)
    many = file.held_out("test", 99)
    assert len(many) == 20 and many[:5] == file.held_out("test", 5)
    assert [file.task("test", index) for index in range(25)] == [*many, *many[:5]]


def test_training_takes_each_row_once_a_turn_in_a_new_order(written):
    file = written(rows(30), reserved=0.0)
    turns = [[file.task("train", 30 * turn + n).id for n in range(30)] for turn in (0, 1)]
    assert sorted(turns[0]) == sorted(turns[1]) and len(set(turns[0])) == 30
    assert turns[0] != turns[1]
    other = File(path=file.path, reserved=0.0, seed=1)
    assert [other.task("train", n).id for n in range(30)] != turns[0]


def test_a_file_is_read_again_when_it_is_another_one(tmp_path):
    path = tmp_path / "data.jsonl"
    file = File(path=jsonl(path, rows(1)), reserved=0.0)
    assert file.task("train", 0).answer == "0"
    jsonl(path, [{"prompt": "?", "answer": "new"}])
    assert File(path=str(path), reserved=0.0).task("train", 0).answer == "new"


GOOD = '{"prompt": "a", "answer": "b"}'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"which has no rows; give a file with tasks"),
        ("\n\n", r"which has no rows"),
        (f"{GOOD}\n{{", r"data\.jsonl, line 2: no JSON \(.*\); mend it"),
        (f"{GOOD}\n\n[1]", r"data\.jsonl, line 3: no object; write"),
        ('{"prompt": "a"}', r"data\.jsonl:1: no answer in .*; .*answer_column; it has prompt$"),
        ('{"answer": "b", "x": 1}', r"data\.jsonl:1: no prompt in .*; it has answer, x$"),
        (f'{GOOD}\n{{"prompt": "", "answer": 1}}', r"data\.jsonl:2: no prompt"),
        ('{"prompt": "a", "answer": null}', r"data\.jsonl:1: no answer"),
        ('{"prompt": [{"role": "user"}], "answer": 1}', r":1: prompt is neither text nor messages"),
        ('{"prompt": 7, "answer": 1}', r":1: prompt is neither text nor messages"),
        ('{"prompt": "a", "answer": 1, "info": "{"}', r":1: info is no JSON"),
    ],
)
def test_errors_say_where_in_one_line(tmp_path, text, complaint):
    path = tmp_path / "data.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=complaint) as caught:
        File(path=str(path)).task("train", 0)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "data.jsonl").write_bytes(b'{"prompt": "\xff"}')
    (tmp_path / "data.parquet").write_bytes(b"no parquet")
    with pytest.raises(UsageError, match="line 1: not UTF-8"):
        File(path=str(tmp_path / "data.jsonl")).task("train", 0)
    with pytest.raises(UsageError, match="which is no parquet"):
        File(path=str(tmp_path / "data.parquet")).task("train", 0)


def test_unknown_columns_are_answered_with_those_there_are(written):
    file = written(rows(3), prompt_column="query")
    with pytest.raises(UsageError, match=r"no prompt in query; .* it has prompt, answer"):
        file.task("train", 0)


def test_paths_and_shares_must_make_sense(tmp_path):
    with pytest.raises(UsageError, match=r"does not exist; give the path"):
        File(path=str(tmp_path / "none.jsonl")).task("train", 0)
    (tmp_path / "data.bin").write_text("x")
    with pytest.raises(UsageError, match=r"ends in \.jsonl, .*\.parquet"):
        File(path=str(tmp_path / "data.bin")).task("train", 0)
    with pytest.raises(UsageError, match=r"file\.reserved is 1\.5; give a share"):
        File(path="data.jsonl", reserved=1.5)


def test_a_split_without_tasks_is_refused(written):
    file = written(rows(3), reserved=0.0)
    assert file.held_out("test", 5) == ()
    with pytest.raises(UsageError, match="has no test tasks; change file.reserved"):
        file.task("test", 0)


def test_the_front_door_knows_a_file(tmp_path):
    assert corpus(jsonl(tmp_path / "a.jsonl", rows(20))).task("train", 0).answer
