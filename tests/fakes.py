"""Stand-ins for live parts: they keep a protocol and do only what the test gives them."""

from collections.abc import Callable
from typing import Any


def fake(protocol: type, **methods: Callable[..., Any]) -> Any:
    """An object with all the methods of `protocol`; those not given may not be called."""

    def unexpected(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"nobody should have called this: {args} {kwargs}")

    names = [name for name in vars(protocol) if not name.startswith("_")]
    held = {name: staticmethod(methods.get(name, unexpected)) for name in names}
    return type(f"Fake{protocol.__name__}", (), held)()
