"""`whet env check` of every world at every level, as the table of docs/worlds.md.

    python benchmarks/world_checks.py [--plays 50] [--world NAME]

A row is printed and appended to benchmarks/world_checks.jsonl when it is done; worlds and levels
that the file has are skipped.  The last line of the output is the table.
"""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from whet import registry
from whet.evaluation.worlds.checks import CHECKS, checked
from whet.evaluation.worlds.trial import WorldTrial
from whet.protocols import World

ROWS = Path(__file__).with_suffix(".jsonl")
Row = dict[str, Any]


def worlds() -> dict[str, World]:
    """All worlds that ship, by name."""
    loaded = {name: place.load() for name, place in registry.names("environment").items()}
    return {n: c() for n, c in loaded.items() if isinstance(c, type) and issubclass(c, World)}


async def row(name: str, world: World, level: int, plays: int) -> Row:
    """What every check found at one level."""
    trial = WorldTrial(world=world, level=level, name=name, plays=plays)
    found = [check async for check in checked(trial)]
    told: Row = {check.name: check.told for check in found}
    failed = [check.name for check in found if check.passed is False]
    return {"world": name, "level": level, "plays": plays, "failed": failed} | told


def known() -> list[Row]:
    """The rows of the file."""
    lines = ROWS.read_text(encoding="utf-8").splitlines() if ROWS.exists() else []
    return [json.loads(line) for line in lines]


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| world | level | checks | expert | random player | ms a reply |", "|" + "---|" * 6]
    for one in sorted(rows, key=lambda one: (one["world"], one["level"])):
        failed = one["failed"]
        passed = "all pass" if not failed else f"failed: {', '.join(map(str, failed))}"
        expert = str(one["expert wins"]).split(" of ")[0]
        cost = str(one["cost"]).split(" a reply")[0].removeprefix("median ")
        cells = (one["world"], one["level"], passed, expert, one["random player"], cost)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Check what the file lacks, and print the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--plays", type=int, default=50)
    asked.add_argument("--world", default="")
    options = asked.parse_args()
    rows = known()
    done = {(one["world"], one["level"]) for one in rows}
    for name, world in worlds().items():
        for level in range(world.levels[0], world.levels[1] + 1):
            if (name, level) in done or options.world not in ("", name):
                continue
            found = asyncio.run(row(name, world, level, options.plays))
            with ROWS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            print(name, level, found["failed"] or "all pass", flush=True)
            rows.append(found)
    print(f"{len(CHECKS)} checks\n{table(rows)}")


if __name__ == "__main__":
    main()
