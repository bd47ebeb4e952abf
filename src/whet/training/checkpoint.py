"""Checkpoints: Hugging Face folders with the state for an exact resume.

Random numbers are counter-based, so weights, optimizer and position are the whole state. Each
checkpoint has a seal: digests of its files, and the identity of its run.  A checkpoint is skipped
if it is of another run, if a file of it has changed or is missing, or if one was added that a
loader might read.
"""

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from hashlib import file_digest
from math import inf
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from uuid import uuid4

from whet.training.warmup import WarmupProgress
from whet.types import IntegrityError

_STATE = "place.json"
_SEAL = "seal.json"
_IDENTITY = "identity"  # beside the checkpoints: 32 hexadecimal digits, drawn once for a run
_READ = {".safetensors", ".bin", ".pt", ".json", ".jinja", ".model", ".txt", ".py"}
"""Files that a loader might read, so that none may be added; notes of a person may be."""
_NAME = re.compile(r"(?:warmup-(\d+)|step)-(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPosition:
    """The position of a run: its phase (each warm-up, then RL) and its progress in the phase."""

    phase: int = 0
    progress: WarmupProgress = WarmupProgress()

    @property
    def at(self) -> tuple[int, int]:
        """(phase, steps done), the order of the ledger."""
        return self.phase, self.progress.done


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder is a checkpoint of a run, and not another model."""
    return (folder / _STATE).is_file()


@runtime_checkable
class Saved(Protocol):
    """An object that writes its state into a folder: a learner, a buffer, extensions."""

    async def save(self, folder: Path) -> None:
        """Write the state for an exact resume."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The folder of a run's checkpoints, ordered by position."""

    folder: Path
    warmups: int  # number of warm-up phases before RL
    keep: int

    def path(self, place: RunPosition) -> Path:
        """step-000040 in the RL phase, warmup-1-000250 in a warm-up."""
        warm = place.phase < self.warmups
        return (
            self.folder / f"{f'warmup-{place.phase}' if warm else 'step'}-{place.progress.done:06}"
        )

    @property
    def base(self) -> Path:
        """The policy before RL; it is always kept, and is the reference model of KL penalties."""
        return self.path(RunPosition(phase=self.warmups))

    async def save(self, place: RunPosition, *held: Saved) -> Path:
        """Write a checkpoint, rename it once complete, and delete the oldest ones."""
        target = self.path(place)
        partial = self.folder / f"partial-{target.name}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for one in held:
            await one.save(partial)
        (partial / _STATE).write_text(json.dumps(asdict(place)), encoding="utf-8")
        seal = {"run": self._identity(), "files": _digests(partial)}
        (partial / _SEAL).write_text(json.dumps(seal), encoding="utf-8")
        _remove(target)
        os.replace(partial, target)
        self._prune()
        return target

    def latest(self) -> RunPosition | None:
        """The position of the newest unchanged checkpoint; None if there is no checkpoint.

        Raises `IntegrityError` if there are checkpoints and all have changed.
        """
        changed = []
        for folder in reversed(self._folders()):
            if not (odd := self._changed(folder)):
                return _read_place(folder)
            changed.append(odd)
        if changed:
            raise IntegrityError(f"no checkpoint is as it was written: {'; '.join(changed)}")
        return None

    def check_base(self) -> None:
        """Raise `IntegrityError` if the base policy, the source of references, has changed."""
        if odd := self._changed(self.base):
            raise IntegrityError(f"the base policy is not as it was written: {odd}")

    def rewind(self, place: RunPosition) -> None:
        """Delete the checkpoints after `place`, which have changed."""
        later = self._folders()
        for folder in later[later.index(self.path(place)) + 1 :]:
            _remove(folder)

    def _changed(self, folder: Path) -> str:
        """What has changed in a checkpoint since it was written; empty if nothing has."""
        if not folder.is_dir():
            return f"{folder} is no folder"
        if not (seal := _seal(folder)):
            return f"{folder / _SEAL} is missing or has changed"
        written, found = seal.get("files", seal), _digests(folder)
        added = {name for name in found if Path(name).suffix in _READ}
        names = sorted(written.keys() | added)
        if odd := next((name for name in names if found.get(name) != written.get(name)), ""):
            what = "has changed" if odd in written else "was added"
            return f"{folder / odd} {what}"
        held = self.path(_read_place(folder)).name
        if held != folder.name:
            return f"{folder} holds {held}"
        own = self.folder / _IDENTITY
        if own.is_file() and seal.get("run", held) not in (held, own.read_text(encoding="utf-8")):
            return f"{folder} is a checkpoint of another run"
        return ""

    def _identity(self) -> str:
        """The identity of the run, which is drawn when its first checkpoint is written."""
        path = self.folder / _IDENTITY
        if not path.is_file():
            path.write_text(uuid4().hex, encoding="utf-8")
        return path.read_text(encoding="utf-8")

    def _folders(self) -> list[Path]:
        """The checkpoint folders, the oldest first."""
        found: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("*-*"):
            if match := _NAME.fullmatch(path.name):
                phase, done = match.groups()
                found.append((inf if phase is None else int(phase), int(done), path))
        return [path for *_, path in sorted(found)]

    def _prune(self) -> None:
        for folder in self._folders()[: -self.keep]:
            if folder != self.base:
                _remove(folder)


def _digests(folder: Path) -> dict[str, str]:
    """The digest of every file, by its path in the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != _SEAL:
            with path.open("rb") as file:
                found[path.relative_to(folder).as_posix()] = file_digest(
                    file, "blake2b"
                ).hexdigest()
    return found


def _seal(folder: Path) -> dict[str, Any]:
    """The seal of a checkpoint; empty if it is missing or broken."""
    try:
        held = json.loads((folder / _SEAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    sound = isinstance(held, dict) and isinstance(held.get("files", {}), dict)
    return held if sound else {}


def _remove(path: Path) -> None:
    """Delete a checkpoint; of a link, the link alone."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _read_place(folder: Path) -> RunPosition:
    held = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    return RunPosition(phase=held["phase"], progress=WarmupProgress(**held["progress"]))
