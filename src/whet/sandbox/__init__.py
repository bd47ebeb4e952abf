"""Sandboxes for untrusted programs, and worker processes.

Worker processes import this package, so it does not import torch by itself.
"""

from whet.sandbox.bubblewrap import Bubblewrap
from whet.sandbox.landlock import Landlock
from whet.sandbox.leak_checks import leaks
from whet.sandbox.limits import Ending, Limits, Program, ProgramResult, Sandbox, SandboxFault
from whet.sandbox.messages import (
    Cell,
    Heard,
    SessionFolder,
    SessionLimits,
    SessionScript,
    StopReason,
)
from whet.sandbox.safest import Safest
from whet.sandbox.session import SandboxSession, SessionSandbox
from whet.sandbox.unsafe import Unsafe

__all__ = [
    "Bubblewrap",
    "Cell",
    "Ending",
    "SessionFolder",
    "Heard",
    "Landlock",
    "Limits",
    "ProgramResult",
    "Program",
    "Safest",
    "Sandbox",
    "SandboxFault",
    "SessionScript",
    "SandboxSession",
    "SessionLimits",
    "SessionSandbox",
    "StopReason",
    "Unsafe",
    "leaks",
]
