r"""Mathematical equivalence: exact for numbers, math-verify 0.9 for everything else.

Several decisions are ours, each on the side of rejection.  A number must be evaluated: `2+3` is not
5, while `2^{10}` is 1024.  The same holds for sums, products, integrals, limits and derivatives
that the gold answer evaluates.  50\% is ½ and not 50.  A list in round brackets is not a set.  A
unit may be missing but not differ.  Look-alikes of other scripts are other letters.
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
