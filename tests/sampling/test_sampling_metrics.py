"""The names of the metrics that sampling parts log, against the glossary."""

import ast
from collections.abc import Iterator
from pathlib import Path

import whet.sampling
from whet.training import glossary

ROOM = Path(next(iter(whet.sampling.__path__)))
LOGGING = {"step_ended", "taken"}  # methods that return metrics


def names_in(function: ast.FunctionDef) -> Iterator[str]:
    """Keys of dictionaries, and of what is put into one; `*` for what is filled in."""
    for node in ast.walk(function):
        found = node.keys if isinstance(node, ast.Dict) else []
        if isinstance(node, ast.Assign):
            found = [t.slice for t in node.targets if isinstance(t, ast.Subscript)]
        for key in found:
            if isinstance(key, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "*" for p in key.values)
                yield "".join(map(str, parts))
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value


def test_the_glossary_has_every_name_that_a_sampling_part_logs_and_no_other():
    found = {
        name
        for path in ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name in LOGGING
        for name in names_in(node)
    }
    assert {"temperature", "unfinished", "think_budget"} <= found
    assert found == {metric.name for metric in glossary.SAMPLING}
    assert all(m.unit and m.says and m.of for m in glossary.SAMPLING)
