"""No confinement; it is only used if it is named explicitly."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from whet.sandbox.interpreter import interpreter
from whet.sandbox.limits import Limits, Program, ProgramResult, SandboxFault
from whet.sandbox.slots import together, users
from whet.sandbox.watching import OutputCapture, ended, outcome, sealed

_GUEST = Path(__file__).with_name("guest_process.py").read_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsafe:
    """Programs as plain subprocesses of this user, with all rights of this user.

    It is meant for programs that you would run yourself, or inside of a container that is itself a
    sandbox. Time, memory, file size and output are limited; the number of processes and the disk
    are not. A process that leaves its session outlives the program. No default selects this class.
    """

    slots: int = 2  # concurrent programs

    def run(self, program: Program, limits: Limits) -> ProgramResult:
        """Run the program in a temporary folder."""
        with users(self.slots, 1):
            return _run(program, limits)

    def pair(
        self, tested: Program, harness: Program, limits: Limits
    ) -> tuple[ProgramResult, ProgramResult]:
        """Run two subprocesses, connected by a socket."""
        with users(self.slots, 2):
            return together([partial(_run, limits=limits)] * 2, (tested, harness))

    def probe(self) -> str:
        """Always empty: it works wherever Python does."""
        return ""


def _run(program: Program, limits: Limits) -> ProgramResult:
    with tempfile.TemporaryDirectory(prefix="whet-unsafe-") as folder:
        for name, content in program.files.items():
            Path(folder, name).write_bytes(content)
        return _within(folder, program, limits)


def _within(folder: str, program: Program, limits: Limits) -> ProgramResult:
    capture, found = OutputCapture(limits), interpreter()
    mark_in, mark_out = os.pipe()
    source = sealed(program.source.encode(errors="surrogatepass"))
    stdin = sealed(program.stdin)
    passed = (mark_out, source, *program.links)
    begin = f"{_GUEST}\nbegin({limits.kernel()}, *{passed})\n"
    try:
        process = subprocess.Popen(
            [*found.command, "-c", begin],
            env=found.environment,
            cwd=folder,
            stdin=stdin,
            stdout=capture.write_ends[0],
            stderr=capture.write_ends[1],
            pass_fds=passed,
            start_new_session=True,
        )
        capture.started()
        os.close(mark_out)
        ending = ended(process, capture)
        if os.read(mark_in, 1) != b"!":
            raise SandboxFault(
                f"the interpreter ended with {process.returncode} before the program began"
            )
        return outcome(ending, process.returncode, capture)
    finally:
        capture.close()
        for fd in (mark_in, source, stdin):
            os.close(fd)
