"""The device that an engine computes on."""

import torch

from whet.types import UsageError


def device_of(name: str) -> torch.device:
    """The device of `engine.device`; `auto` is CUDA where torch sees a GPU, else the CPU.

    Raises `UsageError` for a device that is unknown or not here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError(f"engine.device is {name!r}, but torch sees no GPU; give cpu")
    if name.partition(":")[0] not in {"cpu", "cuda"}:
        raise UsageError(f"engine.device {name!r} is unknown; give auto, cpu or cuda")
    return torch.device(name)


def hardware_of(name: str) -> str:
    """The device with its name and torch's CUDA.  Raises `UsageError` if it is not here."""
    device = device_of(name)
    if device.type == "cpu":
        return "cpu"
    return f"{device} ({torch.cuda.get_device_name(device)}), CUDA {torch.version.cuda}"


def use_threads(count: int) -> None:
    """Compute with `count` threads of the CPU; 0 leaves torch's own number."""
    if count:
        torch.set_num_threads(count)


def check_threads(count: int) -> None:
    """Raise `UsageError` for a negative number of threads."""
    if count < 0:
        raise UsageError(f"engine.threads is {count}; give 1 or more, or 0: torch's own")
