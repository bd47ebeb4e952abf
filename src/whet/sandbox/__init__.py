"""A place to run programs of unknown intent, and worker processes.

Worker processes import this package and stay small, so it loads no torch before it is asked.
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
