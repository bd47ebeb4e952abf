"""reasoning_gym's scorers, called in worker processes.

Some of them run the answer as Python, through `eval` or sympy's `parse_expr`.  Such an answer is
passed on only if it can call nothing but the functions of school algebra.
"""

import re
from ast import literal_eval
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING

from whet.rewards.verifiable.countdown_solutions import solution
from whet.rewards.verifiable.math.canonical import canonical

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
# the data sets that have several right answers for one question, and whose scorers pay these alone
SEVERAL = frozenset(
    {
        "advanced_geometry",
        "bitwise_arithmetic",
        "boxnet",
        "cryptarithm",
        "fraction_simplification",
        "graph_color",
        "group_anagrams",
        "intermediate_integration",
        "jugs",
        "kakurasu",
        "knight_swap",
        "knights_knaves",
        "n_queens",
        "palindrome_generation",
        "palindrome_partitioning",
        "polynomial_multiplication",
        "power_function",
        "prime_factorization",
        "quantum_lock",
        "rubiks_cube",
        "rush_hour",
        "shortest_path",
        "simple_integration",
        "sokoban",
        "tower_of_hanoi",
        "word_ladder",
    }
)
# arithmetic with given numbers: whet's own check, because these scorers overlook numbers such as
# 0x10, 1_0 and 1e3, and puzzle24's reads neither the task's numbers nor a fraction behind 24
EXPRESSIONS = frozenset({"countdown", "puzzle24"})
REFUSED = {
    "composite": "it is a mix of data sets, and an entry does not say which; name those",
    "propositional_logic": "its scorer pays every consequence, so a premise that is repeated, too",
}
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\.\d+|[^\W\d]+|[^\w\s,\[\]()'\"]")
_ACT = re.compile(r"[(.*<]|__")  # a call, an attribute, a product, a power, a shift
_VAST = re.compile(r"\de[+-]?\d{4}", re.IGNORECASE)
_ALGEBRA = re.compile(r"[\w\s+\-*/^().,]*")
_LONGEST = 3000  # signs of a number: Python reads integers of up to 4300 digits
_NAME = re.compile(r"[^\W\d]\w*")
_FUNCTION = re.compile(r"\w|(?:a|arc)?(?:sin|cos|tan|sec|csc|cot)h?|pi|exp|log|ln|sqrt|erf|Abs")


def raw_score(name: str, entry: str, answer: str) -> float:
    """The score in [0, 1] that the data set `name` gives to an answer to one of its entries.

    The entry is the text of a Python literal, because some scorers need tuples, which JSON turns
    into lists.
    """
    raw = float(_opened(name).score_answer(answer=answer, entry=literal_eval(entry)))
    return raw if isfinite(raw) else 0.0


def attempted(name: str, entry: str, answer: str) -> float | None:
    """`raw_score`, or None where the scorer raises an exception."""
    try:
        return raw_score(name, entry, answer)
    except Exception:  # noqa: BLE001  (whatever a foreign scorer raises on a text)
        return None


def solved(entry: str, answer: str) -> bool:
    """Whether an expression uses each of the entry's numbers once and equals its target."""
    given = literal_eval(entry)["metadata"]
    try:
        found = solution(answer, {"numbers": given["numbers"], "target": given.get("target", 24)})
    except ZeroDivisionError:
        return False
    return found is not None and found[1]


def same(answer: str, gold: str) -> bool:
    """Whether two texts are equal but for layout, case and the spelling of numbers.

    Commas, quotes and brackets are layout.  Scorers of single answers are asked in addition: some
    of them pay `nan`, a near number, any text for a truth value, or a longer board.
    """
    if canonical(answer) == canonical(gold):
        return True
    return list(_tokens(answer)) == list(_tokens(gold))


def vast(answer: str) -> bool:
    """Whether a number has an exponent of ten with four digits or more: some scorers write it out.

    A hexadecimal number may look like one.
    """
    return _VAST.search(answer) is not None


def _tokens(text: str) -> Iterator[str | Fraction]:
    for token in _TOKEN.findall(text):
        digits = token[0] in "0123456789." and token != "." and len(token) <= _LONGEST
        yield Fraction(token) if digits else token.casefold()


@lru_cache(maxsize=128)
def _opened(name: str) -> "reasoning_gym.dataset.ProceduralDataset":
    import reasoning_gym

    return reasoning_gym.create_dataset(name, size=1, seed=0)


def harmless(name: str, answer: str) -> bool:
    """Whether the scorer of this data set may be called with this answer.

    For `eval` an answer may have no call, no attribute, and no product or power, which may be vast.
    For `parse_expr` it may have no text in quotes and no names but single letters and the functions
    of school algebra; this also keeps `Integral(f, x)` from being accepted as the integral of f.
    """
    if name in EVALUATING:
        return _ACT.search(answer) is None
    if name in PARSING:
        names = _NAME.findall(answer)
        return bool(_ALGEBRA.fullmatch(answer)) and all(map(_FUNCTION.fullmatch, names))
    return True
