"""Names, dtypes and shapes of the tensors in a folder's weight files, without their values."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from whet.engines.folders import named, weight_files
from whet.types import UsageError

FLOATS = ("float64", "float32", "bfloat16", "float16")
"""Dtypes of weights that can be trained; others are codes of quantised weights, or no weights."""

_CODES = {  # of safetensors' headers; other codes are quantised formats
    "F64": "float64",
    "F32": "float32",
    "BF16": "bfloat16",
    "F16": "float16",
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a weight file."""

    file: str
    dtype: str  # torch's name, or the code of the file for a format that torch lacks
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return torch.Size(self.shape).numel()


Stored = Mapping[str, StoredTensor]


def stored(folder: Path) -> Stored:
    """The tensors of a checked folder, by name.

    Raises `UsageError` for a tensor in two files, and for a file without tensors by name.
    """
    found: dict[str, StoredTensor] = {}
    for file in weight_files(folder):
        for name, tensor in _inside(folder, file):
            if name in found:
                raise UsageError(
                    f"{named(folder)}: tensor {name!r} is in two files, {found[name].file} and "
                    f"{file}, of different saves; download or save it again"
                )
            found[name] = tensor
    return found


def dtype_of(held: Stored) -> str:
    """The dtype that most elements have; float32 if there are none."""
    sizes: Counter[str] = Counter()
    for tensor in held.values():
        if tensor.dtype in FLOATS:
            sizes[tensor.dtype] += tensor.size
    return max(sizes, key=lambda dtype: sizes[dtype], default="float32")


def read(folder: Path, name: str, tensor: StoredTensor) -> Tensor:
    """The values of one tensor."""
    path = folder / tensor.file
    if path.suffix == ".safetensors":
        with safe_open(path, framework="pt") as file:
            return file.get_tensor(name)
    return _pickled(path, "cpu")[name]


def values(folder: Path, held: Stored) -> Iterator[tuple[str, Tensor]]:
    """Every tensor with its values, one at a time; each file is opened once."""
    for file in weight_files(folder):
        names = [name for name, tensor in held.items() if tensor.file == file]
        path = folder / file
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as opened:
                yield from ((name, opened.get_tensor(name)) for name in names)
            continue
        loaded = _pickled(path, "cpu")
        yield from ((name, loaded[name]) for name in names)


def _inside(folder: Path, file: str) -> Iterator[tuple[str, StoredTensor]]:
    path = folder / file
    if path.suffix == ".safetensors":
        with safe_open(path, framework="pt") as held:
            for name in held.keys():  # noqa: SIM118  (it is no mapping)
                part = held.get_slice(name)
                code = str(part.get_dtype())
                yield name, StoredTensor(file, _CODES.get(code, code), tuple(part.get_shape()))
        return
    held = _pickled(path, "meta")
    if not isinstance(held, dict):
        raise UsageError(
            f"{named(folder)}: {file} holds a {type(held).__name__}, no tensors by name; save with "
            "model.save_pretrained"
        )
    for name, value in held.items():
        if not isinstance(value, Tensor):
            raise UsageError(
                f"{named(folder)}: {name!r} in {file} is a {type(value).__name__}, no tensor, as "
                "in a training checkpoint; save with model.save_pretrained"
            )
        dtype = str(value.dtype).removeprefix("torch.")
        yield str(name), StoredTensor(file, dtype, tuple(value.shape))


def _pickled(path: Path, device: str) -> Any:
    """The content of a file of `torch.save`, which runs no code."""
    try:
        return torch.load(path, map_location=device, weights_only=True, mmap=True)
    except RuntimeError:  # torch's format before 1.6 can't be mapped into memory
        return torch.load(path, map_location=device, weights_only=True)
