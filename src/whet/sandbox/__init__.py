"""A place to run programs of unknown intent, and worker processes.

Worker processes import this package and stay small, so it loads no torch before it is asked.
"""

from whet.sandbox.bubblewrap import Bubblewrap
from whet.sandbox.landlock import Landlock
from whet.sandbox.leak_checks import leaks
from whet.sandbox.limits import Ending, Fault, Limits, Outcome, Program, Sandbox
from whet.sandbox.safest import Safest
from whet.sandbox.unsafe import Unsafe

__all__ = [
    "Bubblewrap",
    "Ending",
    "Fault",
    "Landlock",
    "Limits",
    "Outcome",
    "Program",
    "Safest",
    "Sandbox",
    "Unsafe",
    "leaks",
]
