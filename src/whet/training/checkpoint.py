"""Checkpoints: Hugging Face folders that anyone can load, from which a run goes on exactly.

All randomness is counted from seed and place, so weights, optimizer and place are the whole state.
Each carries the digests of its files; one that has changed since it was written is passed over.
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
    """Where a run stands: its phase (every warm-up is one, then the rewards), and how far in."""

    phase: int = 0
    progress: WarmupProgress = WarmupProgress()

    @property
    def at(self) -> tuple[int, int]:
        """As the ledger orders it."""
        return self.phase, self.progress.done


@runtime_checkable
class Saved(Protocol):
    """A learner, extensions, a buffer: what writes itself into a folder."""

    async def save(self, folder: Path) -> None:
        """Write all that is needed to go on exactly."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The folder of them, oldest first by place."""

    folder: Path
    warmups: int  # phases before the one with rewards
    keep: int

    def path(self, place: RunPosition) -> Path:
        """step-000040 in the phase of rewards, warmup-1-000250 before it."""
        warm = place.phase < self.warmups
        return (
            self.folder / f"{f'warmup-{place.phase}' if warm else 'step'}-{place.progress.done:06}"
        )

    @property
    def base(self) -> Path:
        """The policy before any reward; kept for good, and the reference of a KL."""
        return self.path(RunPosition(phase=self.warmups))

    async def save(self, place: RunPosition, *held: Saved) -> Path:
        """Write it whole, under its name only when complete; then drop the oldest."""
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
        """The newest one that is as it was written; None where there is none at all.

        Raises `IntegrityError` where there are some, and all have changed.
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
        """Raise `IntegrityError` where the base policy, which references are made of, has
        changed.
        """
        if odd := _changed(self.base):
            raise IntegrityError(f"the base policy is not as it was written: {odd}")

    def rewind(self, place: RunPosition) -> None:
        """Forget what was written after `place`: it has changed since."""
        later = self._folders()
        for folder in later[later.index(self.path(place)) + 1 :]:
            shutil.rmtree(folder)

    def _folders(self) -> list[Path]:
        """The oldest first."""
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
    """Of every file, by its path in the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != _SEAL:
            with path.open("rb") as file:
                found[path.relative_to(folder).as_posix()] = file_digest(
                    file, "blake2b"
                ).hexdigest()
    return found


def _changed(folder: Path) -> str:
    """The first file that is not as it was written; empty: all are."""
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
