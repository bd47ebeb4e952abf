"""Studies: a claim, its arms, its seeds, and contrasts that are fixed before any run.

A study is a TOML file (`whet.studies.reading` says what is in it).  Its runs are rows of a JSONL
file (`rows`), its verdicts are computed from the rows alone (`verdicts`), and `page` shows them.
`whet.front.studying` runs what is missing.
"""

from pathlib import Path

from whet.registry import nearest
from whet.types import UsageError

_HERE = Path(__file__).parent


def names() -> list[str]:
    """The studies that come with the library."""
    return sorted(path.stem for path in _HERE.glob("*.toml"))


def find(study: str) -> Path:
    """The file of a study, by its path or by its name.

    Raises `UsageError` for a name of no study, with the nearest one.
    """
    path = Path(study)
    if path.suffix or path.exists() or len(path.parts) > 1:
        return path
    if study not in names():
        raise UsageError(
            f"study {study!r} is unknown; {nearest(study, names())}, or give a TOML file"
        )
    return _HERE / f"{study}.toml"
