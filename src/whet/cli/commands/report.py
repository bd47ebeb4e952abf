"""`whet report RUN`: one HTML file, for anyone, without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from whet.cli.parsing import parse
from whet.view import report


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Write report.html into a run folder."""

    run: Positional[str]  # its folder, such as runs/quickstart


def main(words: Sequence[str]) -> int:
    """Write it again."""
    print(report.write(Path(parse(ReportOptions, words, "report").run)))
    return 0
