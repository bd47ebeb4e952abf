"""One process owns a run folder: a file there names it, and says when it began.

The file is deleted at the end.  After a kill it is stale: its process is gone, or has another
start time, as when the number of the process was given to a later one.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from whet import durable
from whet.types import UsageError

LOCK = "lock"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_HELD: set[str] = set()  # tokens of the locks that this process has
_DEAD = "ZX"  # states of a process that has ended, and is still listed


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Own a run folder inside the block.

    Raises `UsageError` if another process owns it, or another thread of this one, and
    `StorageError` if the folder can't be written.
    """
    path, token = folder / LOCK, uuid4().hex
    mine = _identity(os.getpid()) | {"token": token}
    with _guarded(folder):
        if holder := _read(path):
            _insist_gone(path, holder)
        durable.write(path, json.dumps(mine).encode())
        _HELD.add(token)
    try:
        yield
    finally:
        _HELD.discard(token)
        if _read(path) == mine and os.getpid() == mine["pid"]:  # no fork of the process ends it
            durable.discard(path)


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
    alive = isinstance(pid, int) and holder.items() >= _identity(pid).items()
    if pid == os.getpid() and holder.get("token") not in _HELD:
        alive = False  # this process had it when the folder was moved away
    if alive:
        raise UsageError(
            f"run {str(path.parent)!r} is under way in process {pid}; wait for its end, or stop it "
            f"by: kill {pid}"
        )


def _read(path: Path) -> Mapping[str, Any]:
    """What a lock says; empty if there is none, and for one that no process can have written."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


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
