"""Saved state of training: read, compared with what it is for, and copied as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from whet.types import IntegrityError, UsageError
from whet.types.optimizers import AdamW

_MOMENTS = ("exp_avg", "exp_avg_sq")
_BROKEN = (OSError, RuntimeError, ValueError, EOFError, UnpicklingError)


def check_trainable(dtype: torch.dtype) -> None:
    """Raise `UsageError` for float16.

    The smallest number of float16 is 6e-8, so the second moment g² of AdamW is 0 for a gradient
    below 2e-4, and so is its epsilon: the first step divides by 0.
    """
    if dtype == torch.float16:
        raise UsageError(
            "model.dtype is float16, in which AdamW's second moments round to 0 and weights become "
            "NaN; give engine.masters float32_masters, or train in bfloat16 or float32"
        )


def adamw(trained: Sequence[Tensor], settings: AdamW) -> torch.optim.AdamW:
    """A fresh AdamW of the tensors.  Raises `UsageError` for tensors of float16."""
    for tensor in trained:
        check_trainable(tensor.dtype)
    return torch.optim.AdamW(
        trained,
        lr=settings.lr,
        betas=settings.betas,
        eps=settings.epsilon,
        weight_decay=settings.weight_decay,
        fused=True,
    )


def mismatch(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """The first tensor that is missing, unexpected, of another shape or dtype; empty for none."""
    for name in sorted(own.keys() | given.keys()):
        if name not in given:
            return f"tensor {name!r} is missing"
        if name not in own:
            return f"tensor {name!r} is unexpected: there is none of that name here"
        here, there = own[name], given[name]
        if (here.shape, here.dtype) != (there.shape, there.dtype):
            return (
                f"tensor {name!r} is {there.dtype} {tuple(there.shape)}, "
                f"but {here.dtype} {tuple(here.shape)} here"
            )
    return ""


def read_state(path: Path, device: torch.device, names: Sequence[str]) -> dict[str, Any]:
    """The entries `names` of a file of state; it runs no code.

    Raises `IntegrityError` for a file that is absent or broken, and for other entries.
    """
    try:
        held = torch.load(path, map_location=device, weights_only=True)
    except _BROKEN as error:
        reason = " ".join(str(error).split())
        raise IntegrityError(
            f"{path} can't be read ({type(error).__name__}: {reason[:200]})"
        ) from error
    known = sorted(held) if isinstance(held, dict) else [type(held).__name__]
    if known != sorted(names):
        raise IntegrityError(f"{path} has {known}, where {sorted(names)} are due")
    return held


def restore(own: Mapping[str, Tensor], given: Any, place: str) -> None:
    """Copy tensors onto those of the same names.

    Raises `IntegrityError` with the name of one that is missing, unexpected, or of another shape or
    dtype; nothing is copied then.
    """
    if not isinstance(given, Mapping):
        raise IntegrityError(f"{place} is a {type(given).__name__}, no tensors by name")
    if odd := mismatch(own, given):
        raise IntegrityError(f"{place}: {odd}")
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(given[name])


def overwrite(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    """Copy tensors onto those of the same names, in the dtype that these have.

    Raises `UsageError` for other names or shapes; nothing is copied then.
    """
    due = {name: tuple(tensor.shape) for name, tensor in own.items()}
    found = {name: tuple(tensor.shape) for name, tensor in given.items()}
    if odd := sorted(
        name for name in due.keys() | found.keys() if due.get(name) != found.get(name)
    ):
        raise UsageError(
            f"a model can't take the weights of another: tensor {odd[0]!r} is "
            f"{found.get(odd[0], 'missing')}, but {due.get(odd[0], 'unexpected')} here (a policy "
            "with adapters gives only these); leave engine.lora out, or choose another teacher"
        )
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(given[name])


def optimizer_state(optimizer: torch.optim.Optimizer, names: Iterable[str]) -> dict[str, Any]:
    """Moments and counts of AdamW by the names of its tensors, which are given in its order.

    Torch's own state goes by position, so it would belong to other tensors where a later process
    lists them in another order.
    """
    held, known = optimizer.state_dict()["state"], list(names)
    return {
        "names": sorted(known),
        "moments": {name: held[place] for place, name in enumerate(known) if place in held},
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, names: Iterable[str], given: Any, place: str
) -> None:
    """Restore what `optimizer_state` gave; `names` are of the optimizer's tensors, in its order.

    Raises `IntegrityError` for the state of other tensors, and for moments that are missing, not
    finite, or of another shape or dtype, which torch would cast.
    """
    known = list(names)
    own = {name: i for i, name in enumerate(known)}
    if not isinstance(given, Mapping) or given.keys() != {"names", "moments"}:
        raise IntegrityError(f"{place} has no state of an optimizer")
    if odd := sorted(own.keys() ^ set(given["names"])):
        raise IntegrityError(
            f"{place}: it is of {len(given['names'])} tensors, but {len(own)} are trained; "
            f"{odd[0]!r} is in one of them only"
        )
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if lost := given["moments"].keys() - own.keys():
        raise IntegrityError(f"{place}: it has moments of {min(lost)!r}, which is not trained")
    for name, held in given["moments"].items():
        _check_moments(held, parameters[own[name]], f"{place}: of trained tensor {name!r}")
    state = {own[name]: held for name, held in given["moments"].items()}
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


def _check_moments(held: Mapping[str, Any], tensor: Tensor, place: str) -> None:
    """Raise `IntegrityError` for moments that are not those of this tensor."""
    moments = {name: moment for name, moment in held.items() if name != "step"}
    due = {name: tensor for name in _MOMENTS}
    if odd := "step" not in held and "step is missing" or mismatch(due, moments):
        raise IntegrityError(f"{place}, {odd}")
    if spoiled := [n for n, moment in held.items() if not torch.as_tensor(moment).isfinite().all()]:
        raise IntegrityError(f"{place}, {spoiled[0]} is not finite")
