"""Kill runs (SIGKILL) anywhere, resume them, and compare each with its twin that was not killed.

python benchmarks/kills.py [--out FILE] [--seed N] [--each N] [--runs A,B] [--at PLACE]
python benchmarks/kills.py --summary [--out FILE]

Each row of the file is one run that was killed once, or several times one after the other; rows
that are there are not made again.  Equal means: the digest of the final weights, every row of
metrics without the clocks, every rollout and every sample.  Processes are forks of one that has
imported everything, so a kill costs no imports.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

import torch
from kill_points import PLACES, Kill, counted
from kill_runs import RUNS
from pyarrow import parquet

from whet import durable
from whet.training.glossary import metric
from whet.training.ledger import Ledger
from whet.training.run import Run
from whet.training.trainer import fit

EACH = 20  # runs that are killed, of each configuration
_LONGEST = 4  # kills of one run
_SEVERAL = 5  # every fifth run is killed several times
_SURVIVED = 3
_CLOCKS = ("cost_ms", "judge_milliseconds")  # of rollouts and samples: they depend on the machine


def follow(run: Run, folder: Path) -> None:
    """Train the rest of a run."""

    async def all_events() -> None:
        async for _ in fit(run, folder):
            pass

    asyncio.run(all_events())


def forked(run: Run, folder: Path, kill: Kill | None = None) -> Mapping[str, int]:
    """Train the rest of a run in a process of its own, which may kill itself.

    The result has the number of calls of each place; empty if it was killed.
    """
    told = folder.with_name(f"{folder.name}.json")
    child = os.fork()
    if not child:
        found = counted()
        if kill is not None:
            kill.arm()
        try:
            follow(run, folder)
        finally:  # a fork must not go on with what its parent does
            error = sys.exc_info()[1]
            odd = {"error": f"{type(error).__name__}: {error}"}
            told.write_text(json.dumps(odd if error else found))
            os._exit(_SURVIVED)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended == -signal.SIGKILL:
        return {}
    return json.loads(told.read_text())


def difference(folder: Path, twin: Path) -> str:
    """The first thing in which two runs differ; empty if they are equal."""
    ours, theirs = (list(map(_timeless, Ledger(one).rows())) for one in (folder, twin))
    if ours != theirs:
        odd = [n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b]
        return f"row {odd[0]}" if odd else f"{len(ours)} rows, not {len(theirs)}"
    for kind, read in (("rollouts", _rollouts), ("evaluations", _samples)):
        files = [sorted(p.name for p in (one / kind).glob("*")) for one in (folder, twin)]
        if files[0] != files[1]:
            return f"{kind}: {sorted(set(files[0]) ^ set(files[1]))}"
        for name in files[0]:
            if read(folder / kind / name) != read(twin / kind / name):
                return f"{kind}/{name}"
    return ""


def _timeless(row: dict[str, Any]) -> dict[str, Any]:
    found = {name: metric(row["kind"], name) for name in row["metrics"]}
    clocks = {name for name, known in found.items() if known is not None and known.clock}
    return row | {"metrics": {n: held for n, held in row["metrics"].items() if n not in clocks}}


def _rollouts(path: Path) -> Any:
    table = parquet.read_table(path)
    return table.drop_columns([name for name in _CLOCKS if name in table.column_names]).to_pylist()


def _samples(path: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
    return [{name: held for name, held in row.items() if name not in _CLOCKS} for row in found]


def kills_of(number: int, calls: Mapping[str, int], rng: Random, at: str = "") -> list[Kill]:
    """The kills of one run: places take turns, unless one is given; calls and moments are drawn."""
    places = [place for place in PLACES if calls.get(place) and at in ("", place)]
    several = rng.randint(2, _LONGEST) if number % _SEVERAL == _SEVERAL - 1 else 1
    found = []
    for i in range(several):
        place = places[(number + i * 7) % len(places)]
        moments = Kill(place, 0, "").moments
        found.append(Kill(place, rng.randrange(calls[place]), rng.choice(moments)))
    return found


def row_of(name: str, number: int, kills: list[Kill], place: Path) -> dict[str, Any]:
    """Kill a run, resume it, and compare it with its twin."""
    folder, died, found = place / f"{name}-{number}", 0, {}
    folder.mkdir()
    for kill in kills:
        found = forked(RUNS[name], folder, kill)
        died += not found
        if "error" in found:
            break
    if "error" not in found:
        found = forked(RUNS[name], folder)
    odd = str(found["error"]) if "error" in found else difference(folder, place / name)
    shutil.rmtree(folder)
    return {
        "run": name,
        "number": number,
        "kills": [asdict(kill) for kill in kills],
        "killed": died,
        "equal": not odd,
        "difference": odd,
    }


def work(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Make the rows that the file lacks."""
    known = {(row["run"], row["number"], row.get("at", "")) for row in rows(asked.out)}
    place = Path(mkdtemp(prefix="kills-", dir=asked.place))
    names, twins = asked.runs.split(",") if asked.runs else [*RUNS], dict[str, Mapping[str, int]]()
    for number in range(asked.each):
        for name in names:
            if (name, number, asked.at) in known:
                continue
            start = time.perf_counter()
            if name not in twins:
                twins[name] = twin(name, place)
            rng = Random(f"{asked.seed} {name} {number}")
            row = row_of(name, number, kills_of(number, twins[name], rng, asked.at), place)
            yield row | {
                "at": asked.at,
                "seed": asked.seed,
                "seconds": round(time.perf_counter() - start, 1),
            }
    shutil.rmtree(place)


def twin(name: str, place: Path) -> Mapping[str, int]:
    """Train a run without kills; the result is how often each place was called."""
    (place / name).mkdir()
    calls = forked(RUNS[name], place / name)
    if "error" in calls:
        raise SystemExit(f"{name}: {calls['error']}")
    return calls


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file."""
    held = path.read_bytes().split(b"\n") if path.exists() else []
    return [json.loads(line) for line in held if line]


def summary(path: Path) -> str:
    """How many runs were killed, how often, where, and how many ended as their twins did."""
    found = rows(path)
    kills, equal = sum(row["killed"] for row in found), sum(row["equal"] for row in found)
    lines = [f"{equal} of {len(found)} runs equal after {kills} kills"]
    for name in dict.fromkeys(row["run"] for row in found):
        own = [row for row in found if row["run"] == name]
        lines.append(
            f"  {name:18} {sum(row['equal'] for row in own)} of {len(own)}, "
            f"{sum(row['killed'] for row in own)} kills"
        )
    lines += [
        f"  {row['run']} {row['number']}: {row['difference']}" for row in found if row["difference"]
    ]
    return "\n".join(lines)


def main() -> None:
    """Make rows, or print the summary of a file."""
    parser = argparse.ArgumentParser(description="kill runs, resume them, compare")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("kills.jsonl"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=EACH)
    parser.add_argument("--runs", default="", help="names, with commas; default: all")
    parser.add_argument("--at", default="", choices=["", *PLACES], help="kill at this place only")
    parser.add_argument("--place", default="/dev/shm" if os.path.isdir("/dev/shm") else None)
    parser.add_argument("--summary", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if not asked.summary:
        for row in work(asked):
            durable.append(asked.out, f"{json.dumps(row)}\n".encode())
            sys.stdout.write(f"{row['run']} {row['number']}: {row['difference'] or 'equal'}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{summary(asked.out)}\n")


if __name__ == "__main__":
    main()
