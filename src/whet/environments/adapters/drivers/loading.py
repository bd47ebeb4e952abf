"""Objects by their import paths, in a worker process."""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any


def found(path: str) -> Any:
    """The object of an import path: `package.module:name`, or `file.py:name`."""
    place, _, name = path.rpartition(":")
    module = _file(place) if place.endswith(".py") else import_module(place)
    return attrgetter(name)(module) if name else module


def _file(path: str) -> ModuleType:
    """A user's file as a module; it can import modules beside it."""
    name = f"whet_file_{Path(path).stem}"
    if name in sys.modules:
        return sys.modules[name]
    sys.path.append(str(Path(path).parent))
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
