"""Lean 4 as a subprocess: its call and its report."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

_AXIOMS = re.compile(r"depends on axioms:\s*\[([^\]]*)\]")
_FREE = re.compile(r"does not depend on any axioms")


class Status(StrEnum):
    """The result of checking a proof."""

    PROVED = "proved"
    ERROR = "error"
    SORRY = "sorry"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of Lean's output."""

    line: int
    column: int
    severity: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Lean's report on a file that ends in `#print axioms`."""

    status: Status
    messages: tuple[Message, ...] = ()
    axioms: tuple[str, ...] = ()

    @property
    def complaint(self) -> str:
        """The first error message, or else the status."""
        errors = (message.text for message in self.messages if message.severity == "error")
        return next(errors, str(self.status))


def run(command: Sequence[str], source: str, limit_s: float, folder: str) -> Report:
    """Run Lean on a source text in a process group of its own, which is killed at the end.

    The environment has only a few variables of this process, and none that may hold a secret.
    """
    with TemporaryDirectory() as place:
        path = Path(place) / "Proof.lean"
        path.write_text(source, encoding="utf-8", errors="replace")  # replies may be any text
        with subprocess.Popen(
            [*command, str(path)],
            cwd=folder or place,
            env={key: os.environ[key] for key in _PASSED if key in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
        ) as process:
            try:
                output = process.communicate(timeout=limit_s)[0]
            except subprocess.TimeoutExpired:
                return Report(status=Status.TIMEOUT)
            finally:
                _end(process)
        return report(output, process.returncode)


_PASSED = ("PATH", "HOME", "ELAN_HOME", "LEAN_PATH", "LEAN_SYSROOT", "LANG", "LC_ALL")


def report(output: str, code: int) -> Report:
    """Read the output of `lean --json`; lines that are not JSON are skipped.

    If the axioms are not printed at all, the last command was never reached.
    """
    messages = tuple(message for line in output.splitlines() if (message := _message(line)))
    texts = [message.text for message in messages]
    if any(
        "declaration uses 'sorry'" in text or "declaration uses `sorry`" in text for text in texts
    ):
        return Report(status=Status.SORRY, messages=messages)
    named = [found[1] for text in texts if (found := _AXIOMS.search(text))]
    axioms = tuple(name.strip() for found in named for name in found.split(",") if name.strip())
    failed = code != 0 or any(message.severity == "error" for message in messages)
    reached = bool(named) or any(_FREE.search(text) for text in texts)
    status = Status.PROVED if reached and not failed else Status.ERROR
    return Report(status=status, messages=messages, axioms=axioms)


def _message(line: str) -> Message | None:
    try:
        found = json.loads(line)
        at = found["pos"] or {"line": 0, "column": 0}
        return Message(
            line=at["line"], column=at["column"], severity=found["severity"], text=found["data"]
        )
    except (ValueError, KeyError, TypeError):
        return None


def _end(process: subprocess.Popen[str]) -> None:
    """Kill all processes of the group."""
    with suppress(ProcessLookupError):  # it may have ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
