"""Reward design: one module per judge; its name is the judge's name.  The folder is the registry.

Worker processes import this package and stay small, so it loads no torch before it is asked.
"""

from inspect import signature
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import whet.protocols


def load(name: str, **settings: object) -> "whet.protocols.Judge":
    """The reward called `name`, at its defaults unless `settings` say otherwise.

    Raises `UsageError` where it can't do without settings that are not given.
    """
    from whet import registry
    from whet.types import UsageError

    offered = registry.find("reward", name)
    known = signature(offered).parameters.values()
    missing = [p.name for p in known if p.default is p.empty and p.name not in settings]
    if missing:
        raise UsageError(
            f"reward {name!r} needs {', '.join(missing)}; build it in a recipe file of your own"
        )
    return offered(**settings)


def find(text: "str | whet.protocols.Judge") -> "whet.protocols.Judge":
    """The judge that a name, a path or an import path means; one that stands, itself.

    `math`: by name; `judge.py`, `judge.py:function`, `package.module:function`: a function of your
    own, as it was written for whet, TRL, veRL, OpenRLHF or verifiers.  Where it has no other name,
    it is called `score`, `compute_score` or `reward_func`.
    """
    if not isinstance(text, str):
        return text
    path, colon, function = text.partition(":")
    if not path.endswith(".py") and not colon:
        return load(text)
    from whet.rewards._source import Source, form_in, workers_for

    source = Source.read(path)
    function = function or source.usual()
    place = source.place(function)
    form = form_in(source, function, workers_for(place, count=2, limit_s=60.0))
    return load("batch_script" if form.batched else "script", path=path, function=function)
