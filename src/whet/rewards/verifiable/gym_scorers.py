"""reasoning_gym's own scorers, for worker processes.

Some of them run the answer as Python, through `eval` or sympy's `parse_expr`.  Those are handed
nothing that could call anything but the functions of school algebra.
"""

import re
from ast import literal_eval
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import reasoning_gym.dataset

# the scorers that run what they score; a test keeps the two lists complete
EVALUATING = frozenset({"binary_matrix", "n_queens", "spiral_matrix", "string_insertion"})
PARSING = frozenset(
    {
        "countdown",
        "intermediate_integration",
        "polynomial_multiplication",
        "puzzle24",
        "simple_integration",
    }
)
_CALL = re.compile(r"[(.]|__")
_ALGEBRA = re.compile(r"[\w\s+\-*/^().,]*")
_NAME = re.compile(r"[^\W\d]\w*")
_FUNCTION = re.compile(r"\w|(?:a|arc)?(?:sin|cos|tan|sec|csc|cot)h?|pi|exp|log|ln|sqrt|erf|Abs")


def raw_score(name: str, entry: str, answer: str) -> float:
    """What the data set `name` thinks of an answer to one of its entries, in [0, 1].

    The entry is the text of a Python literal: some scorers mind if JSON makes lists of its tuples.
    """
    return float(_opened(name).score_answer(answer=answer, entry=literal_eval(entry)))


@lru_cache(maxsize=128)
def _opened(name: str) -> "reasoning_gym.dataset.ProceduralDataset":
    import reasoning_gym

    return reasoning_gym.create_dataset(name, size=1, seed=0)


def harmless(name: str, answer: str) -> bool:
    """May the scorer of this data set have this answer?

    `eval` gets no call and no attribute; `parse_expr` no text in quotes, and no name but single
    letters and the functions of school algebra, which also keeps `Integral(f, x)` from being the
    integral of f.
    """
    if name in EVALUATING:
        return _CALL.search(answer) is None
    if name in PARSING:
        names = _NAME.findall(answer)
        return bool(_ALGEBRA.fullmatch(answer)) and all(map(_FUNCTION.fullmatch, names))
    return True
