"""`whet doctor [RUN]`: check this machine, or a run, for problems."""

import os
import platform
import shutil
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from whet.cli.arguments import DoctorOptions
from whet.cli.options import parse
from whet.front.training import load_run
from whet.training import card
from whet.training.doctor import Doctor, note
from whet.training.idle_parts import idle_parts
from whet.training.ledger import Ledger
from whet.training.run import Run
from whet.types import UsageError

_EXTRAS = {"reasoning_gym": "gym", "peft": "lora"}
_CORE = ("torch", "transformers", "tokenizers", "math-verify", "pyarrow")


def main(words: Sequence[str]) -> int:
    """Print findings, one per line; the exit code is 1 if one of them is a problem."""
    asked = parse(DoctorOptions, words, "doctor")
    if not asked.run:
        print("\n".join(_machine()))
        return 0
    folder = Path(asked.run)
    held = card.read(folder)
    told = [*card.chat_notes(held), *held.get("notices", ())]
    rows = list(Ledger(folder).rows())
    run, unread = _run_of(folder)
    findings = [*Doctor().examine(rows), *map(note, (*told, *unread, *idle_parts(rows, run)))]
    print("\n".join(f"{'wrong' if f.bad else 'well ':5}  {f.message}" for f in findings))
    return int(any(finding.bad for finding in findings))


def _run_of(folder: Path) -> tuple[Run | None, list[str]]:
    """The run of the card; or None, and why it can't be loaded here."""
    try:
        return load_run(folder), []
    except UsageError as error:
        return None, [f"the parts of the run are not examined: {error}"]


def _machine() -> Iterator[str]:
    yield f"python   {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield f"cores    {os.cpu_count()}, torch uses {torch.get_num_threads()}"
    yield f"disk     {shutil.disk_usage('.').free / 2**30:.0f} GiB free here"
    if torch.cuda.is_available():
        yield f"gpu      {torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
    else:
        yield "gpu      none that torch sees; the embedded engine runs on the CPU"
    yield f"matmul   {_matmul():.0f} GF/s in float32"
    for name in _CORE:
        yield f"package  {name} {_installed(name)}"
    for name, extra in _EXTRAS.items():
        found = _installed(name)
        missing = f"not installed; for what needs it: pip install 'whet[{extra}]'"
        yield f"extra    {name} {found or missing}"


def _matmul() -> float:
    size, least = 512, 0.3  # rows, seconds
    one = torch.randn(size, size)
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < least:
        torch.mm(one, one)
        count += 1
    return 2 * size**3 * count / (time.perf_counter() - start) / 1e9


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
