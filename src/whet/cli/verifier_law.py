"""The table of `whet verify --law`: the five properties of every verifier with labelled replies."""

from collections.abc import Mapping
from dataclasses import fields
from math import isnan
from pathlib import Path

from whet import rewards
from whet.data.cases import Case, cases
from whet.data.formats import FORMATS, READERS, suffix
from whet.evaluation.axes import Axes
from whet.evaluation.statistics.interval import Interval
from whet.evaluation.verifiers import VerifierReport
from whet.protocols import Judge
from whet.types import UsageError

AXES = tuple(f.name for f in fields(Axes))
_FORMS = {"speed": ".4g", "scale": ".4g", "gradation": ".2f"}  # all others: .3f
_COLUMN = 24


def labelled_verifiers(folder: str) -> Mapping[str, tuple[Judge, tuple[Case, ...]]]:
    """Each reward that a file of the folder is named after, with the labelled replies of the file.

    Raises `UsageError` where `folder` is no folder, has no such file, or has a file whose name is
    no reward's.
    """
    place = Path(folder)
    if not place.is_dir():
        raise UsageError(
            f"labelled is {folder!r}; with --law give a folder with a file of labelled replies "
            "for each verifier, named after it, such as sql.jsonl"
        )
    found = sorted(f for f in place.iterdir() if f.is_file() and suffix(f) in READERS)
    if not found:
        raise UsageError(f"labelled is {folder!r}, a folder without files that end in {FORMATS}")
    return {
        name: (rewards.find(name), cases(str(file)))
        for file in found
        for name in [file.name.partition(".")[0]]
    }


def law_table(reports: Mapping[str, VerifierReport]) -> list[str]:
    """A line for each verifier: its replies, and each property with its interval."""
    head = "".join(f"{name:{_COLUMN}}" for name in AXES)
    return [
        f"{'verifier':18}{'replies':>8}  {head}".rstrip(),
        *(_line(name, report) for name, report in reports.items()),
        "",
        *meanings(),
    ]


def meanings() -> list[str]:
    """What each property says, for below the table."""
    return [
        "objectivity: share of replies with the same verdict when asked again",
        "speed: 1 / the median seconds of a call; scale: verdicts per second of all calls together",
        "noise: 1 − (recall + specificity − 1); gradation: bits in the scores",
    ]


def axis(name: str, interval: Interval) -> str:
    """An axis with its interval, in a format that fits it; a dash for what was not measured."""
    form = _FORMS.get(name, ".3f")
    if isnan(interval.value):
        return "–"
    if isnan(interval.low):
        return format(interval.value, form)
    return f"{interval.value:{form}} [{interval.low:{form}}, {interval.high:{form}}]"


def _line(name: str, report: VerifierReport) -> str:
    shown = "".join(f"{axis(at, getattr(report.axes, at)):{_COLUMN}}" for at in AXES)
    return f"{name:18}{len(report.first_pass.judged):8}  {shown}".rstrip()
