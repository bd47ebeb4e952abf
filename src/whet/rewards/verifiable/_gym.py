"""reasoning_gym's own scorers, for worker processes.

Some of them run the answer as Python, through `eval` or sympy's `parse_expr`.  What they are handed
is limited to names that can do no harm.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import reasoning_gym.dataset

# the scorers that run what they score; a test keeps this list complete
RUNNING = frozenset(
    {
        "binary_matrix",
        "countdown",
        "intermediate_integration",
        "n_queens",
        "polynomial_multiplication",
        "puzzle24",
        "simple_integration",
        "spiral_matrix",
        "string_insertion",
    }
)
_NAME = re.compile(r"[^\W\d]\w*")
_ALGEBRA = re.compile(r"\w|(?:a|arc)?(?:sin|cos|tan|sec|csc|cot)h?|pi|exp|log|ln|sqrt|erf|Abs")


def raw_score(name: str, size: int, seed: int, place: int, answer: str) -> float:
    """What the data set `name` thinks of an answer to its entry at `place`, in [0, 1].

    The entry is made anew: JSON would turn its tuples into lists, and some scorers mind.
    """
    dataset = opened(name, size, seed)
    return float(dataset.score_answer(answer=answer, entry=dataset[place]))


@lru_cache(maxsize=16)
def opened(name: str, size: int, seed: int) -> "reasoning_gym.dataset.ProceduralDataset":
    """The data set."""
    import reasoning_gym

    return reasoning_gym.create_dataset(name, size=size, seed=seed)


def harmless(name: str, answer: str) -> bool:
    """May the scorer of this data set have this answer?

    One that runs it gets single letters and the functions of school algebra, and no other name.
    """
    if name not in RUNNING:
        return True
    return all(_ALGEBRA.fullmatch(word) for word in _NAME.findall(answer))
