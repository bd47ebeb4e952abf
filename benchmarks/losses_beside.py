"""The losses of TRL and veRL, and whet's, on the same batches: advantage, loss and gradient.

    python benchmarks/losses_beside.py FOLDER

FOLDER has both frameworks, with what an import of their losses needs, as by `pip install --no-deps
--target FOLDER trl==1.16.0 verl==0.9.1 tensordict omegaconf codetiming`.  Their own functions are
called, in float64 where they let it be.  Rows go to losses_beside.jsonl, of which `make docs`
makes the section "Side by side" of docs/where_they_differ.md.
"""

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import losses_trl
import losses_trl_pairs
import losses_verl
import losses_verl_pairs
import torch
from losses_pairs import SEEDS, Pair, measured, probed

FILE = Path(__file__).with_suffix(".jsonl")
LEAST = 1e-6  # a smaller difference is rounding
Row = dict[str, Any]


def pairs() -> list[Pair]:
    """All of them."""
    return [*losses_trl_pairs.pairs(), *losses_verl_pairs.pairs()]


def places() -> list[tuple[str, str]]:
    """The key of each pair, and which settings of whet it is compared with."""
    return [(p.key, at) for p in pairs() for at in (["equal"] if p.part_only else ["equal", "own"])]


def rows(versions: dict[str, str]) -> Iterator[Row]:
    """What each pair comes to. `probe` is of the peer's loss on the first batch."""
    for pair in pairs():
        held = {"pair": pair.key, "version": versions[pair.peer], "seeds": SEEDS}
        probe = probed(pair.theirs(pair.draw(0)))
        told = {"at": "equal", "whet": pair.parts, "probe": probe}
        yield {**held, **told, **measured(pair, pair.equal)}
        if not pair.part_only:
            told = {"at": "own", "whet": pair.base, "probe": probe}
            yield {**held, **told, **measured(pair, pair.default)}


def stored() -> list[Row]:
    """The committed rows."""
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def most(row: Row) -> float:
    """The largest of a row's differences."""
    return max(row[name] or 0.0 for name in ("advantage", "loss", "gradient"))


def main(folder: str) -> None:
    """Run all pairs and store their rows."""
    sys.path.append(folder)
    warnings.simplefilter("ignore")
    torch.set_default_dtype(torch.float64)
    versions = {"TRL": losses_trl.version(), "veRL": losses_verl.version()}
    made = list(rows(versions))
    FILE.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    for row in made:
        print(f"{most(row):9.2e}  {row['at']:5}  {row['pair']}: {row['whet']}")


if __name__ == "__main__":
    main(sys.argv[1])
