"""The split of an instance, determined by its own text, so that splits can't leak."""

from hashlib import md5
from typing import Final

from whet.types import UsageError

SPLITS: Final = ("train", "dev", "test")
_DEV, _TEST = 26, 39  # of 256


def split_of(canonical: str) -> str:
    """The split of a canonical instance, from the first byte of its MD5.

    Below 26 (10 %) `dev`, for choices during training; below 39 (5 %) `test`, for the report; else
    `train`.
    """
    byte = md5(canonical.encode(), usedforsecurity=False).digest()[0]
    return "dev" if byte < _DEV else "test" if byte < _TEST else "train"


def check_split(split: str) -> None:
    """Raise `UsageError` for an unknown split."""
    if split not in SPLITS:
        raise UsageError(f"split is {split!r}; choose from {', '.join(SPLITS)}")
