"""The Python interpreter of guests: its location, and whether another user can read it."""

import atexit
import fcntl
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from stat import S_IROTH, S_IXOTH
from time import time

_NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"
_LEFT_OUT = ("site-packages", "test", "tests", "config-*", "idlelib", "tkinter", "turtledemo")
_LEFT_OUT += ("ensurepip", "lib2to3", "*.opt-?.pyc", "*.a")
_SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo")

_COPY = "whet-interpreter-"  # how the name of a copy's folder begins
_BEGUN_S = 60.0  # in which a copy may not have its lock yet
_LOCKS: list[int] = []  # descriptors of this process's copies
_READ_AND_RUN = S_IROTH | S_IXOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """An executable, and the prefix of its library."""

    executable: str
    prefix: str

    @property
    def command(self) -> tuple[str, ...]:
        """The interpreter in UTF-8 mode, without site-packages, user and current folder.

        This is as isolated as `-I`, which would also ignore the fixed hash seed of `environment`.
        """
        return (self.executable, "-s", "-S", "-P", "-B", "-X", "utf8")

    @property
    def environment(self) -> dict[str, str]:
        """All environment variables of a guest."""
        return {"PYTHONHASHSEED": "0", "LD_LIBRARY_PATH": f"{self.prefix}/lib"}

    @property
    def reads(self) -> tuple[str, ...]:
        """Paths that a guest must be able to read: standard library and shared libraries."""
        places = (f"{self.prefix}/bin/{_NAME}", f"{self.prefix}/lib", *_SYSTEM)
        return tuple(dict.fromkeys(place for place in places if os.path.exists(place)))


@lru_cache(maxsize=1)
def interpreter() -> Interpreter:
    """This process's interpreter, the system's of the same version, or a copy.

    A guest of root runs as another user, which cannot read an interpreter in root's home folder.
    """
    own = Interpreter(executable=_executable(sys.base_prefix), prefix=sys.base_prefix)
    if os.geteuid() != 0 or _open_to_all(Path(own.executable)):
        return own
    system = Path("/usr/bin", _NAME)
    if system.exists() and Path(f"/usr/lib/{_NAME}/heapq.py").exists():
        return Interpreter(executable=str(system), prefix="/usr")
    return copied(own)


def copied(own: Interpreter) -> Interpreter:
    """A copy of the interpreter that every user can read, deleted when this process ends.

    A process that is killed leaves its copy, which the next one deletes, for its lock is free.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_COPY}*"):
        if _abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_COPY))
    _LOCKS.append(os.open(folder, os.O_RDONLY))
    fcntl.flock(_LOCKS[-1], fcntl.LOCK_SH)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = Path(own.prefix)
    (folder / "bin").mkdir()
    (folder / "lib").mkdir()
    shutil.copy(os.path.realpath(own.executable), folder / "bin" / _NAME)
    for library in (source / "lib").glob("libpython*.so*"):
        shutil.copy(library, folder / "lib" / library.name)
    ignore = shutil.ignore_patterns(*_LEFT_OUT)
    shutil.copytree(source / "lib" / _NAME, folder / "lib" / _NAME, ignore=ignore, symlinks=True)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    return Interpreter(executable=str(folder / "bin" / _NAME), prefix=str(folder))


def _abandoned(folder: Path) -> bool:
    """Whether this copy is this user's, was begun a while ago, and no process holds its lock."""
    try:
        place = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        found = os.fstat(place)
        if found.st_uid != os.geteuid() or time() - found.st_mtime < _BEGUN_S:
            return False
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(place)
    return True


def _executable(prefix: str) -> str:
    named = Path(prefix, "bin", _NAME)
    return str(named) if named.exists() else os.path.realpath(sys.executable)


def _open_to_all(path: Path) -> bool:
    """True if every user can reach and read the file."""
    real = path.resolve()
    folders = all(folder.stat().st_mode & S_IXOTH for folder in real.parents)
    return folders and real.stat().st_mode & _READ_AND_RUN == _READ_AND_RUN
