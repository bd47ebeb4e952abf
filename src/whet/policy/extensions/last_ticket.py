"""Which ticket brings what is added to a whole step."""

from whet.protocols.extension import StepContext
from whet.types import Ticket


def closes(context: StepContext, ticket: Ticket) -> bool:
    """Is it the last number of its step, at its first attempt?  Each step has one such ticket."""
    return ticket.attempt == 0 and ticket.number % context.tickets == context.tickets - 1
