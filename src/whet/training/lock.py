"""One process owns a run folder: a file there names it, and says when it began.

The file is deleted at the end.  After a kill it is stale: its process is gone, or has another
start time, as when the number of the process was given to a later one.  Numbers of processes mean
nothing in another container; there, and for a copy of the folder, the kernel is asked instead: the
owner holds the file with `flock`, where the disk can do that.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from whet import durable
from whet.types import UsageError

LOCK = "lock"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SPACE = Path("/proc/self/ns/pid")  # a link: the namespace of the numbers of processes
_DEAD = "ZX"  # states of a process that has ended, and is still listed
_MOST = 2**31  # no process has such a number


@dataclass(frozen=True, slots=True)
class _Hold:
    """A lock that this process has."""

    path: Path
    folder: int | None  # inode of the run folder


_HELD: dict[str, _Hold] = {}  # by token


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Own a run folder inside the block.

    Raises `UsageError` if another process owns it, or another thread of this one, and
    `StorageError` if the folder can't be written.
    """
    path, token = folder / LOCK, uuid4().hex
    with _guarded(folder):
        inode = _inode(folder)
        mine = _identity(os.getpid()) | {"token": token, "space": _space(), "inode": inode}
        if holder := _read(path):
            _insist_gone(path, holder)
        number, mine["flock"] = _written(path, mine)
        _HELD[token] = _Hold(path, inode)
    try:
        yield
    finally:
        _HELD.pop(token, None)
        os.close(number)  # which does not release it for a fork's parent
        if _said(path) == mine and os.getpid() == mine["pid"]:  # no fork of the process ends it
            durable.discard(path)


def insist_owned(folder: Path) -> None:
    """Raise `StorageError` if another run is in the place of a folder that this process owns.

    Such a folder was moved away, and another one was put there, or a later process took it over.
    If only the lock was deleted, in the same folder, the run goes on.
    """
    path = folder / LOCK
    for token, hold in [*_HELD.items()]:
        if hold.path != path:
            continue
        said = _said(path)
        same = said.get("token") == token
        if not (same if said else _inode(folder) in (None, hold.folder)):
            raise durable.StorageError(
                f"{str(folder)!r} is not this run's folder any more, for its {LOCK} is not that of "
                f"process {os.getpid()}, which stops and writes nothing there; put the folder of "
                "this run back"
            )


def _inode(folder: Path) -> int | None:
    """What tells a folder from another; None for one that is gone."""
    try:
        return folder.stat().st_ino
    except OSError:
        return None


def _written(path: Path, mine: Mapping[str, Any]) -> tuple[int, bool]:
    """Write a lock; the result is its open file, and whether the kernel holds it for us."""
    number = _opened(path, {**mine, "flock": True})
    if _taken(number):
        return number, True
    os.close(number)
    return _opened(path, {**mine, "flock": False}), False


def _opened(path: Path, mine: Mapping[str, Any]) -> int:
    durable.write(path, json.dumps(mine).encode())
    with durable.writing(path):
        return os.open(path, os.O_RDWR)


def _taken(number: int) -> bool:
    """Whether this process got an open file for itself."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def _guarded(folder: Path) -> Iterator[None]:
    """Let no other process of this host look at the lock meanwhile, where the disk can do that."""
    with durable.writing(folder):
        number = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _insist_gone(path: Path, holder: Mapping[str, Any]) -> None:
    """Raise `UsageError` if the process that wrote a lock may be alive."""
    pid, host = holder.get("pid"), holder.get("host")
    if host != socket.gethostname():
        raise UsageError(
            f"{str(path)!r} says that process {pid} of host {host!r} has this run; if it has "
            "ended, delete that file"
        )
    alive = _is_alive(holder)
    if alive and _inode(path.parent) != holder.get("inode", _inode(path.parent)):
        alive = None  # a copy, or moved from another disk
    if alive is None and holder.get("flock"):
        free = _is_free(path)
        alive = None if free is None else not free
    if alive is None:
        raise UsageError(
            f"{str(path)!r} says that process {pid} has this run, and this process can't see "
            "whether it lives (in another container, or of another user); if it has ended, delete "
            "that file"
        )
    if alive:
        raise UsageError(
            f"run {str(path.parent)!r} is under way in process {pid}; wait for its end, or stop it "
            f"by: kill {pid}"
        )


def _is_alive(holder: Mapping[str, Any]) -> bool | None:
    """Whether the process of a lock lives, by its number; None where that does not say."""
    pid = holder.get("pid")
    if holder.get("space", _space()) != _space():
        return None
    if type(pid) is not int or not 0 < pid < _MOST:
        return False
    if pid == os.getpid():  # this process had it when the folder was moved away
        return holder.get("token") in _HELD and holder.items() >= _identity(pid).items()
    now = _identity(pid)
    if now["began"] == "" and holder.get("began"):
        return None  # there is a process of that number, of which the system does not say more
    return holder.items() >= now.items()


def _is_free(path: Path) -> bool | None:
    """Whether no process holds a lock that was held; None where that can't be asked."""
    try:
        number = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    finally:
        os.close(number)
    return True


def _read(path: Path) -> Mapping[str, Any]:
    """What a lock says; empty if there is none, and for one that no process can have written.

    Raises `UsageError` for one that can't be read, such as that of another user.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, ValueError):
        return {}
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} can't be read ({error.strerror}), so it is unknown whether the run is "
            "under way; get the permission, or delete that file if its process has ended"
        ) from error
    return held if isinstance(held, dict) else {}


def _said(path: Path) -> Mapping[str, Any]:
    """What a lock says; empty for one that can't be read, too."""
    try:
        return _read(path)
    except UsageError:
        return {}


def _space() -> str:
    """The namespace of the numbers of processes; empty where the system does not say."""
    try:
        return os.readlink(_SPACE)
    except OSError:
        return ""


def _identity(pid: int) -> dict[str, Any]:
    """The number of a process, its host, and when it began; no number for one that is gone."""
    began = _began(pid)
    return {
        "pid": pid if began is not None else None,
        "host": socket.gethostname(),
        "began": began,
    }


def _began(pid: int) -> str | None:
    """When a process began: the boot, and ticks since then.

    Empty where the system does not say (no /proc); None for a process that is gone.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    try:  # `pid (name) state …`, and a name may have blanks and brackets; field 22 is the start
        state, *fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        )
        return (
            None if state in _DEAD else f"{_BOOT.read_text(encoding='utf-8').strip()} {fields[18]}"
        )
    except OSError:
        return ""
