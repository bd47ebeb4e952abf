"""Import users' Python files; an error in one becomes a one-line message with its place."""

import os
import sys
from hashlib import blake2b
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

from whet.types import IntegrityError, UsageError

MODULES = "whet_file_"
"""The prefix of the module names of users' files."""


def imported(path: str, kind: str) -> ModuleType:
    """The module that a file holds, executed once for a path and a text.

    `kind` is its name in messages: recipe, family, …  The file can import modules beside it.
    Raises `UsageError` if the path is not a Python file.  Raises it for an exception of the file,
    too, with the line that raised it.
    """
    place = _python_file(path, kind)
    try:
        text = os.fsencode(place.resolve()) + place.read_bytes()
    except OSError as error:
        raise UsageError(f"{kind} {path!r} can't be read: {error.strerror}") from error
    name = f"{MODULES}{place.stem}_{blake2b(text, digest_size=4).hexdigest()}"
    if name in sys.modules:
        return sys.modules[name]
    if (folder := str(place.resolve().parent)) not in sys.path:
        sys.path.append(folder)  # last, so that nothing there hides an installed module
    spec = spec_from_file_location(name, place)
    assert spec is not None and spec.loader is not None  # true for names that end in .py
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (UsageError, IntegrityError):
        del sys.modules[name]
        raise
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UsageError(f"{kind} {path!r}{complaint(error, place)}") from error
    return module


def _python_file(path: str, kind: str) -> Path:
    place = Path(path)
    try:
        folder, file = place.is_dir(), place.is_file()
    except OSError as error:  # a name that is too long, a folder that may not be searched
        raise UsageError(f"{kind} {path!r} can't be read: {error.strerror}") from error
    if folder:
        raise UsageError(f"{kind} {path!r} is a folder; give a .py file")
    if not file:
        raise UsageError(f"{kind} {path!r} is not a file; give the path of a .py file")
    if place.suffix != ".py":
        raise UsageError(f"{kind} {path!r} is not a Python file; give one that ends in .py")
    return place


def complaint(error: BaseException, file: Path) -> str:
    """The message of an exception from a file, with the last line of the file in its traceback."""
    if isinstance(error, SyntaxError):
        other = error.filename is not None and Path(error.filename).resolve() != file.resolve()
        where = f" of {error.filename}" if other else ""
        return f", line {error.lineno}{where}: {error.msg}; mend it"
    own = str(file.resolve())
    lines = [
        frame.lineno
        for frame in extract_tb(error.__traceback__)
        if str(Path(frame.filename).resolve()) == own
    ]
    at = f", line {lines[-1]}" if lines else ""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return (
            f"{at} imports {error.name!r}, which is not installed here; install it in whet's "
            "environment, or put it beside the file"
        )
    return f"{at}: {reason(error)}; mend it"


def reason(error: BaseException) -> str:
    """The type and the message of an exception, as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"
