"""Tickets as plain values, which are saved in states and loaded without running code."""

from dataclasses import fields
from typing import Any

from whet.types.decoding import Decoding
from whet.types.errors import UsageError
from whet.types.requests import Play, Request, RolloutShape, Ticket
from whet.types.saved_rollouts import Plain, as_plain, from_plain, plain
from whet.types.tasks import Task


def ticket_as_plain(ticket: Ticket, shape: RolloutShape | None) -> Plain:
    """A ticket; the shape of its request is that of the run, or None.

    Raises `UsageError` for a ticket that completes another one, for a request of another shape, and
    if the task holds a type that `torch.load(weights_only=True)` can't read.
    """
    request = ticket.request
    if request.completes is not None or request.shape not in (None, shape):
        raise UsageError(
            f"ticket {ticket.label} can't be saved while it is under way: its request completes "
            "another ticket, or has another shape than sampling.shape; give lag.staleness 0"
        )
    return {
        "number": ticket.number,
        "attempt": ticket.attempt,
        "version": ticket.version,
        "task": plain(request.task, "task"),
        "plays": [_play_as_plain(play) for play in request.plays],
        "shaped": request.shape is not None,
    }


def ticket_from_plain(held: Plain, shape: RolloutShape | None) -> Ticket:
    """The ticket that `ticket_as_plain` was called with."""
    request = Request(
        task=Task(**held["task"]),
        plays=tuple(_play_from_plain(play) for play in held["plays"]),
        shape=shape if held["shaped"] else None,
    )
    numbers = {name: held[name] for name in ("number", "attempt", "version")}
    return Ticket(request=request, **numbers)


def _play_as_plain(play: Play) -> Plain:
    known = {
        f.name: plain(getattr(play, f.name), f.name) for f in fields(play) if f.name != "begun"
    }
    begun: Any = None if play.begun is None else (as_plain(play.begun[0]), play.begun[1])
    return known | {"begun": begun}


def _play_from_plain(held: Plain) -> Play:
    begun = None if held["begun"] is None else (from_plain(held["begun"][0]), held["begun"][1])
    return Play(**held | {"decoding": Decoding(**held["decoding"]), "begun": begun})
