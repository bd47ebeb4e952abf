"""The digest of the settings of an arm."""

import json
from dataclasses import MISSING, Field, fields, is_dataclass
from hashlib import blake2b
from typing import Any

from whet.training.as_json import place_of, to_json
from whet.training.run import Run

_FREE = ("seed", "checkpoints")  # what a row says besides, and what affects no result


def settings_digest(run: Run, endpoint: object) -> str:
    """The digest of all settings of a run that affect its result, and of the endpoint.

    Fields at their defaults are left out, so that a field that a later version adds changes no
    digest; which version a row was made with is in the row.
    """
    held = {name: told(getattr(run, name)) for name in sorted(_names(run))}
    text = json.dumps([held, told(endpoint)], sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def told(value: Any) -> Any:
    """A value as JSON, without the fields that are at their defaults."""
    if isinstance(value, tuple | list):
        return [told(item) for item in value]
    if not is_dataclass(value) or isinstance(value, type):
        return to_json(value)
    held = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
    defaults = {f.name: _default(f) for f in fields(value)}
    own = {name: told(x) for name, x in held.items() if not _equal(x, defaults[name])}
    return {"class": place_of(type(value)), **own}


def _names(run: Run) -> list[str]:
    return [f.name for f in fields(run) if f.name not in _FREE]


def _default(of: Field[Any]) -> Any:
    return of.default_factory() if of.default_factory is not MISSING else of.default


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
