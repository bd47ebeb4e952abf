"""All extensions of a run, called one after the other."""

import asyncio
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from whet.protocols.algorithm import Algorithm, Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import (
    AdvantageInputs,
    Group,
    IntegrityError,
    Mean,
    Metrics,
    Need,
    Request,
    Rollout,
    Ticket,
    TrainBatch,
    UsageError,
)
from whet.types.plain_states import check_restored

STATES = "extensions.pt"
Landed = Sequence[tuple[Ticket, Sequence[Group]]]

_COLUMNS = (
    {Need.VALUE},
    {Need.DENSE},
    {Need.BASELINE},
    {Need.SEGMENTS},
    {Need.TEACHER, Need.CANDIDATES},  # both say which tokens were taught
)  # columns that only one extension may fill


def refuse_rivals(companions: Sequence[Companion]) -> None:
    """Raise `UsageError` if two companions fill the same column of a batch."""
    for needs in _COLUMNS:
        givers = [companion for companion in companions if needs & companion.provides]
        if len(givers) > 1:
            given = sorted(need.value for c in givers for need in needs & c.provides)
            raise UsageError(
                f"objective.companions has {' and '.join(type(c).__name__ for c in givers)}, which "
                f"both give {' and '.join(dict.fromkeys(given))}; keep one of them"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """The running extensions, in the order of the algorithm's companions.

    Each one gets what the previous one returned: requests, groups, objective and columns.
    """

    members: tuple[Extension, ...] = ()
    names: tuple[str, ...] = ()  # index and class of the settings of each

    @classmethod
    async def open(cls, companions: Sequence[Companion], setup: SetupContext) -> "Extensions":
        """Open every companion. Raises `UsageError` if two of them fill the same column."""
        refuse_rivals(companions)
        members = tuple([await companion.open(setup) for companion in companions])
        names = tuple(f"{i} {type(companion).__name__}" for i, companion in enumerate(companions))
        return cls(members=members, names=names)

    async def before_rollout(self, context: StepContext, ticket: Ticket) -> Request:
        """The request to play for a ticket."""
        for member in self.members:
            ticket = replace(ticket, request=await member.before_rollout(context, ticket))
        return ticket.request

    async def after_rollout(self, context: StepContext, landed: Landed) -> list[tuple[Group, ...]]:
        """The groups of landed tickets, which are given in ticket order, after all extensions.

        An extension handles all tickets concurrently, started in that order. Raises
        `IntegrityError` if a group belongs to another ticket, or if a rollout occurs twice.
        """
        tickets = [ticket for ticket, _ in landed]
        found = [tuple(groups) for _, groups in landed]
        _check_tickets(landed)
        for name, member in zip(self.names, self.members, strict=True):
            calls = (
                member.after_rollout(context, ticket, groups)
                for ticket, groups in zip(tickets, found, strict=True)
            )
            found = [tuple(groups) for groups in await asyncio.gather(*calls)]
            _check_ids(name, found)
        return found

    async def adapt_objective(self, context: StepContext, groups: Sequence[Group]) -> Algorithm:
        """The algorithm of this step."""
        objective = context.objective
        for member in self.members:
            objective = await member.adapt_objective(context, objective, groups)
        return objective

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """The inputs of the advantages, with all columns.

        Raises `IntegrityError` if two extensions change the same column.
        """
        givers: dict[str, str] = {}
        for name, member in zip(self.names, self.members, strict=True):
            before, inputs = inputs, await member.add_columns(context, inputs, rollouts)
            for column in (f.name for f in fields(inputs)):
                if getattr(before, column) is getattr(inputs, column):
                    continue
                if column in givers:
                    raise IntegrityError(
                        f"extensions {givers[column]} and {name} both give the column {column!r}; "
                        "keep one of them"
                    )
                givers[column] = name
        return inputs

    async def after_update(
        self, context: StepContext, batch: TrainBatch, inputs: AdvantageInputs
    ) -> Metrics:
        """All metrics. Raises `IntegrityError` if two extensions report the same name."""
        metrics: dict[str, Mean] = {}
        for name, member in zip(self.names, self.members, strict=True):
            told = await member.after_update(context, batch, inputs)
            if twice := sorted(metrics.keys() & told.keys()):
                raise IntegrityError(
                    f"extension {name} reports {twice[0]!r}, which another extension reports too"
                )
            metrics |= told
        return metrics

    async def save(self, folder: Path) -> None:
        """Write all states into one file, and models into a folder per extension.

        Raises `IntegrityError` if a state could not be read back.
        """
        if not self.members:
            return
        states = {name: m.state_dict() for name, m in zip(self.names, self.members, strict=True)}
        for name, state in states.items():
            if strange := _strange(state):
                raise IntegrityError(
                    f"the state of extension {name} holds a {strange}, which a resumed run can't "
                    "read; state_dict has to be of numbers, texts, lists, dictionaries and tensors"
                )
        torch.save(states, folder / STATES)
        for i, member in enumerate(self.members):
            await member.save(folder / f"extension-{i}")

    async def load(self, folder: Path, context: StepContext) -> None:
        """Restore exactly what `save` wrote, which is checked.

        The file has no weights of models, which the engine's own loader checks.  Raises
        `IntegrityError` if the states are not those of these extensions, or were not restored.
        """
        path = folder / STATES
        states: dict[str, Any] = torch.load(path, weights_only=True) if path.is_file() else {}
        missing = [name for name in self.names if name not in states]
        surplus = [name for name in states if name not in self.names]
        if missing or surplus:
            raise IntegrityError(
                f"{path} lacks states of {missing} and has surplus ones of {surplus}"
            )
        for i, (name, member) in enumerate(zip(self.names, self.members, strict=True)):
            await member.load_state_dict(deepcopy(states[name]), context)
            await member.load(folder / f"extension-{i}")
            check_restored(states[name], member.state_dict(), f"the state of extension {name}")


def _check_tickets(landed: Landed) -> None:
    for ticket, groups in landed:
        for group in groups:
            if group.ticket != ticket.number:
                raise IntegrityError(
                    f"ticket {ticket.number} landed with a group of ticket {group.ticket}",
                    group.rollouts,
                )


def _check_ids(name: str, found: Sequence[Sequence[Group]]) -> None:
    seen: set[str] = set()
    for rollout in (r for groups in found for group in groups for r in group):
        if rollout.id in seen:
            raise IntegrityError(
                f"after extension {name} rollout {rollout.id} is in two places; "
                "add rollouts to a group by Group.joined",
                [rollout],
            )
        seen.add(rollout.id)


def _strange(state: Any) -> str:
    """Name of the first type that cannot be read back; empty if all can."""
    if isinstance(state, Mapping):
        inside = [*state.keys(), *state.values()]
    elif isinstance(state, list | tuple):
        inside = list(state)
    else:
        plain = state is None or type(state) in (str, int, float, bool) or isinstance(state, Tensor)
        return "" if plain else type(state).__name__
    if type(state) not in (dict, list, tuple):
        return type(state).__name__
    return next((strange for x in inside if (strange := _strange(x))), "")
