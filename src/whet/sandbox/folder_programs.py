"""Programs that a session runs on its own folder, each in a process of its own.

They run inside of the sandbox: what they check is for clear messages, and the sandbox is what
confines them.  Exit code 3 says that the output is an error.  Standard library only.
"""

import os
import re
import sys
import traceback
import unittest
from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn

_REFUSED, _LONGEST, _HITS = 3, 4 << 20, 200  # exit code, bytes of a file that is read, lines


def refuse(why: str) -> NoReturn:
    """Print an error and end."""
    sys.stdout.write(why)
    sys.stdout.flush()
    os._exit(_REFUSED)


def inside(path: str) -> str:
    """The path from the folder, with all links followed; refused outside of the folder."""
    home = os.path.realpath(".")
    if "\0" in path:
        refuse("a path can't hold a null character")
    real = os.path.realpath(path)
    if real != home and not real.startswith(home + os.sep):
        refuse(f"{path!r} is outside of the folder")
    return os.path.relpath(real, home)


def content(path: str) -> str:
    """The text of a plain file; line ends are kept."""
    place = inside(path)
    if os.path.isdir(place):
        refuse(f"{path!r} is a folder")
    if not os.path.isfile(place):
        refuse(f"there is no file {path!r}")
    if os.path.getsize(place) > _LONGEST:
        refuse(f"{path!r} has {os.path.getsize(place):,} bytes; read a part of it with shell")
    with open(place, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def read(path: str, first: int, last: "int | None") -> None:
    """Print lines, numbered from 1."""
    lines = content(path).splitlines(keepends=True)
    if first < 1 or (last is not None and last < first):
        refuse(f"lines {first} to {last} are none; the first line is 1")
    if first > max(1, len(lines)):
        refuse(f"{path!r} has {len(lines)} lines")
    sys.stdout.write("".join(lines[first - 1 : last]))


def ls(path: str) -> None:
    """Print the names in a folder; those of folders end in a slash."""
    place = inside(path)
    if not os.path.isdir(place):
        refuse(f"there is no folder {path!r}")
    for name in sorted(os.listdir(place)):
        sys.stdout.write(name + ("/" if os.path.isdir(os.path.join(place, name)) else "") + "\n")


def files_below(place: str) -> "Iterator[str]":
    """The plain files below a folder, in order; links are not followed."""
    for folder, names, files in os.walk(place):
        names.sort()
        for name in sorted(files):
            path = os.path.normpath(os.path.join(folder, name))
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def grep(pattern: str, path: str) -> None:
    """Print the lines that a regular expression finds, with file and number."""
    try:
        wanted = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        refuse(f"the pattern {pattern!r}: {error}")
    place = inside(path)
    if not os.path.exists(place):
        refuse(f"there is no file or folder {path!r}")
    names = [place] if os.path.isfile(place) else files_below(place)
    found = list(islice((line for name in names for line in hits(wanted, name)), _HITS + 1))
    sys.stdout.writelines(found[:_HITS])
    if len(found) > _HITS:
        sys.stdout.write(f"… more than {_HITS} lines\n")
    if not found:
        sys.stdout.write("no line has it\n")


def hits(wanted: "re.Pattern[str]", name: str) -> "Iterator[str]":
    """The lines of a file that a pattern finds; none of a very long file."""
    if os.path.getsize(name) <= _LONGEST:
        for number, line in enumerate(content(name).splitlines(), 1):
            if wanted.search(line):
                yield f"{name}:{number}:{line}\n"


def writable(path: str, locked: "list[str]") -> str:
    """The place of a file that may be changed or made."""
    place = inside(path)
    if place in locked:
        refuse(f"{path!r} can only be read")
    if os.path.isdir(place):
        refuse(f"{path!r} is a folder")
    return place


def keep(place: str, text: str) -> None:
    """Replace a file at once: a full disk leaves the old one."""
    draft = place + ".part"
    try:
        os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
        with open(draft, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
        os.replace(draft, place)
    except OSError as error:
        if os.path.exists(draft):
            os.unlink(draft)
        refuse(f"{place!r} can't be written: {error.strerror}")


def write(path: str, text: str, locked: "list[str]") -> None:
    """Make or overwrite a file."""
    place = writable(path, locked)
    keep(place, text)
    sys.stdout.write(f"wrote {len(text)} characters")


def replace(path: str, old: str, new: str, locked: "list[str]") -> None:
    """Replace the only occurrence of a text in a file."""
    place = writable(path, locked)
    text = content(path)
    if not old:
        refuse("old is empty; give the text to be replaced")
    count = text.count(old)
    if count != 1:
        refuse(f"{path!r} has the text {count} times; give a text that it has once")
    keep(place, text.replace(old, new))
    sys.stdout.write("replaced 1 occurrence")


def test(tests: "dict[str, str]") -> None:
    """Run tests: cases of unittest, and functions whose name begins with test."""
    passed = failed = 0
    for name, text in tests.items():
        for label, error in _outcomes(name, text):
            passed, failed = passed + (not error), failed + bool(error)
            sys.stdout.write(f"{name} {label}: {error or 'passed'}\n")
    sys.stdout.write(f"{passed} passed, {failed} failed\n")


def _outcomes(name: str, text: str) -> "Iterator[tuple[str, str]]":
    """Each test of a file, with its error, which is empty where it passed."""
    names: dict[str, Any] = {"__name__": "tests", "__file__": name}
    error = _error(lambda: exec(compile(text, name, "exec"), names))
    if error:
        yield "(the file)", error
    for label, one in list(names.items()):
        if isinstance(one, type) and issubclass(one, unittest.TestCase):
            for method in unittest.defaultTestLoader.getTestCaseNames(one):
                result = unittest.TestResult()
                one(method).run(result)
                told = [text for _, text in (*result.failures, *result.errors)]
                yield f"{label}.{method}", told[0].strip().splitlines()[-1] if told else ""
        elif label.startswith("test") and callable(one):
            yield label, _error(one)


def _error(act: Any) -> str:
    """The last line of what an action raises; empty where it raises nothing."""
    try:
        act()
    except BaseException as error:  # noqa: BLE001 (whatever a test raises is its result)
        return traceback.format_exception_only(error)[-1].strip() or type(error).__name__
    return ""


def shell(command: str, path: str) -> NoReturn:
    """Become a shell that runs a command."""
    home = os.getcwd()
    variables = {"PATH": path, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"}
    os.execve("/bin/sh", ["sh", "-c", command], {**os.environ, **variables})


def able() -> None:
    """Whether programs can write, fork and execute here."""
    with open(".whet", "w", encoding="utf-8") as file:
        file.write("1")
    os.unlink(".whet")
    shell("true && (exit 0)", "/usr/bin:/bin")
