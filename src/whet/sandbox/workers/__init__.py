"""Worker processes for functions that may hang, crash or exhaust memory."""

from whet.sandbox.workers.pool import Died, Failed, Workers

__all__ = ["Died", "Failed", "Workers"]
