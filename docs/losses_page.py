"""The section of where_they_differ.md that is made of benchmarks/losses_beside.jsonl."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from settings import row

DOCS = Path(__file__).parent
BENCHMARKS = DOCS.parent / "benchmarks"
PAGE = "where_they_differ.md"
_BEGIN = "<!-- made of benchmarks/losses_beside.jsonl by `make docs`; measure it anew -->"
_END = "<!-- end of what is made -->"
_NUMBERS = ("advantage", "loss", "gradient")
_TITLES: Mapping[str, tuple[str, str]] = {
    "equal": ("At the peer's settings", "whet with the peer's settings"),
    "own": ("As whet has it", "whet"),
}
LEAST = 1e-6  # as in losses_beside: a smaller difference is rounding
Row = Mapping[str, Any]


def page() -> str:
    """The page as it is, with the section made anew."""
    before, _, rest = (DOCS / PAGE).read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return "\n".join([f"{before}{_BEGIN}", "", *section(), f"{_END}{after}"])


def section() -> Iterator[str]:
    """What was run, and a table for each kind of settings."""
    lines = (BENCHMARKS / "losses_beside.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    versions = sorted({f"{r['pair'].partition(':')[0]} {r['version']}" for r in rows})
    equal = [r for r in rows if r["at"] == "equal"]
    same = sum(_most(r) <= LEAST for r in equal)
    yield f"Run: {' and '.join(versions)}, {len(equal)} pairs, {rows[0]['seeds']} batches each."
    yield f"{same} are the same at the same settings, up to {LEAST:g}. A number is the largest"
    yield "difference of all batches over the peer's largest number; – where no advantage was"
    yield "compared. Numbers near 1e-8 and 1e-7 come from ε in a peer's denominators and from"
    yield "single precision."
    yield ""
    why = _why()
    for at, (title, head) in _TITLES.items():
        yield from (f"### {title}", "")
        yield row(["peer's loss", head, *(["Â", "loss", "gradient"]), "why"])
        yield row(["---"] * 6)
        yield from (row(_cells(r, why)) for r in rows if r["at"] == at)
        yield ""


def _cells(told: Row, why: Mapping[tuple[str, str], str]) -> Sequence[str]:
    numbers = ["–" if told[name] is None else f"{told[name]:.0e}" for name in _NUMBERS]
    reason = why.get((told["pair"], told["at"]), "")
    return [told["pair"], f"`{told['whet']}`", *numbers, reason]


def _most(told: Row) -> float:
    return max(told[name] or 0.0 for name in _NUMBERS)


def _why() -> Mapping[tuple[str, str], str]:
    """The explanations, which stand beside the script."""
    if str(BENCHMARKS) not in sys.path:
        sys.path.append(str(BENCHMARKS))
    return import_module("losses_why").WHY
