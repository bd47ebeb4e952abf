"""The words that call this program, so that a printed command runs as printed.

`whet` alone where the shell finds this installation by that name; otherwise the path by which it
was called (`.venv/bin/whet`), or `python -m whet`.  In a script or a notebook it is the `whet` of
the Python that runs it.
"""

import os
import shlex
import shutil
import sys
from pathlib import Path


def command(*words: object) -> str:
    """A command line of this program, quoted for a shell: `command("resume", folder)`."""
    return " ".join([program(), *(shlex.quote(str(word)) for word in words)])


def program() -> str:
    """How to call this program from the current directory."""
    called = Path(sys.argv[0]) if sys.argv and sys.argv[0] else Path()
    if called.name == "__main__.py" and called.parent.name == "whet":
        return f"{_found(Path(sys.executable), 'python')} -m whet"
    script = called if called.stem == "whet" else Path(sys.executable).with_name("whet")
    if not script.is_file():
        return f"{_found(Path(sys.executable), 'python')} -m whet"
    return _found(script, "whet")


def shown(path: Path) -> str:
    """A path as a user of the current directory would write it: relative where it lies below."""
    absolute, here = os.path.abspath(path), os.getcwd()
    below = os.path.commonpath([absolute, here]) == here and absolute != here
    return os.path.relpath(absolute, here) if below else absolute


def _found(file: Path, name: str) -> str:
    """The bare name where the shell finds this very file by it, else the path.

    Links are not followed: a virtual environment's python is a link to another one.
    """
    found = shutil.which(name)
    if found is not None and os.path.abspath(found) == os.path.abspath(file):
        return name
    path = shown(file)
    return shlex.quote(path if os.sep in path else f".{os.sep}{path}")
