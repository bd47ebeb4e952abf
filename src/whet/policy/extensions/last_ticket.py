"""The ticket that carries groups added once per step."""

from whet.protocols.extension import StepContext
from whet.types import Ticket


def closes(context: StepContext, ticket: Ticket) -> bool:
    """True for the last ticket number of a step, at its first attempt: once per step."""
    return ticket.attempt == 0 and ticket.number % context.tickets == context.tickets - 1
