"""One module per algorithm, which has the algorithm's name. The folder is the registry."""

import sys

from whet import registry
from whet.policy.objective import Objective, Whole


def modules() -> dict[str, str]:
    """The module path of each algorithm, by name."""
    return registry.modules(sys.modules[__name__])


def load(name: str, **settings: float) -> Objective | Whole:
    """The algorithm called `name`, at its published defaults except for `settings`."""
    return registry.load(sys.modules[__name__], name, kind="algorithm")(**settings)
