"""Which answers are the same: the classes that votes are counted in."""

from collections.abc import Callable, Sequence
from itertools import combinations

Same = Callable[[str, str], bool]
"""Whether two answers are the same, for example by a verifier's comparison."""


def equal(one: str, other: str) -> bool:
    """Whether two answers are spelled alike."""
    return one == other


def answer_classes(answers: Sequence[str | None], same: Same = equal) -> list[int | None]:
    """The class of each answer, numbered by first appearance; None: no answer.

    Two answers share a class where `same` holds in one order of them, or where a chain of such
    pairs joins them: the symmetric and transitive closure.
    """
    spelled = list(dict.fromkeys(answer for answer in answers if answer is not None))
    parent = {answer: answer for answer in spelled}
    for one, other in combinations(spelled, 2):
        first, second = _root(parent, one), _root(parent, other)
        if first != second and (same(one, other) or same(other, one)):
            parent[second] = first
    numbers: dict[str, int] = {}
    for answer in spelled:
        numbers.setdefault(_root(parent, answer), len(numbers))
    return [None if a is None else numbers[_root(parent, a)] for a in answers]


def _root(parent: dict[str, str], answer: str) -> str:
    while parent[answer] != answer:
        answer = parent[answer]
    return answer
