"""Every public docstring with an arXiv id, as a method, with what the docstring says of it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from whet import registry
from whet.cli.explain.sources import papers, row_of, sentences

SOURCE = Path(__file__).parents[2] / "src"
ROOMS = ("policy", "rewards", "sampling", "evaluation")
KINDS = ("algorithm", "extension", "reward", "sampling")
_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_EQUATION = re.compile(r"([^\s(`]+(?: ?\([^()]*\))?) = (\S.*)")
_MATHS = re.compile(r"[·−Σ/|⌈⌊Πσ∫^‖≤≥]|\w\(|1\[| log | \+ | mean")
_EDGES = " ,;:("
_LONGEST = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A file's part, or a class or function, and the papers that its docstring names."""

    name: str
    kind: str  # of the registry; empty for what has no place in it
    file: Path  # below src/
    titles: dict[str, str]  # what the docstring calls each paper, by its arXiv id
    equation: str  # the docstring's first one; empty if it has none

    attribute: str = ""  # a class or function of the file; empty for its part and for itself

    @property
    def anchor(self) -> str:
        """The end of the address of its row."""
        module = ".".join(self.file.with_suffix("").parts).removesuffix(".__init__")
        return row_of(module, self.attribute)


@cache
def methods() -> tuple[Method, ...]:
    """All of them, by file."""
    parts = _parts()
    files = [p for room in ROOMS for p in sorted((SOURCE / "whet" / room).rglob("*.py"))]
    return tuple(one for file in files for one in _of_file(file, *parts.get(file, ("", "", ""))))


def _parts() -> dict[Path, tuple[str, str, str]]:
    """Kind, name and attribute of the registry's part in a file."""
    return {
        Path(place.origin).resolve(): (kind, name, place.attribute)
        for kind in KINDS
        for name, place in registry.names(kind).items()
    }


def _of_file(file: Path, kind: str, name: str, attribute: str) -> Iterator[Method]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    said = {node.name: _said(node) for node in tree.body if isinstance(node, _Definition)}
    said = {key: text for key, text in said.items() if not key.startswith("_")}
    head = ast.get_docstring(tree) or ""
    if kind:
        yield from _method(name, kind, file, f"{head}\n\n{said.pop(attribute, '')}")
    for key, text in said.items():
        yield from _method(key, "", file, text, attribute=key)
    told = {paper for text in said.values() for paper in papers(text)}
    if not kind and set(papers(head)) - told:
        own = file.parent if file.stem == "__init__" else file
        yield from _method(own.stem, "", file, head)


def _said(node: _Definition) -> str:
    """The docstring of a definition, and those of the public methods of a class."""
    inner = [n for n in node.body if isinstance(n, _Definition) and not n.name.startswith("_")]
    return "\n\n".join(ast.get_docstring(one) or "" for one in (node, *inner))


def _method(
    name: str, kind: str, file: Path, said: str, *, attribute: str = ""
) -> Iterator[Method]:
    if found := papers(said):
        yield Method(
            name=name,
            kind=kind,
            file=file.relative_to(SOURCE),
            titles={paper: _title(paper, said) for paper in found},
            equation=_equation(said),
            attribute=attribute,
        )


def _title(paper: str, said: str) -> str:
    """The words of the sentence in front of the id."""
    sentence = next(s for s in sentences(said) if f"arXiv:{paper}" in s)
    before, *rest = sentence.split(f"arXiv:{paper}")[0].split("arXiv:")
    own = re.sub(r"^[\d.]+\W*", "", rest[-1]) if rest else before
    words = own.strip(_EDGES) or before.strip(_EDGES)
    words = words.rpartition("; ")[2].removeprefix("Source: ").removeprefix("Source").strip()
    return f"{words})" if words.count("(") > words.count(")") else words


def _equation(said: str) -> str:
    """The first line that is an equation, else the first equation within a line."""
    found = [(line, one) for line in said.splitlines() if (one := _EQUATION.search(line))]
    told = [(line.lstrip().startswith(one[0]), _cut(one)) for line, one in found]
    told = [(first, text) for first, text in told if _MATHS.search(text.partition(" = ")[2])]
    return max(told, key=lambda pair: pair[0])[1] if told else ""


def _cut(found: re.Match[str]) -> str:
    """Up to the end of its sentence or clause, and not too long for a cell."""
    right = re.split(r"\.? {2,}|\. |; |,  |, (?=\w+ = )|,? where ", found[2])[0].rstrip(".,;:")
    whole = f"{found[1]} = {right}"
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST].rpartition(' ')[0]} …"
