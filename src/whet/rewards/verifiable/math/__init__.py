r"""Mathematical equivalence: exact for numbers, math-verify 0.9 for all else.

Several decisions are ours, each on the side of refusing: a number must be evaluated (`2+3` is not
5, while `2^{10}` is 1024), and so must a sum, product, integral, limit or derivative that the
gold answer doesn't leave standing; 50\% is ½ and not 50; a list in round brackets is no set; units
may be missing and may not differ; look-alikes of other scripts are other letters.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whet.rewards.verifiable.math.reward import Math

__all__ = ["Math"]


def __getattr__(name: str) -> Any:
    """Import the reward when it is asked for: worker processes come here, and load no torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.reward"), name)
