"""`whet list [KIND]`: what there is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from tyro.conf import Positional

from whet.cli.catalogue import KINDS, entries
from whet.cli.parsing import parse
from whet.registry import nearest
from whet.types import Refusal


@dataclass(frozen=True, kw_only=True)
class Words:
    """What there is: algorithms, rewards, samplers, corpora, environments, recipes."""

    kind: Positional[str] = "all"
    json: bool = False  # one JSON document and nothing else


def main(words: Sequence[str]) -> int:
    """A table per kind, or one JSON list."""
    asked = parse(Words, words, "list")
    if asked.kind not in {"all", *KINDS}:
        raise Refusal(f"kind {asked.kind!r} is unknown; {nearest(asked.kind, KINDS)}")
    kinds = list(KINDS) if asked.kind == "all" else [asked.kind]
    found = [entry for kind in kinds for entry in entries(kind)]
    if asked.json:
        keys = ("kind", "name", "family", "where", "summary")
        print(json.dumps([{key: getattr(e, key) for key in keys} for e in found], indent=1))
        return 0
    for kind in kinds:
        table = Table(title=kind, title_justify="left", box=None, show_header=False)
        for entry in entries(kind):
            table.add_row(entry.name, entry.family, entry.summary)
        Console().print(table)
    return 0
