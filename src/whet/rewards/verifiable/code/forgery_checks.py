"""A test of the judge `code`: each forgery is tried on this machine."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

from whet.rewards.verifiable.code.forgeries import LEAKED, LEFT, PAID, PRINTED
from whet.rewards.verifiable.code.reward import Code
from whet.types import Rollout, Task

STDIN = {"kind": "stdin", "inputs": ["1 2\n"], "outputs": ["3\n"]}
CALL = {"kind": "call", "fn_name": "add", "inputs": [[1, 2]], "outputs": [3]}
_FORMS = (
    "assert add(1, 2) == 3",
    "assert abs(add(1, 2) - 3) < 1e-6",
    "import math\nassert math.isclose(add(1, 2), 3) and isinstance(add(1, 2), int)",
    "assert not add(1, 2) != 3\nassert 3 in [add(1, 2)] and sorted([add(1, 2), 9]) == [3, 9]",
    "def check(candidate):\n    assert candidate(1, 2) == 3\n",
    "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
    "        self.assertEqual(add(1, 2), 3)\n    def test_b(self):\n"
    "        self.assertAlmostEqual(add(1, 2), 3)\n",
)
ASSERT = {"kind": "assert", "asserts": _FORMS, "entry_point": "add"}
_SUITES: dict[str, tuple[dict[str, str], tuple[dict[str, Any], ...]]] = {
    "paid": (PAID, (CALL, ASSERT)),
    "printed": (PRINTED, (STDIN,)),
    "leaked": (LEAKED, (STDIN,)),
    "left": (LEFT, (STDIN,)),
}
_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """What one program obtained; all empty where it was judged as it deserves."""

    name: str
    paid: str = ""  # tests that passed, or a fault that it made
    leaked: str = ""
    left: str = ""


def names() -> tuple[str, ...]:
    """All forgeries, as suite and name."""
    return tuple(f"{suite}: {name}" for suite, (found, _) in _SUITES.items() for name in found)


def tried(name: str, judge: Code) -> Forgery:
    """Judge one forgery against a secret and a folder made for it."""
    suite, _, short = name.partition(": ")
    programs, tasks = _SUITES[suite]
    token = f"whet{token_hex(6)}"
    with TemporaryDirectory(prefix="host-") as folder:
        os.chmod(folder, 0o777)
        secret = Path(folder, "secret")
        secret.write_text(token)
        secret.chmod(0o666)
        source = programs[short].replace("SECRET", str(secret)).replace("FOLDER", folder)
        source = source.replace("TOKEN", token)
        paid, leaked = [], []
        for tests in tasks:
            task = Task(id=name, prompt="Add two numbers.", info={"tests": tests})
            verdict = judge.score(Rollout.from_text(task, f"```python\n{source}\n```"))
            if not verdict.judged or verdict.parts.get("passed") or verdict.correct:
                paid.append(f"{tests['kind']}: {verdict.note or verdict.parts}")
            if "LEAKED" in verdict.note:
                leaked.append(verdict.note)
        left = list(_left(token, folder, secret))
    return Forgery(name=name, paid="; ".join(paid), leaked="; ".join(leaked), left="; ".join(left))


def _left(token: str, folder: str, secret: Path) -> Iterator[str]:
    """Files and processes of a forgery that are still there."""
    if not secret.exists() or secret.read_text() != token:
        yield "the secret is not what it was"
    for stray in (path for f in (folder, *_FOLDERS) if (path := Path(f, token)).exists()):
        stray.unlink()
        yield f"a file in {stray.parent}"
    for place in Path("/proc").glob("[0-9]*/comm"):
        try:
            if place.read_text().strip() == token[:15]:
                yield f"process {place.parent.name}"
        except OSError:  # it has ended
            continue
