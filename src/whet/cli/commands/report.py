"""`whet report RUN`: one HTML file, for anyone, without a network."""

from collections.abc import Sequence
from pathlib import Path

from whet.cli.arguments import ReportOptions
from whet.cli.options import parse
from whet.view import report


def main(words: Sequence[str]) -> int:
    """Write it again."""
    print(report.write(Path(parse(ReportOptions, words, "report").run)))
    return 0
