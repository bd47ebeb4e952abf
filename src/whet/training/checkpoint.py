"""Checkpoints: Hugging Face folders with the state for an exact resume.

Random numbers are counter-based, so weights, optimizer and position are the whole state. Each
checkpoint has a seal: digests of its files, and the identity of its run.  A checkpoint is passed
over if it is of another run, if a file of it has changed or is missing, or if one was added that a
loader might read.  It gets its name when it is complete and on the disk.
"""

import json
import os
import re
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Protocol, runtime_checkable
from uuid import uuid4

from whet import durable
from whet.scripts import reason
from whet.training.file_seals import SEAL, digests, odd_file, seal_of
from whet.training.warmup import WarmupProgress
from whet.types import IntegrityError, UsageError

_STATE = "place.json"
_IDENTITY = "identity"  # beside the checkpoints: 32 hexadecimal digits, drawn once for a run
_NAME = re.compile(r"(?:warmup-(\d+)|step)-(\d+)")
_DAMAGED = "damaged-"  # before the name of a checkpoint that was passed over


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
    return os.path.isfile(folder / _STATE)  # False, too, where the folder may not be searched


def check_sealed(folder: Path) -> None:
    """Raise `UsageError` if a checkpoint is not as it was written, or of another run than others.

    One without a seal, of an earlier version or of a person, is believed.
    """
    if not os.path.lexists(folder / SEAL):
        return
    held, own = seal_of(folder).get("run", ""), _identity_in(folder.parent)
    try:
        why = odd_file(folder)
    except OSError as error:
        why = f"{error.filename} can't be read ({error.strerror})"
    if why or (own and held and held != own):
        raise UsageError(
            f"checkpoint {folder.name!r} is not as it was written: "
            f"{why or f'{folder} is of another run'}; restore it, or give another"
        )


def _identity_in(folder: Path) -> str:
    """The identity of a run, from beside its checkpoints; empty where it can't be read."""
    try:
        return (folder / _IDENTITY).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest checkpoint that a run can go on from, and those that were passed over."""

    place: RunPosition | None  # None: there is no checkpoint
    passed: tuple[str, ...] = ()  # why, the newest first


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

    async def save(self, place: RunPosition, *held: Saved, kept: Collection[str] = ()) -> Path:
        """Write a checkpoint, and delete the oldest ones, but those with the names `kept`.

        Raises `StorageError` if it can't be written; then the older ones are all there.
        """
        target = self.path(place)
        with durable.writing(target):
            self.folder.mkdir(exist_ok=True)
            partial = durable.begun(target)
            try:
                for one in held:
                    await one.save(partial)
                (partial / _STATE).write_text(json.dumps(asdict(place)), encoding="utf-8")
                seal = {"run": self._identity(), "files": digests(partial)}
                (partial / SEAL).write_text(json.dumps(seal), encoding="utf-8")
                durable.settle_folder(partial, target)
            except BaseException:
                durable.discard(partial)
                raise
            self._forget_damaged(target)
            self._prune(target, kept)
        return target

    def mend(self) -> None:
        """Clean up what a kill has left: half-written folders, and folders renamed away."""
        with durable.writing(self.folder):
            durable.mend(self.folder, _NAME, lambda folder, name: not self._changed(folder, name))

    def newest(self, odd: Callable[[Path], str] = lambda folder: "") -> Newest:
        """The newest checkpoint that is unchanged, and of which `odd` has nothing to say.

        Raises `IntegrityError` if there are checkpoints and none of them is such.
        """
        passed: list[str] = []
        for folder in reversed(self._folders()):
            if not (why := self._changed(folder) or odd(folder)):
                return Newest(place=_read_place(folder), passed=tuple(passed))
            passed.append(why)
        if passed:
            raise IntegrityError(f"no checkpoint is as it was written: {'; '.join(passed)}")
        return Newest(place=None)

    def latest(self) -> RunPosition | None:
        """The position of the newest unchanged checkpoint; None if there is no checkpoint.

        Raises `IntegrityError` if there are checkpoints and all have changed.
        """
        return self.newest().place

    def names(self) -> list[str]:
        """The names of all checkpoints, the oldest first."""
        return [folder.name for folder in self._folders()]

    def newest_first(self) -> list[Path]:
        """The folders of all checkpoints."""
        return self._folders()[::-1]

    def find(self, name: str) -> RunPosition:
        """The position of the checkpoint of a name.

        Raises `UsageError` if there is none, or if it is not as it was written.
        """
        if name not in self.names():
            known = ", ".join(self.names()) or "none"
            raise UsageError(f"checkpoint {name!r} is not there; give one of {known}")
        if why := self._changed(self.folder / name):
            raise UsageError(f"checkpoint {name!r} is not as it was written: {why}; give another")
        return _read_place(self.folder / name)

    def check_base(self) -> None:
        """Raise `IntegrityError` if the base policy, the source of references, has changed."""
        if odd := self._changed(self.base):
            raise IntegrityError(f"the base policy is not as it was written: {odd}")

    def rewind(self, place: RunPosition) -> None:
        """Put the checkpoints after `place` out of the way, which have changed.

        Each is renamed `damaged-NAME`, and deleted when the run has a checkpoint as late as it.
        """
        with durable.writing(self.folder):
            for folder in self.after(place):
                aside = folder.with_name(f"{_DAMAGED}{folder.name}")
                durable.remove(aside)
                folder.rename(aside)

    def after(self, place: RunPosition) -> list[Path]:
        """The folders of the checkpoints after `place`, the oldest first."""
        later = self._folders()
        return later[later.index(self.path(place)) + 1 :]

    def _changed(self, folder: Path, name: str = "") -> str:
        """What has changed in a checkpoint since it was written; empty if nothing has.

        A name is given where a kill has left it under another one.
        """
        try:
            return odd_file(folder) or self._odd_place(folder, name or folder.name)
        except (OSError, ValueError, KeyError, TypeError) as error:
            return f"{folder} can't be read ({reason(error):.120})"

    def _odd_place(self, folder: Path, name: str) -> str:
        held, seal = self.path(_read_place(folder)).name, seal_of(folder)
        if held != name:
            return f"{folder} holds {held}"
        own = _identity_in(self.folder)
        if own and seal.get("run", own) != own:
            return f"{folder} is a checkpoint of another run"
        return ""

    def _identity(self) -> str:
        """The identity of the run, which is drawn when its first checkpoint is written.

        If its file is lost, it is that of the newest checkpoint.
        """
        if not _identity_in(self.folder):
            held = [str(seal_of(folder).get("run", "")) for folder in self._folders()]
            known = [identity for identity in held if identity]
            drawn = known[-1] if known else uuid4().hex
            durable.write(self.folder / _IDENTITY, drawn.encode())
        return _identity_in(self.folder)

    def identify(self, identity: str) -> None:
        """Give the run the identity that its card has; empty for a card of an earlier version.

        Raises `UsageError` if there are checkpoints, and all of them are of another run.
        """
        sealed = {str(seal_of(folder).get("run", "")) for folder in self._folders()} - {""}
        if identity and sealed and identity not in sealed:
            raise UsageError(
                f"the checkpoints in {str(self.folder)!r} are of another run than the card beside "
                "them, run.json; restore the card, or the checkpoints"
            )
        if identity and _identity_in(self.folder) != identity:
            with durable.writing(self.folder):
                self.folder.mkdir(exist_ok=True)
            durable.write(self.folder / _IDENTITY, identity.encode())

    def _folders(self) -> list[Path]:
        """The checkpoint folders, the oldest first."""
        return sorted(
            (path for path in self.folder.glob("*-*") if _NAME.fullmatch(path.name)),
            key=lambda path: order(path.name),
        )

    def _forget_damaged(self, newest: Path) -> None:
        for path in self.folder.glob(f"{_DAMAGED}*"):
            name = path.name.removeprefix(_DAMAGED)
            if _NAME.fullmatch(name) and order(name) <= order(newest.name):
                durable.remove(path)

    def _prune(self, newest: Path, kept: Collection[str]) -> None:
        """Delete the oldest ones; what is later than the one just written is not of this run."""
        folders = self._folders()
        for folder in folders[: folders.index(newest) + 1][: -self.keep]:
            if folder != self.base and folder.name not in kept:
                durable.remove(folder)


def order(name: str) -> tuple[float, int]:
    """The phase and the steps of the name of a checkpoint, in the order of time."""
    match = _NAME.fullmatch(name)
    if match is None:
        return -inf, 0
    phase, done = match.groups()
    return (inf if phase is None else int(phase)), int(done)


def _read_place(folder: Path) -> RunPosition:
    held = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    return RunPosition(phase=held["phase"], progress=WarmupProgress(**held["progress"]))
