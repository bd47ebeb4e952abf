r"""Mathematical equivalence, read and computed here; math-verify 0.9 decides what is not read.

Several decisions are ours, each on the side of rejection.  A sum of numbers must be carried out:
`2+3` is not 5, while `2^{10}` is 1024.  Integrals, limits and derivatives are not evaluated.  50\%
is ½ and not 50, unless the question asks for percent.  A list in round brackets is not a set.  A
unit may be missing but not differ.  A reply without an announcement is read only where its last
sentence has the form of a conclusion.  Letters of other scripts are other letters.
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
