"""Processes for the work that may hang, crash or eat the memory."""

from whet.sandbox.workers.pool import Died, Failed, Workers

__all__ = ["Died", "Failed", "Workers"]
