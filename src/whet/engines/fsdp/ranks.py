"""The ranks that share a model: their mesh, and what they say to each other."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import HashStore
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from whet.engines.devices import device_of
from whet.types import IntegrityError, UsageError

_TIMEOUT = timedelta(minutes=30)  # of one collective, after which a lost rank is noticed
Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Ranks:
    """W ranks, of which this process is one.  Every method is called by all of them.

    `mesh` has one dimension.  Its device is the one that the ranks compute on.
    """

    mesh: DeviceMesh

    @property
    def size(self) -> int:
        """W, the number of ranks."""
        return self.mesh.size()

    @property
    def rank(self) -> int:
        """The number of this rank, from 0."""
        return self.mesh.get_local_rank()

    @property
    def group(self) -> Any:
        """The process group of torch."""
        return self.mesh.get_group()

    @property
    def device(self) -> torch.device:
        """The device that this rank computes on."""
        kind = self.mesh.device_type
        return (
            torch.device(kind, torch.cuda.current_device())
            if kind == "cuda"
            else torch.device(kind)
        )

    def gathered(self, own: Said) -> list[Said]:
        """What every rank says, in the order of ranks."""
        if self.size == 1:
            return [own]
        held: list[Any] = [None] * self.size
        dist.all_gather_object(held, own, group=self.group)
        return held

    def together(self, work: Callable[[], Said]) -> Said:
        """The result of `work`, which has no collective in it.

        Raises on all ranks where it raises on one: this rank's own error, or else that of the first
        other rank, as `IntegrityError` or `UsageError`.
        """
        first = FirstError()
        found: list[Said] = []
        with first:
            found.append(work())
        self.agree(first)
        return found[0]

    def agree(self, first: "FirstError") -> None:
        """Raise on all ranks if one of them has an error."""
        told = self.gathered(first.told)
        if first.error is not None:
            raise first.error
        agree_on(told)


@dataclass(slots=True)
class FirstError:
    """Keeps the first exception inside of a `with` block, until all ranks can raise together.

    A rank that raised alone would leave the others in a collective.
    """

    error: Exception | None = field(default=None)

    def __enter__(self) -> "FirstError":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        del kind, trace
        if not isinstance(error, Exception):
            return False
        self.error = self.error or error
        return True

    @property
    def told(self) -> tuple[bool, str] | None:
        """Whether a user can mend it, and what it says; None without an error."""
        if self.error is None:
            return None
        if isinstance(self.error, UsageError | IntegrityError):
            return isinstance(self.error, UsageError), str(self.error)
        return False, f"{type(self.error).__name__}: {' '.join(str(self.error).split())}"


def agree_on(told: Sequence[tuple[bool, str] | None]) -> None:
    """Raise the error of the first rank that tells one."""
    for rank, error in enumerate(told):
        if error is not None:
            usage, text = error
            raise UsageError(text) if usage else IntegrityError(f"rank {rank}: {text}")


def all_ranks(device: str, timeout: timedelta = _TIMEOUT) -> Ranks:
    """All processes that torchrun has started, or this one alone without it.

    `device` is cpu or cuda.  On cuda every process of a machine has a GPU of its own.  Raises
    `UsageError` where there are fewer GPUs.
    """
    if not dist.is_initialized():
        _join(device, timeout)
    return Ranks(init_device_mesh(device, (dist.get_world_size(),)))


def each_alone(device: str) -> Ranks:
    """A mesh of one rank for every process, in which each computes by itself.

    All processes call it, after `all_ranks`.
    """
    names = ("apart", "alone")
    mesh = init_device_mesh(device, (dist.get_world_size(), 1), mesh_dim_names=names)
    return Ranks(mesh["alone"])


def ranks_due() -> int:
    """The number of processes that torchrun has started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def leave() -> None:
    """Close the connections of this process."""
    if dist.is_initialized():
        dist.destroy_process_group()


def _join(device: str, timeout: timedelta) -> None:
    backend = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"
    if device_of(device).type == "cuda":
        here, due = torch.cuda.device_count(), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        if due > here:
            raise UsageError(
                f"--nproc-per-node is {due}, but this machine has {here} GPUs, and each process "
                f"needs one of its own; give {here}"
            )
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    if "RANK" in os.environ and "MASTER_ADDR" in os.environ:
        dist.init_process_group(backend, timeout=timeout)
        return
    dist.init_process_group(backend, store=HashStore(), rank=0, world_size=1, timeout=timeout)
