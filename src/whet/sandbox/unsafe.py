"""No sandbox at all, for those who ask for it by name."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from whet.sandbox.interpreter import interpreter
from whet.sandbox.limits import Fault, Limits, Outcome, Program
from whet.sandbox.slots import together, users
from whet.sandbox.watching import Watch, ended, outcome, sealed

_GUEST = Path(__file__).with_name("guest_process.py").read_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsafe:
    """Programs as plain subprocesses of this user, who may read, write and send what he may.

    Only for programs that you would run yourself, or inside a container that is itself a sandbox.
    Time, memory, file size and output are limited; the number of processes and the disk are not,
    and a process that leaves its session outlives the program.  Nothing chooses this but its name.
    """

    slots: int = 2  # programs at once

    def run(self, program: Program, limits: Limits) -> Outcome:
        """Run it in a folder of its own."""
        with users(self.slots, 1):
            return _run(program, limits)

    def pair(self, tested: Program, harness: Program, limits: Limits) -> tuple[Outcome, Outcome]:
        """Two subprocesses, and a socket between them."""
        with users(self.slots, 2):
            return together([partial(_run, limits=limits)] * 2, (tested, harness))

    def probe(self) -> str:
        """It works wherever Python does."""
        return ""


def _run(program: Program, limits: Limits) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="whet-unsafe-") as folder:
        for name, content in program.files.items():
            Path(folder, name).write_bytes(content)
        return _within(folder, program, limits)


def _within(folder: str, program: Program, limits: Limits) -> Outcome:
    watch, found = Watch(limits), interpreter()
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
            stdout=watch.write_ends[0],
            stderr=watch.write_ends[1],
            pass_fds=passed,
            start_new_session=True,
        )
        watch.started()
        os.close(mark_out)
        ending = ended(process, watch)
        if os.read(mark_in, 1) != b"!":
            raise Fault(f"the interpreter ended with {process.returncode} before the program began")
        return outcome(ending, process.returncode, watch)
    finally:
        watch.close()
        for fd in (mark_in, source, stdin):
            os.close(fd)
