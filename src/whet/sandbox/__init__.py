"""Sandboxes for untrusted programs, and worker processes.

Worker processes import this package, so it does not import torch by itself.
"""

from whet.sandbox.bubblewrap import Bubblewrap
from whet.sandbox.landlock import Landlock
from whet.sandbox.leak_checks import leaks
from whet.sandbox.limits import Ending, Limits, Program, ProgramResult, Sandbox, SandboxFault
from whet.sandbox.messages import Cell, Folder, Heard, Script, SessionLimits, Stop
from whet.sandbox.safest import Safest
from whet.sandbox.session import Session, SessionSandbox
from whet.sandbox.unsafe import Unsafe

__all__ = [
    "Bubblewrap",
    "Cell",
    "Ending",
    "Folder",
    "Heard",
    "Landlock",
    "Limits",
    "ProgramResult",
    "Program",
    "Safest",
    "Sandbox",
    "SandboxFault",
    "Script",
    "Session",
    "SessionLimits",
    "SessionSandbox",
    "Stop",
    "Unsafe",
    "leaks",
]
