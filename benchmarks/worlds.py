"""Speed and size of worlds: alone, under the embedded engine, and while they wait.

    python benchmarks/worlds.py                          # every measure; some minutes
    python benchmarks/worlds.py prefill waiting          # some of them
    python benchmarks/worlds.py --json benchmarks/worlds.json

`steps`    steps per second of every world alone (world_steps.py)
`tools`    round trips per second of the tools of the library
`plays`    plays per second of two worlds under the engine, each row in a process of its own
`prefill`  tokens of talks whose sessions go on, and of talks that begin anew every turn
`waiting`  memory of 256 talks that wait for their world (world_plays.py)

Counts of plays, turns, tokens and cached bytes are exact.  Seconds and rates depend on what else
the machine does, which the load average of each measure tells; ratios are of one run.  `--json`
keeps what the file has of measures that were not asked for.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import world_plays
import world_steps

Row = dict[str, Any]
CONCURRENT = (1, 16, 256, 1024)
TURNS = (10, 20, 40)


def plays(asked: argparse.Namespace) -> list[Row]:
    """A row per world and number of concurrent plays."""
    del asked
    return [in_process(name, count) for name in world_plays.LEVELS for count in CONCURRENT]


def in_process(world: str, concurrent: int) -> Row:
    """One row of `plays`, with its own peak of memory."""
    words = [sys.executable, __file__, "--child", world, str(concurrent)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


MEASURES: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    "steps": lambda asked: world_steps.steps(asked.plays),
    "tools": lambda asked: world_steps.tools(asked.calls),
    "plays": plays,
    "prefill": lambda asked: [world_plays.prefill(turns, pairs=asked.pairs) for turns in TURNS],
    "waiting": lambda asked: [world_plays.waiting(turns) for turns in (1, 4, 16)],
}


def header() -> Row:
    """The machine."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torch threads": torch.get_num_threads(),
    }


def rounded(value: Any) -> Any:
    """Four digits of a number that is no count."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def table(rows: Sequence[Row]) -> str:
    """Rows as Markdown."""
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[shown(value) for value in row.values()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(value: Any) -> str:
    """A value for people."""
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def main() -> None:
    """A table per measure."""
    words = argparse.ArgumentParser()
    words.add_argument("measures", nargs="*", help=f"of {', '.join(MEASURES)}; none: all")
    words.add_argument("--plays", type=int, default=200, help="of each world alone")
    words.add_argument("--calls", type=int, default=500, help="of each tool")
    words.add_argument("--pairs", type=int, default=3, help="of runs whose seconds are compared")
    words.add_argument("--json", type=Path, help="file that the rows are written to")
    words.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = words.parse_args()
    torch.set_num_threads(1)
    if asked.child:
        print(json.dumps(world_plays.plays(asked.child[0], int(asked.child[1]))))
        return
    if unknown := {*asked.measures} - {*MEASURES}:
        words.error(f"no measure is called {', '.join(unknown)}; give of {', '.join(MEASURES)}")
    found: dict[str, Any] = {}
    if asked.json is not None and asked.json.exists():
        found = json.loads(asked.json.read_text())
    found["header"] = header()
    print(", ".join(f"{key}: {value}" for key, value in found["header"].items()))
    print("Counts are exact.  Seconds and rates are indicative: other work shares the machine.")
    for name in asked.measures or MEASURES:
        load = os.getloadavg()[0]
        rows = MEASURES[name](asked)
        rows = [{key: rounded(value) for key, value in row.items()} for row in rows]
        found[name] = {"load average": round(load, 1), "rows": rows}
        print(f"\n{name} (load average {load:.1f})\n\n{table(rows)}", flush=True)
        if asked.json is not None:
            asked.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
