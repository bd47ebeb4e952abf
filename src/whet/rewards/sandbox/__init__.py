"""A place to run programs that nobody has read."""

from whet.rewards.sandbox._bubblewrap import Bubblewrap
from whet.rewards.sandbox._landlock import Landlock
from whet.rewards.sandbox._leaks import leaks
from whet.rewards.sandbox._limits import Ending, Fault, Limits, Outcome, Program, Sandbox
from whet.rewards.sandbox._safest import Safest
from whet.rewards.sandbox._unsafe import Unsafe

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
