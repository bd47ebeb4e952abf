"""The test that holds a method against numbers that were not computed by it, found in tests/."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from papers.methods import Method
from whet.cli.choices import snake
from whet.registry import camel

TESTS = Path(__file__).parents[2] / "tests"
_FOLDERS = {
    "policy": ("policy", "laws"),
    "rewards": ("rewards",),
    "sampling": ("sampling",),
    "evaluation": ("evaluation",),
}
_ORACLES = frozenset({"expected", "reproduces", "ORACLES"})  # what reads algorithm_oracles.json
_COMPARES = frozenset(
    {"close", "approx", "assert_close", "isclose", "allclose", "near", "reproduces"}
)
_OF_ORACLES = re.compile("oracle|rederived|paper_equations")
_BY_HAND = re.compile("by_hand|example|_paper|closed_form|every_resample|of_all_sets")
_OF_SETTINGS = re.compile("settings|has_the_|refus|told|warned|no_effect|default|domains|pairs")
_NOTHING = (0,)
_PLAIN = frozenset({0, 1, 2, -1})  # counts and signs, that say little


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test function: the names that it says itself and through its file, and its evidence."""

    file: Path  # below tests/
    name: str
    direct: frozenset[str]
    indirect: frozenset[str]
    evidence: int  # 2: the shared oracles; 1: numbers of its own; 0: none

    __test__ = False  # pytest


def oracle(method: Method) -> Test | None:
    """The best test of a method: it says its name, and what it wants was not computed by it.

    That is a test that reads the shared oracles, one in a file of oracles, one that is called after
    a calculation by hand, or one that is called after the method and compares numbers.
    """
    words = {method.name, camel(method.name)} if method.kind else {method.name}
    ranked = [(_rank(test, method, words), test) for test in _tests(method.file.parts[1])]
    best = max(ranked, key=lambda pair: pair[0], default=None)
    return best[1] if best and best[0] > _NOTHING else None


def _rank(test: Test, method: Method, words: set[str]) -> tuple[int, ...]:
    said = 2 if words & test.direct else 1 if words & test.indirect else 0
    named = int(f"_{snake(method.name)}_" in f"_{test.name}_")
    by_hand = bool(_OF_ORACLES.search(test.file.stem) or _BY_HAND.search(test.name))
    if not said or not test.evidence or _OF_SETTINGS.search(f"{test.file.stem} {test.name}"):
        return _NOTHING
    if not (test.evidence > 1 or by_hand or named):
        return _NOTHING
    return (test.evidence, named, int(by_hand), said, -len(test.direct))


@cache
def _tests(room: str) -> tuple[Test, ...]:
    folders = _FOLDERS[room]
    files = [p for folder in folders for p in sorted((TESTS / folder).rglob("test_*.py"))]
    return tuple(test for file in files for test in _of_file(file))


def _of_file(file: Path) -> Iterator[Test]:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    held = {name: node for node in body for name in _bound(node)}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:5] == "test_":
            around = _around(node, held)
            yield Test(
                file=file.relative_to(TESTS),
                name=node.name,
                direct=_said([node]),
                indirect=_said(around),
                evidence=_evidence([node, *around]),
            )


def _bound(node: ast.stmt) -> Sequence[str]:
    """The names that a statement of a module binds, imports aside."""
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, ast.FunctionDef) and node.name[:5] != "test_":
        return [node.name]
    return []


def _around(node: ast.AST, held: dict[str, ast.stmt]) -> list[ast.AST]:
    """The tables and functions of the file that a test names, and those that these name."""
    found: dict[str, ast.AST] = {}
    waiting: list[ast.AST] = [node]
    while waiting:
        for name in _said([waiting.pop()]) & held.keys() - found.keys():
            found[name] = held[name]
            waiting.append(held[name])
    return list(found.values())


def _said(nodes: Sequence[ast.AST]) -> frozenset[str]:
    """Every name, attribute, and text without spaces; a text with / is its pieces, too."""
    found: set[str] = set()
    for node in (inner for one in nodes for inner in ast.walk(one)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update((node.value, *node.value.split("/")) if " " not in node.value else ())
    return frozenset(found)


def _evidence(nodes: Sequence[ast.AST]) -> int:
    said = _said(nodes)
    if said & _ORACLES:
        return 2
    inner = [node for one in nodes for node in ast.walk(one)]
    compared = said & _COMPARES or any(isinstance(node, ast.Compare) for node in inner)
    return int(bool(compared) and any(map(_is_number, inner)))


def _is_number(node: ast.AST) -> bool:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, int | float):
        return False
    return not isinstance(node.value, bool) and node.value not in _PLAIN
