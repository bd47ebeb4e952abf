"""Reward design: one module per judge; its name is the judge's name.  The folder is the registry.

Worker processes import this package and stay small, so it loads no torch before it is asked.
"""

import sys
from inspect import signature
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import whet.protocols


def modules() -> dict[str, str]:
    """Where each reward lives."""
    from whet import registry

    return registry.modules(sys.modules[__name__])


def load(name: str, **settings: object) -> "whet.protocols.Judge":
    """The reward called `name`, at its defaults unless `settings` say otherwise.

    Raises `Refusal` where it can't do without settings that are not given.
    """
    from whet import registry
    from whet.types import Refusal

    offered = registry.load(sys.modules[__name__], name, kind="reward")
    known = signature(offered).parameters.values()
    missing = [p.name for p in known if p.default is p.empty and p.name not in settings]
    if missing:
        raise Refusal(
            f"reward {name!r} needs {', '.join(missing)}; build it in a recipe file of your own"
        )
    return offered(**settings)


def find(text: str) -> "whet.protocols.Judge":
    """The judge that a name or a path means.

    `math`: by name; `judge.py`, `judge.py:function`: a function of your own, called `score` where
    no other name is given.
    """
    path, _, function = text.partition(":")
    if path.endswith(".py"):
        from whet.rewards.script import Script

        return Script(path=path, function=function or "score")
    return load(text)
