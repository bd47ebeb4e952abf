"""Files of published benchmarks, written from invented rows, and replies in the usual forms."""

import csv
import gzip
import json
import pickle
import zlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import parquet


@dataclass(frozen=True)
class Fixture:
    """The rows of a file, and what replies to each of them are worth."""

    file: str
    rows: list
    ids: list  # of the tasks, in the order of the rows
    right: list  # a reply to each row
    wrong: list  # near misses of each row
    answers: Sequence = ()  # of BFCL, a file of its own


def write(folder, fixture, rows=None, file=""):
    """The path of a file with these rows, by default those of the fixture."""
    path = folder / (file or fixture.file)
    held = fixture.rows if rows is None else rows
    if fixture.answers:
        (folder / "possible_answer").mkdir(exist_ok=True)
        lines(folder / "possible_answer" / path.name, fixture.answers)
    if path.suffix == ".csv":
        table(path, held)
    elif path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(held), path)
    elif path.name.startswith("sanitized"):
        path.write_text(json.dumps(held))
    else:
        lines(path, held)
    return path


def lines(path, rows):
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def table(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def packed(cases, protocol=4):
    """Test cases as LiveCodeBench hides them."""
    return b64encode(zlib.compress(pickle.dumps(json.dumps(cases), protocol))).decode()


def boxed(*answers):
    return [f"<think>\\boxed{{0}}?</think>Thus \\boxed{{{answer}}}." for answer in answers]


def letters(*answers):
    return [f"It must be so.\nAnswer: {answer}" for answer in answers]


def code(*sources):
    return [f"Here it is.\n```python\n{source}\n```" for source in sources]


def calls(*held):
    return "".join(f"<tool_call>{json.dumps(one)}</tool_call>" for one in held)


def spelled(name, path):
    """The spelling of a fixture on the command line."""
    return f"{name.partition(',')[0]}:{path}"
