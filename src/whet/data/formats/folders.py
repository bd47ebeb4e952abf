"""Folders of data: shards, files named for splits, and output of `datasets.save_to_disk`."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from whet.types import UsageError

_SPLITS = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "valid": "dev",
    "validation": "dev",
    "val": "dev",
    "eval": "dev",
    "test": "test",
    "testing": "test",
}
_WORD = re.compile(r"[A-Za-z]+")
_NOTES = ("dataset_dict.json", "dataset_info.json", "dataset_infos.json", "state.json")


def split_named(name: str) -> str:
    """The split that a word means: `validation` is dev; empty where it is no split's name."""
    return _SPLITS.get(name.lower(), "")


def data_files(folder: Path, readable: Callable[[Path], bool]) -> Iterator[tuple[Path, str]]:
    """Every file of rows in a folder, in order, with the split that it is named for.

    Raises `UsageError` where the folder holds none, several formats, or several data sets.
    """
    if (folder / "state.json").is_file():
        yield from ((file, "") for file in _saved(folder))
        return
    files = [f for f in _visible(folder) if f.is_file() and readable(f) and f.name not in _NOTES]
    inner = [f for f in _visible(folder) if f.is_dir() and any(data_files_in(f, readable))]
    if files:
        _insist_on_one_format(folder, files)
        _insist_on_no_other(folder, files[0], inner)
        yield from ((file, _split_of(file)) for file in files)
        return
    named = [f for f in inner if split_named(f.name)]
    if named:
        _insist_on_no_other(folder, named[0], [f for f in inner if f not in named])
        for one in named:
            for file, _ in data_files(one, readable):
                yield file, split_named(one.name)
    elif len(inner) == 1:
        yield from data_files(inner[0], readable)
    else:
        raise UsageError(_neither(folder, inner))


def data_files_in(folder: Path, readable: Callable[[Path], bool]) -> Iterator[Path]:
    """Files of rows at any depth."""
    found = (f for f in sorted(folder.rglob("*")) if f.is_file() and readable(f))
    return (f for f in found if f.name not in _NOTES)


def _visible(folder: Path) -> list[Path]:
    return [f for f in sorted(folder.iterdir()) if not f.name.startswith((".", "_", "cache-"))]


def _split_of(file: Path) -> str:
    """`train-00000-of-00002.parquet` is of train, and so is `gsm8k_train.jsonl`."""
    words = _WORD.findall(file.name.partition(".")[0])
    found = {split for word in words if (split := split_named(word))}
    return found.pop() if len(found) == 1 else ""


def _saved(folder: Path) -> list[Path]:
    """The shards of a data set that `save_to_disk` wrote, in its order."""
    path = folder / "state.json"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        names = [str(file["filename"]) for file in held["_data_files"]]
    except (ValueError, LookupError, TypeError) as error:
        raise UsageError(f"{path}: no state of save_to_disk ({error}); save it again") from None
    if absent := [name for name in names if not (folder / name).is_file()]:
        raise UsageError(f"file.path is {str(folder)!r}, which lacks {absent[0]}; save it again")
    return [folder / name for name in names]


def _insist_on_one_format(folder: Path, files: list[Path]) -> None:
    kinds = sorted({file.suffix for file in files})
    if len(kinds) > 1:
        raise UsageError(
            f"file.path is {str(folder)!r}, which holds files of several formats "
            f"({', '.join(kinds)}); give one file, or a pattern such as *{kinds[0]}"
        )


def _insist_on_no_other(folder: Path, used: Path, others: list[Path]) -> None:
    """Raise `UsageError` for folders of data beside those that are read."""
    if others:
        names = ", ".join(f.name for f in others[:4])
        raise UsageError(
            f"file.path is {str(folder)!r}, which holds {used.name} and other folders of data "
            f"({names}); give one of them, or move what should not be read"
        )


def _neither(folder: Path, inner: list[Path]) -> str:
    path = f"file.path is {str(folder)!r}"
    if inner:
        names = ", ".join(f.name for f in inner[:4])
        return f"{path}, which holds several data sets ({names}); give the folder of one"
    if (folder / "config.json").is_file():
        return f"{path}, which is a model's folder; give one with data"
    return f"{path}, which holds no data; give a folder of .parquet, .arrow, .jsonl or .csv files"
