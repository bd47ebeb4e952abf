"""Checkpoints: Hugging Face folders with the state for an exact resume.

Random numbers are counter-based, so weights, optimizer and position are the whole state. Each
checkpoint has digests of its files; a checkpoint that has changed since it was written is skipped.
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

from whet.training.warmup import WarmupProgress
from whet.types import IntegrityError

_STATE = "place.json"
_SEAL = "seal.json"
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
        (partial / _SEAL).write_text(json.dumps(_digests(partial)), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(partial, target)
        self._prune()
        return target

    def latest(self) -> RunPosition | None:
        """The position of the newest unchanged checkpoint; None if there is no checkpoint.

        Raises `IntegrityError` if there are checkpoints and all have changed.
        """
        changed = []
        for folder in reversed(self._folders()):
            if not (odd := _changed(folder)):
                return _place(json.loads((folder / _STATE).read_text(encoding="utf-8")))
            changed.append(odd)
        if changed:
            raise IntegrityError(f"no checkpoint is as it was written: {'; '.join(changed)}")
        return None

    def check_base(self) -> None:
        """Raise `IntegrityError` if the base policy, the source of references, has changed."""
        if odd := _changed(self.base):
            raise IntegrityError(f"the base policy is not as it was written: {odd}")

    def rewind(self, place: RunPosition) -> None:
        """Delete the checkpoints after `place`, which have changed."""
        later = self._folders()
        for folder in later[later.index(self.path(place)) + 1 :]:
            shutil.rmtree(folder)

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
                shutil.rmtree(folder)


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


def _changed(folder: Path) -> str:
    """The first file that has changed since it was written; empty if none has."""
    seal = folder / _SEAL
    if not seal.is_file():
        return f"{seal} is missing"
    try:
        written: dict[str, str] = json.loads(seal.read_text(encoding="utf-8"))
    except ValueError:
        return f"{seal} has changed"
    found = _digests(folder)
    odd = [name for name in written if found.get(name) != written[name]]
    return f"{folder / odd[0]} has changed" if odd else ""


def _place(held: dict[str, Any]) -> RunPosition:
    return RunPosition(phase=held["phase"], progress=WarmupProgress(**held["progress"]))
