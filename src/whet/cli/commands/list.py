"""`whet list [KIND]`: list the parts of every kind, by family; of sampling, by slot."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from whet.cli.arguments import ListOptions
from whet.cli.catalogue import KIND_WITH_SLOTS, KINDS, Entry, by_slot, entries, kind_of
from whet.cli.options import parse

_BESIDES = {
    "corpora": "and gym:NAME (a data set of reasoning_gym), or a file or folder of tasks",
    "benchmarks": "each as NAME:FILE, such as --tasks gsm8k:test.jsonl; none is downloaded",
    "rewards": "and path.py:function or package.module:function, in the forms of TRL, veRL, …",
    "recipes": "and path.py, with a function of the file's name that returns a Run",
}


def main(words: Sequence[str]) -> int:
    """Print a table per kind, or one JSON document."""
    asked = parse(ListOptions, words, "list")
    kinds = list(KINDS) if asked.kind == "all" else [kind_of(asked.kind)]
    if asked.json:
        print(json.dumps({kind: _counted(entries(kind)) for kind in kinds}, indent=1))
        return 0
    for kind in kinds:
        table = _table_of_slots if kind == KIND_WITH_SLOTS else _table
        Console().print(table(kind, entries(kind)))
        if kind in _BESIDES:
            print(f"  {_BESIDES[kind]}\n")
    return 0


def _counted(found: Sequence[Entry]) -> dict[str, Any]:
    """The number of parts, their families, the lengths of their files, and the parts."""
    keys = ("kind", "name", "family", "where", "lines", "summary")
    lines = [entry.lines for entry in found]
    return {
        "count": len(found),
        "families": Counter(entry.family for entry in found if entry.family),
        "lines": {"median": median(lines), "max": max(lines)} if lines else {},
        "parts": [{key: getattr(entry, key) for key in keys} | _place(entry) for entry in found],
    }


def _place(entry: Entry) -> dict[str, str]:
    """The slot and the flag of a sampling part."""
    return {"slot": entry.slot, "flag": entry.flag} if entry.kind == KIND_WITH_SLOTS else {}


def _table(kind: str, found: Sequence[Entry]) -> Table:
    """One block for each family."""
    table = _empty(kind, found)
    for family, members in _families(found):
        table.add_row(f"{family or 'of no family'}", f"({len(members)})", style="bold")
        for entry in members:
            table.add_row(f"  {entry.name}", entry.summary)
    return table


def _table_of_slots(kind: str, found: Sequence[Entry]) -> Table:
    """One block for each slot, with the flag that chooses its part; families in their order."""
    table = _empty(kind, found)
    for slot, members in by_slot(found):
        flag = members[0].flag.partition(" ")[0]
        table.add_row(slot or "of no slot", flag, f"({len(members)})", style="bold")
        for entry in sorted(members, key=lambda entry: (entry.family, entry.name)):
            table.add_row(f"  {entry.name}", entry.family, entry.summary)
    return table


def _empty(kind: str, found: Sequence[Entry]) -> Table:
    return Table(title=_title(kind, found), title_justify="left", box=None, show_header=False)


def _title(kind: str, found: Sequence[Entry]) -> str:
    lines = [entry.lines for entry in found]
    sizes = f", files of {median(lines):g} lines (median), {max(lines)} at most" if lines else ""
    return f"{kind}: {len(found)}{sizes}"


def _families(found: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    def family(entry: Entry) -> str:
        return entry.family

    return [(name, list(held)) for name, held in groupby(sorted(found, key=family), key=family)]
