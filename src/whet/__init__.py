"""Reinforcement learning of large reasoning models; each method is a composition of small parts.

A run is a value that a recipe or a script composes of parts.  It is trained in a folder:

    result = whet.train(quickstart(), "runs/mine")
    whet.evaluate("runs/mine").pass_at[1]

`quickstart` is one of `whet.recipes`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whet.front.measuring import evaluate as evaluate
    from whet.front.trained import Trained as Trained
    from whet.front.training import load_run as load_run
    from whet.front.training import resume as resume
    from whet.front.training import train as train
    from whet.training.run import Run as Run
    from whet.types import IntegrityError as IntegrityError
    from whet.types import UsageError as UsageError

__version__ = "0.1.0"

_OFFERED = {
    "IntegrityError": "whet.types",
    "UsageError": "whet.types",
    "Run": "whet.training.run",
    "Trained": "whet.front.trained",
    "evaluate": "whet.front.measuring",
    "load_run": "whet.front.training",
    "resume": "whet.front.training",
    "train": "whet.front.training",
}


def __getattr__(name: str) -> Any:
    """Import a public name at its first use (PEP 562); `import whet` alone loads no torch."""
    if name not in _OFFERED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_OFFERED[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_OFFERED} - {"Any", "TYPE_CHECKING", "import_module"})
