"""Words of a text: SQuAD's normal form, and the share of repetitions."""

import re
from collections.abc import Hashable, Sequence
from string import punctuation

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", punctuation)


def squad(text: str) -> list[str]:
    """The words of an answer as SQuAD compares them (Rajpurkar et al., arXiv:1606.05250).

    In lower case, without ASCII punctuation, without `a`, `an` and `the`.
    """
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def repeated(sequence: Sequence[Hashable], n: int) -> float:
    """1 − |different n-grams| / |n-grams|; 0 for a sequence shorter than n."""
    count = len(sequence) - n + 1
    if count < 1:
        return 0.0
    return 1 - len({tuple(sequence[place : place + n]) for place in range(count)}) / count
