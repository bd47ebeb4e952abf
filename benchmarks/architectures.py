"""Which architectures each engine computes: the table of docs/architectures.md.

    PYTHONPATH=src .venv/bin/python benchmarks/architectures.py [NAME …] [ENGINE …]

Each row is a tiny model with random weights (`whet.testing.architectures`), examined by every law
(`whet.testing.check_engine`).  What was found goes to benchmarks/architectures.json, one row at a
time; rows that are there are kept, unless they are named; with an engine's name
only that one is examined.  About 10 minutes on one core.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from transformers.utils import logging

from whet.engines.embedded.engine import Embedded
from whet.engines.plain.engine import Plain
from whet.engines.random_models import RandomModel
from whet.protocols import Engine
from whet.testing.architectures import ARCHITECTURES, settings_of
from whet.testing.engines.verdict import EngineVerdict, engine_verdict

FILE = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).parent.parent / "docs" / "architectures.md"
ENGINES: Mapping[str, Engine] = {
    "embedded": Embedded(device="cpu"),
    "plain": Plain(device="cpu"),
}
_HEAD = """# Architectures

<!-- made by benchmarks/architectures.py -->

Each row is a tiny model of that type with random weights, on which every law of engines was tried
(`whet.testing.check_engine`: log-probs and gradients against an unmodified forward of transformers,
forked replies, conversations, neighbours, seeds, ends, temperature, truncation, how often tokens
come, what a step moves, AdamW, what an update tells, clipping, micro-batches, saved state,
references, delivery, and weights that arrive during a reply).

- *exact*: every law holds; the number is the largest difference as a share of what is rounding.
- *refused*: the engine says so when it is opened, before anything is computed.

`whet train … --engine plain` and `whet eval … --engine plain` run what the embedded engine refuses.
The plain engine computes a whole text for every token, so it is slow.
"""


def examined(name: str, engine: Engine) -> EngineVerdict:
    """Make the model of a row and examine an engine on it."""
    kind, settings = settings_of(name)
    with TemporaryDirectory() as place:
        folder = RandomModel(model_type=kind, settings=settings).save(Path(place))
        return engine_verdict(engine, folder)


def as_row(found: EngineVerdict) -> dict[str, Any]:
    """A verdict as JSON."""
    return {
        "exact": found.exact,
        "refused": found.refused,
        "wrong": found.wrong,
        "note": found.note,
        "gap": round(found.gap, 3),
    }


def page(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The page, with rows in the order of the list."""
    lines = ["| architecture | " + " | ".join(ENGINES) + " |", "|---|" + "---|" * len(ENGINES)]
    for name in ARCHITECTURES:
        cells = [_cell(rows[name][engine]) for engine in ENGINES]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    counts = ", ".join(
        f"{engine}: {_count(rows, engine, 'exact')} exact, {_count(rows, engine, 'refused')} "
        f"refused, {_count(rows, engine, 'wrong')} wrong"
        for engine in ENGINES
    )
    made = f"transformers {transformers.__version__}, torch {torch.__version__}, float32."
    return f"{_HEAD}\nOf {len(ARCHITECTURES)} rows: {counts}. {made}\n\n" + "\n".join(lines) + "\n"


def _cell(row: Mapping[str, Any]) -> str:
    if row["wrong"]:
        return f"**wrong**: {row['wrong']}".replace("|", "\\|")
    if row["refused"]:
        return f"refused: {row['refused']}".replace("|", "\\|")
    return f"exact ({row['gap']:.2f})" + (f"; {row['note']}" if row["note"] else "")


def _count(rows: Mapping[str, Mapping[str, Any]], engine: str, outcome: str) -> int:
    return sum(bool(rows[name][engine][outcome]) for name in ARCHITECTURES)


def held() -> dict[str, dict[str, Any]]:
    """The rows that were found so far."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def main() -> None:
    """Examine the rows that are missing or named, and write the page once all are there."""
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    asked = [word for word in sys.argv[1:] if word not in ENGINES]
    engines = [word for word in sys.argv[1:] if word in ENGINES] or [*ENGINES]
    for name in asked or ARCHITECTURES:
        for label in engines:
            if label in held().get(name, {}) and name not in asked:
                continue
            found = examined(name, ENGINES[label])
            rows = held()  # another process may have added to them
            rows.setdefault(name, {})[label] = as_row(found)
            FILE.write_text(json.dumps(rows, indent=1) + "\n")
            print(f"{name} | {label} | {found}", flush=True)
    rows = held()
    if all(label in rows.get(name, {}) for name in ARCHITECTURES for label in ENGINES):
        PAGE.write_text(page(rows))


if __name__ == "__main__":
    main()
