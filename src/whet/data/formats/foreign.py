"""Remedies for files in formats that can't be read."""

from collections.abc import Mapping

_TABLE = "save the sheet as .csv"
_PACKED = "unpack it first"
_PICKLED = "load it, and write its rows as .jsonl"
_REMEDIES: Mapping[str, str] = {
    ".txt": "text has no columns: write .jsonl with prompt and answer on each line",
    ".md": "text has no columns: write .jsonl with prompt and answer on each line",
    ".xlsx": _TABLE,
    ".xls": _TABLE,
    ".ods": _TABLE,
    ".zip": _PACKED,
    ".tar": _PACKED,
    ".tgz": _PACKED,
    ".zst": _PACKED,
    ".bz2": _PACKED,
    ".xz": _PACKED,
    ".7z": _PACKED,
    ".pkl": _PICKLED,
    ".pickle": _PICKLED,
    ".pt": _PICKLED,
    ".npy": _PICKLED,
    ".npz": _PICKLED,
    ".h5": _PICKLED,
    ".db": _PICKLED,
    ".sqlite": _PICKLED,
    ".yaml": _PICKLED,
    ".yml": _PICKLED,
    ".xml": _PICKLED,
}
SUFFIXES = frozenset(_REMEDIES)


def remedy(suffix: str) -> str:
    """The remedy for a file with that suffix; empty for unknown suffixes."""
    return _REMEDIES.get(suffix, "")
