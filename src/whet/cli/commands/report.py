"""`whet report RUN`: write one HTML file that works without a network."""

from collections.abc import Sequence
from pathlib import Path

from whet.cli.arguments import ReportOptions
from whet.cli.options import parse
from whet.view import report


def main(words: Sequence[str]) -> int:
    """Write the report, and print its path."""
    print(report.write(Path(parse(ReportOptions, words, "report").run)))
    return 0
