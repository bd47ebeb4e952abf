"""reasoning_gym's scorers, called in worker processes.

Some of them run the answer as Python, through `eval` or sympy's `parse_expr`.  Such an answer is
passed on only if it can call nothing but the functions of school algebra.
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
    """The score in [0, 1] that the data set `name` gives to an answer to one of its entries.

    The entry is the text of a Python literal, because some scorers need tuples, which JSON turns
    into lists.
    """
    return float(_opened(name).score_answer(answer=answer, entry=literal_eval(entry)))


@lru_cache(maxsize=128)
def _opened(name: str) -> "reasoning_gym.dataset.ProceduralDataset":
    import reasoning_gym

    return reasoning_gym.create_dataset(name, size=1, seed=0)


def harmless(name: str, answer: str) -> bool:
    """Whether the scorer of this data set may be called with this answer.

    For `eval` an answer may have no call and no attribute.  For `parse_expr` it may have no text in
    quotes and no names but single letters and the functions of school algebra; this also keeps
    `Integral(f, x)` from being accepted as the integral of f.
    """
    if name in EVALUATING:
        return _CALL.search(answer) is None
    if name in PARSING:
        names = _NAME.findall(answer)
        return bool(_ALGEBRA.fullmatch(answer)) and all(map(_FUNCTION.fullmatch, names))
    return True
