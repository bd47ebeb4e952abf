"""Checkpoints that any number of ranks can write and read (torch DCP)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from whet.engines.embedded.masters import TrainedWeights, check_taken
from whet.engines.fsdp.ranks import Ranks
from whet.engines.fsdp.rows import row_digest
from whet.types import IntegrityError, UsageError

_MOMENTS = ("exp_avg", "exp_avg_sq")
_WEIGHT = "weight"
_NOTES = ("digest", "ranks", "steps", "taken")  # besides those of the caller
_BROKEN = (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError)


class Optimised(NamedTuple):
    """This rank's rows of the trained weights, and their optimizer."""

    trained: TrainedWeights
    optimizer: torch.optim.Optimizer

    def states(self) -> dict[str, dict[str, Any]]:
        """The optimizer's state by the names of its weights; none before the first step."""
        known = self.optimizer.state
        pairs = zip(self.trained.live, self.trained.held, strict=True)
        return {name: known[held] for name, held in pairs if held in known}

    def moments(self) -> dict[str, Tensor]:
        """The moments by kind and name."""
        return {f"{k}/{name}": held[k] for name, held in self.states().items() for k in _MOMENTS}

    def blank(self, steps: Mapping[str, int]) -> dict[str, Tensor]:
        """Tensors for the moments of a checkpoint."""
        live = self.trained.live
        return {f"{k}/{n}": torch.empty_like(live[n].detach()) for n in steps for k in _MOMENTS}

    def restore(self, tensors: Mapping[str, Tensor], steps: Mapping[str, int], taken: int) -> None:
        """Take over the moments of a checkpoint."""
        state = {
            place: {"step": torch.tensor(float(steps[name]))}
            | {kind: tensors[f"{kind}/{name}"] for kind in _MOMENTS}
            for place, name in enumerate(self.trained.live)
            if name in steps
        }
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": state})
        self.trained.taken = taken


def write(
    place: Path,
    ranks: Ranks,
    weights: Mapping[str, Tensor],
    optimised: Optimised,
    notes: Mapping[str, Any],
) -> None:
    """Write `place`/ (DCP: weights and moments) and `place`.json (their digest, and notes).

    Every rank writes its own rows.  Raises on all ranks where one can't write.
    """
    held = _weights(weights) | optimised.moments()
    _check_shared(place, ranks)
    try:
        save(held, storage_writer=FileSystemWriter(place), process_group=ranks.group)
    except CheckpointException as error:  # on all ranks; it is no `Exception`
        raise OSError(f"{place} can't be written ({_reason(error)})") from error
    steps = {name: int(state["step"].item()) for name, state in optimised.states().items()}
    told = {
        **notes,
        "digest": row_digest(ranks, held),
        "ranks": ranks.size,
        "steps": steps,
        "taken": optimised.trained.taken,
    }
    path = place.with_suffix(".json")
    ranks.together(lambda: path.write_text(json.dumps(told, indent=1)) if not ranks.rank else 0)


def read(
    place: Path,
    ranks: Ranks,
    weights: Mapping[str, Tensor],
    optimised: Optimised,
    identity: Mapping[str, str],
) -> dict[str, Any]:
    """Restore what `write` wrote, on this number of ranks; the notes.

    Raises `IntegrityError` on all ranks, and changes nothing, for a checkpoint of another model or
    dtype, for tensors by name, and where the digest of what was read is not the one in the notes.
    """
    _check_shared(place, ranks)
    notes = ranks.together(lambda: _notes(place.with_suffix(".json"), identity))
    if odd := sorted(notes["steps"].keys() - optimised.trained.live.keys()):
        raise IntegrityError(f"{place}: it has moments of {odd[0]!r}, which is not trained")
    fresh = {name: torch.empty_like(x) for name, x in _weights(weights).items()}
    fresh |= optimised.blank(notes["steps"])
    reader = FileSystemReader(place)
    ranks.together(lambda: _compare(fresh, reader, place))
    try:
        load(fresh, storage_reader=reader, process_group=ranks.group)
    except (*_BROKEN, CheckpointException) as error:  # on all ranks
        raise IntegrityError(f"{place} can't be read ({_reason(error)})") from error
    if (found := row_digest(ranks, fresh)) != notes["digest"]:
        raise IntegrityError(
            f"{place}: weights and moments have the digest {found}, where {notes['digest']} was "
            "written; take an older checkpoint"
        )
    with torch.no_grad():
        for name, tensor in weights.items():
            tensor.copy_(fresh[f"{_WEIGHT}/{name}"])
    optimised.restore(fresh, notes["steps"], notes["taken"])
    check_taken(optimised.optimizer, notes["taken"], str(place))
    return notes


def _check_shared(place: Path, ranks: Ranks) -> None:
    """Raise `UsageError` on all ranks if they name different folders."""
    told = ranks.gathered(str(place))
    if odd := [other for other in told if other != told[0]]:
        raise UsageError(f"folder of a checkpoint: ranks name {told[0]} and {odd[0]}; give one")


def _weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{_WEIGHT}/{name}": tensor.detach() for name, tensor in weights.items()}


def _notes(path: Path, identity: Mapping[str, str]) -> dict[str, Any]:
    """The notes of a checkpoint.  Raises `IntegrityError` for those of something else."""
    try:
        notes = json.loads(path.read_text())
        known = {*notes}
    except _BROKEN as error:
        raise IntegrityError(f"{path} can't be read ({_reason(error)})") from error
    if lost := sorted({*_NOTES, *identity} - known):
        raise IntegrityError(f"{path} lacks {lost[0]!r}")
    for name, due in identity.items():
        if notes[name] != due:
            raise IntegrityError(
                f"{path} has {name} {notes[name]!r}, but {due!r} here: it is of another model"
            )
    return notes


def _compare(due: Mapping[str, Tensor], reader: FileSystemReader, place: Path) -> None:
    """Raise `IntegrityError` for a tensor that is missing, unexpected, or of another shape."""
    try:
        found = reader.read_metadata().state_dict_metadata
    except _BROKEN as error:
        raise IntegrityError(f"{place} can't be read ({_reason(error)})") from error
    for name in sorted(due.keys() | found.keys()):
        kind, _, tensor = name.partition("/")
        if name not in found or name not in due:
            what = "missing" if name not in found else "unexpected"
            raise IntegrityError(f"{place}: {kind} of {tensor!r} is {what}")
        there, here = found[name], due[name]
        told = isinstance(there, TensorStorageMetadata) and (there.size, there.properties.dtype)
        if told != (here.shape, here.dtype):
            here_is = f"{here.dtype} {tuple(here.shape)}"
            raise IntegrityError(f"{place}: {kind} of {tensor!r} is {told}, but {here_is} here")


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
