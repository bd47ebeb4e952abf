"""One module per algorithm; its name is the algorithm's name.  The folder is the registry."""

import sys

from whet import registry
from whet.policy.objective import BatchLoss, Objective


def modules() -> dict[str, str]:
    """Where each algorithm lives."""
    return registry.modules(sys.modules[__name__])


def load(name: str, **settings: float) -> Objective | BatchLoss:
    """The algorithm called `name`, at its published defaults unless `settings` say otherwise."""
    return registry.load(sys.modules[__name__], name, kind="algorithm")(**settings)
