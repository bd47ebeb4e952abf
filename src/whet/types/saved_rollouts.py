"""Rollouts as plain values, which are saved in states and loaded without running code."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import Tensor

from whet.types import (
    Act,
    Decoding,
    Finish,
    Group,
    Reason,
    Rollout,
    Span,
    Task,
    UsageError,
    Verdict,
    Version,
)
from whet.types.kept import KEPT, KeptIds, as_sets, kept_column, kept_ids

Plain = dict[str, Any]
"""A dictionary of numbers, texts, lists, tuples, dictionaries and tensors."""

_SCALARS = (str, int, float, bool, type(None))


def as_plain(rollout: Rollout) -> Plain:
    """All fields of a rollout; arrays become tensors.

    Raises `UsageError` if `task.info` holds a type that `torch.load(weights_only=True)` cannot
    read.
    """
    return {f.name: plain(getattr(rollout, f.name), f.name) for f in fields(rollout)}


def from_plain(held: Plain) -> Rollout:
    """The rollout that `as_plain` was called with."""
    back = {name: _array(value) for name, value in held.items()}
    back["task"] = Task(**back["task"])
    back["spans"] = tuple(_span(span) for span in back["spans"])
    back["acts"] = tuple(Act(**act | {"finish": Finish(act["finish"])}) for act in back["acts"])
    if KEPT in back["columns"]:
        back["columns"][KEPT] = kept_column(as_sets(KeptIds(**back["columns"][KEPT])))
    back["decoding"] = Decoding(**back["decoding"])
    back["finish"] = Finish(back["finish"])
    if back["verdict"] is not None:
        back["verdict"] = _verdict(back["verdict"])
    return Rollout(**back)


def _verdict(held: Plain) -> Verdict:
    finish = held["finish"]
    known = {"reason": Reason(held["reason"]), "finish": None if finish is None else Finish(finish)}
    return Verdict(**held | known)


def as_plain_list(rollouts: Iterable[Rollout]) -> list[Plain]:
    """Several rollouts as plain values, in order."""
    return [as_plain(rollout) for rollout in rollouts]


def from_plain_list(held: Iterable[Plain]) -> list[Rollout]:
    """The rollouts that `as_plain_list` was called with."""
    return [from_plain(rollout) for rollout in held]


def group_as_plain(group: Group) -> Plain:
    """A group with its rollouts, ticket, seat, flags and weight; it has to have a rollout."""
    named = {"ticket": group.ticket, "seat": group.seat, "weight": group.weight}
    return {"rollouts": as_plain_list(group), "learn": group.learn, **named}


def group_from_plain(held: Plain) -> Group:
    """The group that `group_as_plain` was called with."""
    named = {name: value for name, value in held.items() if name != "rollouts"}
    rollouts = tuple(from_plain_list(held["rollouts"]))
    return Group(task=rollouts[0].task, rollouts=rollouts, **named)


def remembered_group(group: Group) -> Group:
    """The group with `remembered` rollouts."""
    return replace(group, rollouts=tuple(remembered(rollout) for rollout in group))


def remembered(rollout: Rollout) -> Rollout:
    """The rollout without its self-certainty column, which only its own step uses."""
    columns = {name: x for name, x in rollout.columns.items() if name != "self_certainty"}
    return replace(rollout, columns=columns)


def _span(held: Plain) -> Span:
    version = held["version"]
    return Span(held["tokens"], None if version is None else Version(**version))


def plain(value: Any, name: str) -> Any:
    """A value of a rollout or a task as plain values; `name` is its place, for errors."""
    if isinstance(value, np.ndarray):
        return _tensors(value)
    if isinstance(value, np.generic | Enum):
        return value.item() if isinstance(value, np.generic) else value.value
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name), f"{name}.{f.name}") for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(x, f"{name}.{key}") for key, x in value.items()}
    if isinstance(value, tuple | list):
        return type(value)([plain(x, name) for x in value])
    if not isinstance(value, (*_SCALARS, Tensor)):
        raise UsageError(
            f"{name} is a {type(value).__name__}, which can't be saved with a run; give numbers, "
            "texts, lists and dictionaries"
        )
    return value


def _tensors(column: np.ndarray) -> Tensor | dict[str, Tensor]:
    """A column as a tensor, or the sets of kept ids as two."""
    if column.dtype == object:
        return {name: torch.from_numpy(x.copy()) for name, x in kept_ids(column)._asdict().items()}
    return torch.from_numpy(column.copy())


def _array(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: _array(x) for key, x in value.items()}
    if isinstance(value, tuple | list):
        return type(value)([_array(x) for x in value])
    return value
