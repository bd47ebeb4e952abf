"""Writing to disk: a file or a folder is there whole or not at all, after a kill and a power cut.

What is new is written beside its place, synced, and renamed.  A rename is atomic, and lasts once
its folder is synced (POSIX).  An old folder is renamed away first, and deleted when the new one is
in its place.
"""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors import SafetensorError

from whet.scripts import reason
from whet.types import UsageError

PARTIAL = ".partial"
"""The ending of a file that is being written."""

_NEW, _OLD = "partial-", "replaced-"  # before the name of a folder: being written; renamed away
_REMEDIES = {
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room in your quota",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EROFS: "have its disk mounted for writing",
    errno.EACCES: "get the permission to write there",
    errno.EPERM: "get the permission to write there",
    errno.ENOENT: "its folder is gone; restore it",
}
_OF_LIBRARIES = re.compile(r"os error (\d+)")  # safetensors
_TORCH = re.compile(r"PytorchStreamWriter|inline_container|iostream")


class StorageError(UsageError):
    """A file can't be written.  What was whole before is still whole."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise `StorageError` where the block can't write below `path`: one line with the remedy.

    The block has to do nothing but write, for every `OSError` in it is taken for the disk's.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise _failed(path, error.errno or 0, error.strerror or reason(error)) from error
    except (RuntimeError, SafetensorError) as error:  # what torch and safetensors make of it
        if found := _OF_LIBRARIES.search(str(error)):
            raise _failed(path, int(found[1]), os.strerror(int(found[1]))) from error
        if _TORCH.search(str(error)):
            raise _failed(path, errno.ENOSPC, "the disk took a part only") from error
        raise


def _failed(path: Path, number: int, why: str) -> StorageError:
    remedy = _REMEDIES.get(number, "mend its disk")
    return StorageError(f"{str(path)!r} can't be written ({why}); {remedy}")


def sync(number: int) -> None:
    """Have the disk keep what was written to an open file or folder."""
    os.fsync(number)


def sync_path(path: Path) -> None:
    """Sync a file, or the names in a folder."""
    number = os.open(path, os.O_RDONLY)
    try:
        sync(number)
    finally:
        os.close(number)


def write(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all.  Raises `StorageError`."""
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")  # others may write it, too
    with writing(path):
        try:
            partial.write_bytes(data)
            settle(partial, path)
        except OSError:
            discard(partial)
            raise


def settle(partial: Path, path: Path) -> None:
    """Sync a file that was written beside `path`, and give it that name."""
    sync_path(partial)
    os.replace(partial, path)
    sync_path(path.parent)


def append(path: Path, line: bytes) -> None:
    """Append to a file.  If that fails, the file is as before, and `StorageError` is raised."""
    with writing(path), path.open("ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        try:
            left = memoryview(line)
            while left:
                left = left[file.write(left) :]
        except OSError:
            with suppress(OSError):
                file.truncate(before)
            raise


def begun(target: Path) -> Path:
    """An empty folder to fill, beside the place of a folder."""
    partial = target.with_name(f"{_NEW}{target.name}")
    remove(partial)
    partial.mkdir()
    return partial


def settle_folder(partial: Path, target: Path) -> None:
    """Sync a folder and all that is in it, and give it the name of `target`, whose old one goes."""
    for path in sorted(partial.rglob("*"), reverse=True):
        sync_path(path)
    sync_path(partial)
    old = target.with_name(f"{_OLD}{target.name}")
    remove(old)
    if os.path.lexists(target):
        target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        if os.path.lexists(old):
            old.rename(target)
        raise
    sync_path(target.parent)
    remove(old)


def mend(folder: Path, names: re.Pattern[str], is_sound: Callable[[Path, str], bool]) -> None:
    """Clean up what a kill left of `settle_folder`, for targets with these names.

    A folder that was renamed away gets its name again, unless there is a sound one of that name.
    Where neither is sound both are left, for a disk may only have failed to read them.
    """
    for path in [*folder.iterdir()] if folder.is_dir() else ():
        new, old = (path.name.removeprefix(prefix) for prefix in (_NEW, _OLD))
        if new != path.name and names.fullmatch(new):
            remove(path)
        if old != path.name and names.fullmatch(old):
            _put_back(path, folder / old, is_sound)


def _put_back(path: Path, target: Path, is_sound: Callable[[Path, str], bool]) -> None:
    if not os.path.lexists(target):
        path.rename(target)
    elif is_sound(target, target.name):
        remove(path)
    elif is_sound(path, target.name):
        remove(target)
        path.rename(target)


def discard(path: Path) -> None:
    """Delete what was being written, as far as the disk lets it."""
    with suppress(OSError):
        remove(path)


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there; of a link, the link alone."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
