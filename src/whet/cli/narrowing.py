"""A value whose declared kinds are those of the parts that it really holds.

The command line sees the fields of a declared kind; a protocol has none.
"""

from dataclasses import field, fields, is_dataclass, make_dataclass
from typing import Any


def narrowed(value: Any) -> Any:
    """The same value, of a subclass whose fields are declared as what is in them."""
    if isinstance(value, tuple):
        return tuple(map(narrowed, value))
    if not _part(value):
        return value
    held = {f.name: narrowed(getattr(value, f.name)) for f in fields(value) if f.init}
    new = [(name, _kind(x), field(default=x)) for name, x in held.items() if _parts(x)]
    if not new:
        return value
    own = type(value)
    shape = make_dataclass(own.__name__, new, bases=(own,), frozen=True, kw_only=True)
    shape.__doc__ = own.__doc__
    return shape(**held)


def restored(found: Any, like: Any) -> Any:
    """What was found in a narrowed value, of the kinds that it had before."""
    if _part(like) and isinstance(found, type(like)):
        names = [f.name for f in fields(like) if f.init]
        return type(like)(**{n: restored(getattr(found, n), getattr(like, n)) for n in names})
    if isinstance(like, tuple) and isinstance(found, tuple) and len(found) == len(like):
        return tuple(restored(one, other) for one, other in zip(found, like, strict=True))
    return found


def _part(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def _parts(value: Any) -> bool:
    """Is it a part, or some of them and nothing else?"""
    return _part(value) or (isinstance(value, tuple) and bool(value) and all(map(_part, value)))


def _kind(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple.__class_getitem__(tuple(map(type, value)))
    return type(value)
