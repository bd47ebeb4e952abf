"""`whet resume RUN`: go on exactly where it stood."""

import os
from collections.abc import Sequence
from pathlib import Path

from whet.cli.arguments import ResumeOptions
from whet.cli.options import parse
from whet.cli.parsing import configured
from whet.cli.running import execute
from whet.training import card
from whet.training.run import Run
from whet.types import UsageError


def main(words: Sequence[str]) -> int:
    """Make the run again from its card, and go on."""
    folder = Path(parse(ResumeOptions, words, "resume").run).resolve()
    return execute(rebuilt(folder), folder)


def rebuilt(folder: Path) -> Run:
    """The run of a folder's card.  Raises `UsageError` where its recipe has changed since."""
    held = card.read(folder)
    if not Path(held["directory"]).is_dir():
        raise UsageError(f"the run was started in {held['directory']!r}, which is gone")
    os.chdir(held["directory"])  # paths in a recipe are relative to where it was started
    run = configured(held["recipe"], held["arguments"], "resume").run
    changed = card.differences(held["run"], card.resolved(run))
    if changed:
        raise UsageError(f"recipe {held['recipe']!r} has changed since the run began: {changed[0]}")
    return run
