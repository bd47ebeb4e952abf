"""Sandboxes for untrusted programs, and worker processes.

Worker processes import this package, so it does not import torch by itself.
"""

from whet.sandbox._bubblewrap import Bubblewrap
from whet.sandbox._landlock import Landlock
from whet.sandbox._leaks import leaks
from whet.sandbox._limits import Ending, Fault, Limits, Program, ProgramResult, Sandbox
from whet.sandbox._safest import Safest
from whet.sandbox._unsafe import Unsafe

__all__ = [
    "Bubblewrap",
    "Ending",
    "Fault",
    "Landlock",
    "Limits",
    "ProgramResult",
    "Program",
    "Safest",
    "Sandbox",
    "Unsafe",
    "leaks",
]
