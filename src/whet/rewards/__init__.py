"""Reward design, under the survey's headings; a module's name is the name of its reward.

Worker processes import this package and stay small, so importing it loads no torch.
"""

from inspect import signature
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import whet.protocols


def load(name: str, **settings: object) -> "whet.protocols.Judge":
    """The reward called `name`, at its defaults unless `settings` say otherwise.

    Raises `UsageError` where a setting without a default is not given.
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
    """The reward that a name, a path, an import path, or a list of them means; a reward as it is.

    `math`: a reward of whet or of an installed package, at its defaults.
    `judge.py`, `judge.py:function`, `package.module:function`: a function of your own, as it was
    written for whet, TRL, veRL, OpenRLHF or verifiers.  Without a name, the function is `score`,
    `compute_score`, `reward_func`, the file's only reward function, or the list `reward_funcs`.
    `judge.py:Polite`: a `Reward` or `GroupReward` of your own, as a class or an object.
    `math,format`: the mean of several; `math=0.8,format=0.2`: their weighted sum.

    A file is loaded once, so that one that is broken raises `UsageError` here.
    """
    from whet.rewards.adapters.finding import resolve

    return resolve(text) if isinstance(text, str) else text
