"""Mutants of the mathematics: which of them do the tests of `tests/policy` notice?

    python benchmarks/mutants.py [--count 200] [--again] [--minutes 30]

A mutant is one change of an operator, constant or default of the parts and algorithms below
`src/whet/policy` (`mutations.py`). Each has a number between 0 and 1 that seed 0 and its own text
give, and the sample is the mutants with the lowest numbers, so a change elsewhere leaves the sample
as it is. The faults of `named_mutants.py` come before the sample.

Every mutant runs in a process of its own, on a copy of the package. The tests that call a changed
function are run, the fastest first; all tests are, if a default or a line of a class has changed.
A row per mutant is appended to `mutants.jsonl`; mutants that have a row are skipped, with `--again`
all but the survivors. `equivalent_mutants.json` has the reasons of those that no test can notice.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from mutations import mutations
from named_mutants import BEHAVIOUR, DEFAULTS

ROOT = Path(__file__).parents[1]
POLICY = Path("src", "whet", "policy")
ROWS = ROOT / "benchmarks" / "mutants.jsonl"
REASONS = ROOT / "benchmarks" / "equivalent_mutants.json"
LIMIT, WATCHED = 300, 1800  # seconds of one run of the tests, and of the one that is watched
PINNED = "tests/policy/test_defaults.py"
PASSED, FAILED, NOT_COLLECTED, NO_TESTS = 0, 1, 2, 5


class Mutant(NamedTuple):
    """A file below the policy's folder with one change."""

    key: str
    file: str
    line: int
    where: str
    change: str
    text: str
    in_a_function: bool  # in its body, so only tests that call it can notice


def drawn(seed: int) -> list[Mutant]:
    """All mutants, in the order of the draw."""
    folder = ROOT / POLICY
    files = sorted([*folder.glob("*.py"), *folder.glob("algorithms/**/*.py")])
    found = [mutant for file in files for mutant in _of(file)]
    return sorted(found, key=lambda mutant: random.Random(f"{seed} {mutant.key}").random())


def _of(file: Path) -> Iterator[Mutant]:
    text, name = file.read_text(), str(file.relative_to(ROOT / POLICY))
    for m in mutations(text):
        inner = m.where.split(".")[-1].lstrip("_")[:1].islower() and m.kind != "default"
        change = f"{m.old} → {m.new}"
        key = f"{name}: {m.key}"
        yield Mutant(key, name, m.line, m.where, change, m.applied(text), inner)


def named() -> list[Mutant]:
    """The faults of `named_mutants.py`."""
    found = []
    for fault in (*BEHAVIOUR, *DEFAULTS):
        text = (ROOT / POLICY / fault.file).read_text()
        line = text[: text.index(fault.changes[-1][0])].count("\n") + 1
        key = f"named: {fault.mistake}"
        broken = fault.applied(text)
        found.append(Mutant(key, fault.file, line, "", fault.mistake, broken, in_a_function=False))
    return found


class House:
    """A copy of the sources and tests in a temporary folder, with the other files as links."""

    def __init__(self, root: Path) -> None:
        self.root = root
        leave = shutil.ignore_patterns("__pycache__", "labelled")
        for entry in ROOT.iterdir():
            if entry.name in {"src", "tests", "benchmarks"}:
                shutil.copytree(entry, root / entry.name, ignore=leave)
            elif entry.name != ".git":
                (root / entry.name).symlink_to(entry)
        self.calls = Path(tempfile.gettempdir(), f"mutant-calls-{_digest(root)}.json")

    def tests(self, arguments: list[str], **more: str) -> subprocess.CompletedProcess[str]:
        """Run pytest in the copy."""
        paths = f"{self.root / 'src'}:{self.root / 'benchmarks'}"
        known = {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "mutant_tests", *arguments]
        return subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, **known, **more, "MUTANT_CALLS": str(self.calls)},
            capture_output=True,
            text=True,
            timeout=WATCHED if "MUTANT_WATCH" in more else LIMIT,
            check=False,
        )

    def watch(self) -> None:
        """Run all tests once without a change, and note which functions each of them calls.

        The notes are kept for the next time that the same files are tried.
        """
        if self.calls.exists():
            return
        done = self.tests(["tests/policy"], MUTANT_WATCH="1")
        if done.returncode != PASSED:
            raise RuntimeError(
                f"the tests fail without a mutant:\n{done.stdout[-3000:]}{done.stderr}"
            )

    def outcome(self, mutant: Mutant) -> dict[str, str]:
        """How the tests end on a mutant: caught, and by which test; or survived."""
        path = self.root / POLICY / mutant.file
        original = shutil.copy2(path, self.root / "original.py")
        path.write_text(mutant.text)
        try:
            return self._outcome(mutant)
        finally:
            shutil.copy2(original, path)

    def _outcome(self, mutant: Mutant) -> dict[str, str]:
        around = f"{mutant.file}:{mutant.where}"
        calls: dict[str, list[str]] = json.loads(self.calls.read_text())["calls"]
        every = _files(calls.values())
        near = _files(tests for place, tests in calls.items() if place.startswith(around))
        runs: list[tuple[list[str], dict[str, str]]] = [(near, {"MUTANT_AROUND": around})]
        if mutant.in_a_function and around in calls:
            runs[0][1]["MUTANT_ONLY"] = "1"
        else:  # a default or a line of a class or module, which any test may read
            runs.insert(0, ([PINNED], {}))
            runs.append(([file for file in every if file not in near], {}))
        for files, more in runs:
            if files and (found := self._told(["-x", *files], more)):
                return {"outcome": "caught", "by": found}
        return {"outcome": "survived", "by": ""}

    def _told(self, arguments: list[str], more: dict[str, str]) -> str:
        """The first test that fails; empty if all pass."""
        try:
            done = self.tests(arguments, **more)
        except subprocess.TimeoutExpired:
            return f"no end within {LIMIT} s"
        if done.returncode in {FAILED, NOT_COLLECTED}:
            return _failure(done.stdout)
        if done.returncode not in {PASSED, NO_TESTS}:
            raise RuntimeError(f"pytest said {done.returncode}\n{done.stdout}\n{done.stderr}")
        return ""


def _digest(root: Path) -> str:
    """A digest of the sources and the tests."""
    found = sha256()
    for file in sorted([*(root / "src").rglob("*.py"), *(root / "tests").rglob("*.py")]):
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def _files(tests: Iterable[Iterable[str]]) -> list[str]:
    return sorted({test.split("::")[0] for some in tests for test in some})


def _failure(told: str) -> str:
    lines = [line for line in told.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return lines[0].split(" - ")[0] if lines else told.splitlines()[-1]


def rows() -> dict[str, dict[str, Any]]:
    """The last row of every mutant."""
    lines = ROWS.read_text().split("\n") if ROWS.exists() else []
    return {row["key"]: row for row in map(json.loads, filter(None, lines))}


def tried(mutants: list[Mutant], *, again: bool, minutes: float) -> None:
    """Try the mutants without a row, one process at a time, and append a row for each."""
    known = {key for key, row in rows().items() if not (again and row["outcome"] == "survived")}
    waiting = [mutant for mutant in mutants if mutant.key not in known]
    if not waiting:
        return
    begun = monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        house = House(Path(folder))
        house.watch()
        print(
            f"{len(waiting)} to try; the tests alone took {monotonic() - begun:.0f} s", flush=True
        )
        for mutant in waiting:
            start = monotonic()
            if start - begun > 60 * minutes:
                return
            row = {"key": mutant.key, "file": mutant.file, "line": mutant.line}
            row |= {"change": mutant.change, **house.outcome(mutant)}
            row["seconds"] = round(monotonic() - start, 1)
            with ROWS.open("a") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            print(f"{row['outcome']:9}{row['seconds']:6.1f} s  {mutant.key}", flush=True)


def summary(mutants: list[Mutant]) -> str:
    """Counts, and the survivors with their reasons."""
    known, reasons = rows(), json.loads(REASONS.read_text())
    done = [known[mutant.key] for mutant in mutants if mutant.key in known]
    alive = [row for row in done if row["outcome"] == "survived"]
    lines = [f"{len(done)} of {len(mutants)} mutants tried: {len(done) - len(alive)} caught"]
    for row in alive:
        reason = reasons.get(row["key"], "no reason is known")
        lines.append(f"survived: {row['file']}:{row['line']}: {row['change']}: {reason}")
    return "\n".join(lines)


def main() -> None:
    """Try mutants, and say which survive."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="the survivors once more")
    parser.add_argument("--minutes", type=float, default=60.0)
    told = parser.parse_args()
    faults, sample = named(), drawn(told.seed)[: told.count]
    tried([*faults, *sample], again=told.again, minutes=told.minutes)
    print("named:", summary(faults))
    print(f"drawn with seed {told.seed}:", summary(sample))


if __name__ == "__main__":
    main()
