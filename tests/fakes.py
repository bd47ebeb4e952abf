"""Stand-ins for live parts: they keep a protocol and do only what the test gives them."""

from typing import Any


def fake(protocol: type, **given: Any) -> Any:
    """An object with all the methods of `protocol`; those not given may not be called.

    Of a base class it is an instance; of a protocol it looks like one.
    """

    def unexpected(*args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"this should not have been called: {args} {kwargs}")

    names = [name for name in vars(protocol) if not name.startswith("_")]
    held = {name: staticmethod(unexpected) for name in names} | {
        name: staticmethod(x) if callable(x) else x for name, x in given.items()
    }
    bases = () if getattr(protocol, "_is_protocol", False) else (protocol,)
    return type(f"Fake{protocol.__name__}", bases, held)()
