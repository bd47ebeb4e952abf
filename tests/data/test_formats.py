"""Data as people have them: every format that is read, and one line for all that can't be."""

import bz2
import csv
import gzip
import json
import os
import pickle
import struct
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from whet.data import corpus
from whet.data.cases import cases
from whet.data.files import File
from whet.types import UsageError

ROWS = [{"prompt": f"{n} × 7, é?", "answer": str(7 * n), "level": n % 3} for n in range(12)]
GOOD = '{"prompt": "a", "answer": "b"}\n'
CHAT = [{"role": "user", "content": "6 × 7?"}]


def jsonl(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(rows, separator=",", end="\n"):
    def field(value):
        return '"' + str(value).replace('"', '""') + '"'

    lines = [list(rows[0]), *(row.values() for row in rows)]
    return end.join(separator.join(map(field, line)) for line in lines) + end


def stream(path, rows, opened=ipc.new_stream):
    held = pa.Table.from_pylist(rows)
    with pa.OSFile(str(path), "wb") as sink, opened(sink, held.schema) as writer:
        writer.write_table(held, max_chunksize=5)


def saved(folder, rows, shards=2):
    """As `datasets.save_to_disk` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"data-{i:05}-of-{shards:05}.arrow" for i in range(shards)]
    for place, name in enumerate(names):
        stream(folder / name, rows[place::shards])
    (folder / "dataset_info.json").write_text('{"features": {}}')
    state = {"_data_files": [{"filename": name} for name in names], "_split": None}
    (folder / "state.json").write_text(json.dumps(state))


def write(name, content):
    def make(here):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def written(name, call):
    def make(here):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        call(path)
        return path

    return make


def encoded():
    """The rows with every column of texts as a dictionary of its values."""
    held = pa.Table.from_pylist(ROWS)
    coded = [column.dictionary_encode() for column in held.columns[:2]]
    return pa.Table.from_arrays([*coded, held.columns[2]], names=held.column_names)


def shards(here):
    for place in range(3):
        held = pa.Table.from_pylist(ROWS[place::3])
        parquet.write_table(held, here / f"part-{place:05}.parquet", row_group_size=2)
    (here / "README.md").write_text("# about the data")
    return here


def inside(here, make):
    """The folder that holds the folder of what is made."""
    (here / "data").mkdir()
    make(here / "data")
    return here


def folder(**files):
    """A folder of files, by name and text."""

    def make(here):
        for name, text in files.items():
            write(f"d/{name.replace('__', '/').replace('_', '.')}", text)(here)
        return here / "d"

    return make


READ = {
    "JSON Lines": write("a.jsonl", jsonl(ROWS)),
    "of another name": write("a.ndjson", jsonl(ROWS)),
    "in capitals": write("A.JSONL", jsonl(ROWS)),
    "with CRLF": write("a.jsonl", jsonl(ROWS).replace("\n", "\r\n")),
    "with a byte order mark": write("a.jsonl", b"\xef\xbb\xbf" + jsonl(ROWS).encode()),
    "with blank lines": write("a.jsonl", "\n" + jsonl(ROWS).replace("\n", "\n\n")),
    "compressed": write("a.jsonl.gz", gzip.compress(jsonl(ROWS).encode())),
    "array": write("a.json", json.dumps(ROWS)),
    "array, laid out": write("a.json", json.dumps(ROWS, indent=2)),
    "array, compressed": write("a.json.gz", gzip.compress(json.dumps(ROWS).encode())),
    "array inside an object": write("a.json", json.dumps({"version": 1, "data": ROWS})),
    "lines called .json": write("a.json", jsonl(ROWS)),
    "CSV": write("a.csv", table(ROWS)),
    "CSV of Windows": write("a.csv", b"\xef\xbb\xbf" + table(ROWS, end="\r\n").encode()),
    "CSV with semicolons": write("a.csv", table(ROWS, ";")),
    "CSV with an index": write(
        "a.csv", table([{"": n} | row for n, row in enumerate(ROWS)]).replace('""', "", 1)
    ),
    "TSV": write("a.tsv", table(ROWS, "\t")),
    "TSV, compressed": write("a.tsv.gz", gzip.compress(table(ROWS, "\t").encode())),
    "parquet": written("a.parquet", lambda p: parquet.write_table(pa.Table.from_pylist(ROWS), p)),
    "arrow stream": written("a.arrow", lambda path: stream(path, ROWS)),
    "arrow file": written("a.arrow", lambda path: stream(path, ROWS, ipc.new_file)),
    "dictionaries": written("a.parquet", lambda path: parquet.write_table(encoded(), path)),
    "folder of shards": shards,
    "folder with one folder": lambda here: inside(here, shards),
    "pattern": lambda here: shards(here) / "part-*.parquet",
    "saved to disk": written("saved", lambda folder: saved(folder, ROWS)),
}  # fmt: skip


@pytest.mark.parametrize("form", READ)
def test_every_format_holds_the_same_tasks(form, tmp_path):
    made = corpus(str(READ[form](tmp_path)))
    tasks = made.held_out("all", 99)
    assert {t.prompt for t in tasks} == {row["prompt"] for row in ROWS}
    assert {t.answer for t in tasks} == {row["answer"] for row in ROWS}
    assert {str(t.info["level"]) for t in tasks} == {"0", "1", "2"}
    assert made.size("all") == 12 and len({t.id for t in tasks}) == 12
    assert sum(made.size(split) for split in ("train", "dev", "test")) == 12


def test_rows_go_by_the_line_that_they_begin_on(tmp_path):
    rows = [{"prompt": "one\nline\nmore", "answer": "1"}, {"prompt": "two", "answer": "2"}]
    path = write("a.csv", table(rows))(tmp_path)
    ids = {t.answer: t.id for t in corpus(str(path)).held_out("all", 9)}
    assert ids == {"1": "a.csv:2", "2": "a.csv:5"}
    path = write("a.json", json.dumps(rows, indent=2))(tmp_path)
    assert {t.id for t in corpus(str(path)).held_out("all", 9)} == {"a.json:1", "a.json:2"}


def test_a_chat_in_a_table_is_a_chat(tmp_path):
    row = {"prompt": json.dumps(CHAT), "reward_model": '{"ground_truth": "42"}'}
    task = corpus(str(write("a.csv", table([row]))(tmp_path))).held_out("all", 1)[0]
    assert (task.prompt, task.answer) == (tuple(CHAT), "42")


def test_long_fields_are_read_whole(tmp_path):
    assert csv.field_size_limit() >= 131072
    row = {"prompt": "a", "answer": "b", "tests": "x" * 300_000}
    task = corpus(str(write("a.csv", table([row]))(tmp_path))).held_out("all", 1)[0]
    assert len(task.info["tests"]) == 300_000


def test_labels_of_a_table_are_text(tmp_path):
    rows = [{"prompt": "a", "answer": "b", "reply": "b", "correct": c} for c in (True, False)]
    assert [c.correct for c in cases(str(write("a.csv", table(rows))(tmp_path)))] == [True, False]


SIGNS = "one\u2028two\u2029three\u0085four\x0bfive\x0csix"


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.tsv"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_line_feeds_end_lines(name, end, tmp_path):
    """`str.splitlines` would cut at six further signs."""
    rows = [{"prompt": f"{n} {SIGNS}", "answer": f"{n} {SIGNS}"} for n in range(3)]
    separator = "\t" if name == "a.tsv" else ","
    if name.endswith("sv"):
        text = table(rows, separator, end)
    else:
        text = jsonl(rows).replace("\n", end) if name == "a.jsonl" else json.dumps(rows)
    found = corpus(str(write(name, text)(tmp_path))).held_out("all", 9)
    assert {t.prompt for t in found} == {t.answer for t in found} == {r["prompt"] for r in rows}


def test_a_line_end_inside_quotes_is_text(tmp_path):
    path = write("a.csv", 'prompt,answer\n"a\r\nb\rc",d\n')(tmp_path)
    assert corpus(str(path)).held_out("all", 9)[0].prompt == "a\r\nb\rc"


def test_short_floats_keep_their_digits(tmp_path):
    """0.1 in float32 is 0.100000001490116…"""
    held = pa.table({"prompt": ["a", "b"], "answer": pa.array([0.1, 0.25], pa.float32())})
    path = tmp_path / "a.parquet"
    parquet.write_table(held, path)
    assert {t.answer for t in corpus(str(path)).held_out("all", 9)} == {"0.1", "0.25"}


# splits that the files name


def named(here, **files):
    for name, rows in files.items():
        write(f"{name}.jsonl", jsonl(rows))(here)
    return File(path=str(here))


def prompts(made, split):
    return {t.prompt for t in made.held_out(split, 99)}


def expected(rows):
    return {row["prompt"] for row in rows}


def test_files_named_for_splits_are_those_splits(tmp_path):
    made = named(tmp_path, train=ROWS[:6], validation=ROWS[6:9], test=ROWS[9:])
    assert prompts(made, "train") == expected(ROWS[:6])
    assert prompts(made, "dev") == expected(ROWS[6:9])
    assert prompts(made, "test") == expected(ROWS[9:])
    assert made.benchmark() == "test" and made.size("all") == 12


def test_a_split_that_is_not_named_is_reserved_from_the_rest(tmp_path):
    made = named(tmp_path, train=ROWS[:9], test=ROWS[9:])
    assert prompts(made, "test") == expected(ROWS[9:])
    assert len(prompts(made, "dev")) == 1 and made.size("train") == 8
    assert not prompts(made, "dev") & prompts(made, "train")


def test_a_prompt_that_is_held_out_is_not_trained_on(tmp_path):
    made = named(tmp_path, train=ROWS, dev=ROWS[2:5], test=ROWS[:3])
    assert prompts(made, "test") == expected(ROWS[:3])
    assert prompts(made, "dev") == expected(ROWS[3:5])
    assert prompts(made, "train") == expected(ROWS[5:])


def test_only_training_files_are_split_as_one_file_is(tmp_path):
    made = named(tmp_path, **{"train-00000-of-00002": ROWS[:6], "train-00001-of-00002": ROWS[6:]})
    assert made.benchmark() == "all"
    assert [made.size(split) for split in ("train", "dev", "test")] == [10, 1, 1]


@pytest.mark.parametrize("name", ["validation", "eval", "dev"])
def test_data_that_name_a_dev_split_alone_are_measured_on_that(name, tmp_path):
    """Not on a share of the training rows."""
    made = named(tmp_path, train=ROWS[:9], **{name: ROWS[9:]})
    assert made.benchmark() == "dev" and prompts(made, "dev") == expected(ROWS[9:])
    (tmp_path / "train.jsonl").unlink()
    made = File(path=str(tmp_path), seed=1)
    assert made.benchmark() == "dev" and made.size("dev") == 3


@pytest.mark.parametrize("first", ["a.jsonl", "train/a.jsonl"])
@pytest.mark.parametrize("second", ["more/a.jsonl", "more/deep/a.jsonl"])
def test_no_folder_of_data_is_passed_over_in_silence(first, second, tmp_path):
    for place in (first, second):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(json.dumps(ROWS[0]))
    with pytest.raises(UsageError, match=r"file.path .*other folders of data \(more\)"):
        File(path=str(tmp_path)).size("all")


def test_a_dictionary_of_data_sets_has_its_splits(tmp_path):
    saved(tmp_path / "train", ROWS[:9])
    saved(tmp_path / "test", ROWS[9:], shards=1)
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    made = File(path=str(tmp_path))
    assert prompts(made, "test") == expected(ROWS[9:])
    assert {t.id for t in made.held_out("test", 99)} == {
        f"test/data-00000-of-00001.arrow:{n}" for n in (1, 2, 3)
    }


def test_a_column_names_splits_if_it_does_so_throughout(tmp_path):
    rows = [row | {"split": "test" if n < 4 else "train"} for n, row in enumerate(ROWS)]
    path = write("a.jsonl", jsonl(rows))(tmp_path)
    assert prompts(File(path=str(path)), "test") == expected(ROWS[:4])
    for other in ("train", "hard"):
        write("a.jsonl", jsonl([row | {"split": other} for row in ROWS[:6]]))(tmp_path)
        assert File(path=str(path)).benchmark() == "all"


@pytest.mark.parametrize("other", ["train_hard", "", None, "tset"])
def test_rows_that_are_named_for_test_are_never_trained_on(other, tmp_path):
    rows = [row | {"split": "test" if n < 4 else "train"} for n, row in enumerate(ROWS)]
    rows[7]["split"] = other
    path = write("a.jsonl", jsonl(rows))(tmp_path)
    with pytest.raises(UsageError, match="column split is .* in one row and means test in another"):
        File(path=str(path)).size("train")


def test_an_epoch_meets_each_row_once_for_every_seed(tmp_path):
    made = File(path=str(write("a.jsonl", jsonl(ROWS))(tmp_path)), reserved=0.0)
    orders = []
    for seed in (0, 1, 2, 7):
        for epoch in range(2):
            start = (seed << 32) + 12 * epoch
            orders.append(tuple(made.task("train", start + n).id for n in range(12)))
            assert len(set(orders[-1])) == 12
    assert len(set(orders)) == len(orders)


# one line for the rest

PACKED = gzip.compress(table(ROWS).encode())
BYTES = pa.table({"prompt": ["a"], "answer": [b"\xff"]})
REFUSED = {
    # encodings and bytes
    "UTF-16": (write("a.jsonl", jsonl(ROWS).encode("utf-16")), "UTF-16"),
    "UTF-16 without mark": (write("a.jsonl", jsonl(ROWS).encode("utf-16-le")), "UTF-16"),
    "UTF-16 of a table": (write("a.csv", table(ROWS).encode("utf-16")), "UTF-16"),
    "Latin-1": (write("a.jsonl", GOOD.encode() + b'{"prompt": "\xe9"}'), "line 2: not UTF-8"),
    "Latin-1 of a table": (write("a.csv", b"prompt,answer\na,b\n\xe9,c\n"), "line 3: not UTF-8"),
    "Latin-1 of an array": (write("a.json", b'[\n{"prompt": "\xe9"}]'), "line 2: not UTF-8"),
    "not compressed": (write("a.jsonl.gz", GOOD), "can't be read"),
    "half compressed": (write("a.csv.gz", PACKED[:-9]), "can't be read"),
    "half a character": (write("a.jsonl", '{"prompt": "\\ud800", "answer": 1}'), "half of a char"),
    # JSON
    "nothing": (write("a.jsonl", ""), "no rows"),
    "nothing in an array": (write("a.json", "[]"), "no rows"),
    "nothing in a document": (write("a.json", " \n"), "no rows"),
    "a broken line": (write("a.jsonl", GOOD + "{"), "line 2: no JSON"),
    "a line of another kind": (write("a.jsonl", GOOD + "[1]"), "line 2: no object"),
    "an array in lines": (write("a.jsonl", json.dumps(ROWS)), "line 1: no object"),
    "a broken array": (write("a.json", '[\n{"prompt": "a"},\n{'), "line 3: no JSON"),
    "broken lines called .json": (write("a.json", GOOD + "{"), "line 2: no JSON"),
    "an array of numbers": (write("a.json", "[1]"), "element 1: no object"),
    "a number": (write("a.json", "7"), "neither array nor object"),
    "columns": (write("a.json", '{"input": ["a"], "target": ["b"]}'), "columns in place of rows"),
    "columns by index": (write("a.json", '{"input": {"0": "a"}}'), "columns in place of rows"),
    "two arrays": (write("a.json", json.dumps({"x": ROWS, "y": ROWS})), "several arrays"),
    "nested too deep": (write("a.jsonl", "[" * 200_000), "line 1: no JSON"),
    "one key twice": (
        write("a.jsonl", GOOD + GOOD[:-2] + ', "answer": "c"}'),
        "line 2: .*'answer' stands twice",
    ),
    "one key twice inside": (
        write("a.json", '[{"prompt": "a", "answer": "b", "info": {"x": 1, "x": 2}}]'),
        "'x' stands twice",
    ),
    "one key twice in a chat as text": (
        write("a.csv", "prompt,answer\n" + """"[{""role"": ""user"", ""role"": ""x""}]",b\n"""),
        ":2: prompt is no JSON .*'role' stands twice",
    ),
    "a comma too many": (
        write("a.jsonl", GOOD + '{"prompt": "a", "answer": "b",}'),
        "line 2: no JSON",
    ),
    "too many digits": (
        write("a.jsonl", GOOD + '{"prompt": "a", "answer": ' + "9" * 5000 + "}"),
        "line 2: no JSON",
    ),
    "an answer without end": (write("a.jsonl", '{"prompt": "a", "answer": Infinity}'), "infinite"),
    "bytes of zero": (write("a.jsonl", GOOD + '{"prompt": "a\0"}'), "line 2: holds bytes of zero"),
    # tables
    "line ends of CR alone": (write("a.csv", "prompt,answer\ra,b\r"), "line 1: .*line feeds"),
    "only a header": (write("a.csv", "prompt,answer\n"), "no rows"),
    "no header": (write("a.csv", "what is 2+2?,4\n3+3?,6\n"), r":2: no prompt .* it has what is"),
    "a field too many": (write("a.csv", "prompt,answer\na,b\na,b,c\n"), "line 3: 3 fields"),
    "a field too few": (write("a.csv", "prompt,answer\n\na\n"), "line 3: 1 fields"),
    "an open quote": (write("a.csv", 'prompt,answer\n"a,b\nc,d\n'), "close quotes"),
    "text after a quote": (write("a.csv", 'prompt,answer\n"a"x,b\n'), "line 2: .*close quotes"),
    "one name twice": (write("a.csv", "prompt,prompt\na,b\n"), "'prompt' stands twice"),
    "a blank cell": (write("a.csv", "prompt,answer\na,\n"), ":2: no answer"),
    "a chat of Python": (
        write("a.csv", "prompt,answer\n\"[{'role': 'user', 'content': 'a'}]\",b\n"),
        ":2: prompt is no JSON",
    ),
    # parquet and arrow
    "no parquet": (write("a.parquet", "x"), "no parquet"),
    "empty parquet": (write("a.parquet", ""), "no parquet"),
    "half a parquet": (
        written(
            "a.parquet",
            lambda p: (
                parquet.write_table(pa.Table.from_pylist(ROWS), p),
                p.write_bytes(p.read_bytes()[:-30]),
            ),
        ),
        "no parquet",
    ),
    "parquet of no rows": (
        written("a.parquet", lambda p: parquet.write_table(pa.table({"prompt": []}), p)),
        "no rows",
    ),
    "no arrow": (write("a.arrow", "something else entirely"), "no arrow file"),
    "empty arrow": (write("a.arrow", ""), "no arrow file|can't be read"),
    # folders
    "an empty folder": (written("d", Path.mkdir), "holds no data"),
    "a folder of notes": (folder(README_md="#"), "holds no data"),
    "a folder of other files": (folder(config_bin="x"), "holds no data"),
    "two formats": (
        folder(a_csv=table(ROWS), a_jsonl=GOOD),
        "several formats",
    ),
    "two data sets": (
        folder(main__a_jsonl=GOOD, other__a_jsonl=GOOD),
        "several data sets",
    ),
    "a state of nothing": (folder(state_json="{}"), "state"),
    "a shard that is absent": (
        written("d", lambda d: (saved(d, ROWS), (d / "data-00001-of-00002.arrow").unlink())),
        "lacks data-00001",
    ),
    "a broken shard": (
        folder(a_jsonl=GOOD, b_jsonl="{"),
        "b.jsonl, line 1",
    ),
    # files that hold no rows
    "text": (write("a.txt", "what is 2+2?\n"), r"\.jsonl with prompt and answer"),
    "a sheet": (write("a.xlsx", "PK"), "save the sheet as .csv"),
    "an archive": (write("a.zip", "PK"), "unpack it"),
    "compressed otherwise": (write("a.jsonl.bz2", bz2.compress(GOOD.encode())), "unpack it"),
    "pickled": (write("a.pkl", pickle.dumps(ROWS)), "write its rows as .jsonl"),
    "an unknown format": (write("a.dat", "x"), "unknown format"),
    "a file without suffix": (write("data", GOOD), "unknown format"),
    # shapes of rows
    "no prompt": (write("a.jsonl", '{"text": "a", "answer": 1}'), "no prompt .* has text, answer"),
    "no answer": (write("a.jsonl", '{"prompt": "a", "gold": 1}'), "no answer .* has prompt, gold"),
    "a blank answer": (write("a.jsonl", '{"prompt": "a", "answer": "  "}'), ":1: no answer"),
    "nothing after ####": (write("a.jsonl", '{"prompt": "a", "answer": "so ####"}'), "no answer"),
    "an answer that is none": (write("a.jsonl", '{"prompt": "a", "answer": NaN}'), "no answer"),
    "an answer of bytes": (
        written("a.parquet", lambda path: parquet.write_table(BYTES, path)),
        "bytes that are no UTF-8",
    ),
    "a prompt of numbers": (write("a.jsonl", '{"prompt": 7, "answer": 1}'), "prompt is neither"),
    "a prompt of no messages": (write("a.jsonl", '{"prompt": [], "answer": 1}'), "no prompt"),
    "a message without role": (
        write("a.jsonl", '{"prompt": [{"content": "a"}], "answer": 1}'),
        "prompt is neither",
    ),
    "a message with a picture": (
        write(
            "a.jsonl",
            '{"prompt": [{"role": "user", "content": [{"type": "image"}]}], "answer": 1}',
        ),
        "images .* not supported yet",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_one_line(kind, tmp_path):
    make, told = REFUSED[kind]
    path = make(tmp_path) or tmp_path / "d"
    with pytest.raises(UsageError, match=told) as caught:
        corpus(str(path)).task("train", 0)
    said = str(caught.value)
    assert "\n" not in said and Path(path).name.partition(".")[0] in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("openai/gsm8k", "hf download openai/gsm8k --repo-type dataset --local-dir gsm8k"),
        ("BytedTsinghua-SIA/DAPO-Math-17k", "downloads nothing"),
        ("https://example.org/a.jsonl?x", "downloads nothing"),
        ("nowhere.jsonl", "does not exist"),
        ("no/where.csv", "does not exist"),
        ("a/b/c", "does not exist"),
        ("*.parquet", "no file matches"),
        ("lokc", "did you mean 'lock'"),
        ("gym:chain_sums", "did you mean 'chain_sum'"),
        ("gsm8k", "give gsm8k:FILE"),
        ("", "is unknown"),
        ("mine.py", "is not a file"),
    ],
)
def test_names_of_nothing_are_answered_with_what_to_give(text, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=told) as caught:
        corpus(text).task("train", 0)
    assert "\n" not in str(caught.value)


def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.symlink_to("/proc/self/mem")  # reading its first page is an error for anyone
    with pytest.raises(UsageError, match="can't be read"):
        corpus(str(path)).task("train", 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_without_permission_is_refused(tmp_path):
    path = write("a.jsonl", GOOD)(tmp_path)
    path.chmod(0)
    with pytest.raises(UsageError, match="can't be read"):
        corpus(str(path)).task("train", 0)


def test_a_damaged_arrow_file_is_refused_and_reads_no_foreign_memory(tmp_path):
    rows = {"prompt": [f"a{n}" for n in range(9)], "answer": [f"{n}" for n in range(9)]}
    feather.write_feather(pa.table(rows), tmp_path / "a.arrow", compression="uncompressed")
    whole = (tmp_path / "a.arrow").read_bytes()
    offsets = struct.pack("<10i", *range(0, 20, 2))  # of the prompts
    assert whole.count(offsets) == 1
    for place, value in ((4, 1 << 30), (9, 1 << 20), (3, -7)):
        bad = [2 * n for n in range(10)]
        bad[place] = value
        damaged = whole.replace(offsets, struct.pack("<10i", *bad))
        (tmp_path / "a.arrow").write_bytes(damaged)
        with pytest.raises(UsageError, match=r"file.path is .*no arrow file"):
            File(path=str(tmp_path / "a.arrow"), seed=place).size("all")


def test_the_reason_of_a_damaged_parquet_is_one_line(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"prompt": ["a"] * 9, "answer": ["1"] * 9}), path)
    whole, told = path.read_bytes(), []
    for place in range(len(whole) - 12, len(whole) - 200, -9):
        path.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        try:
            File(path=str(path), seed=place).size("all")
        except UsageError as error:
            told.append(str(error))
    assert len(told) > 9 and all("file.path" in line and "\n" not in line for line in told)
