"""The n-grams of a text, as 64-bit hashes: what two texts have in common."""

import re
from collections.abc import Iterable, Sequence, Set
from hashlib import blake2b

_SPACING = re.compile(r"\\(?:[,;:! ]|quad|qquad|left|right|displaystyle)(?![a-z])|~")
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_BYTES = 8

Shingles = Set[int]


def words(text: str) -> list[str]:
    """The words and numbers of a text: lower case, without punctuation and LaTeX's spacing."""
    return _WORD.findall(_SPACING.sub(" ", text).lower())


def word_ngrams(text: str, n: int) -> Shingles:
    """The hashes of all runs of n words; of a text with fewer words the whole is one run.

    Empty for a text without words.
    """
    return _ngrams(words(text), n, " ")


def character_ngrams(text: str, n: int) -> Shingles:
    """The hashes of all runs of n characters, blanks left out: for code."""
    return _ngrams(list("".join(text.split())), n, "")


def jaccard(one: Shingles, other: Shingles) -> float:
    """|A ∩ B| / |A ∪ B|; 0 where both are empty."""
    union = len(one | other)
    return len(one & other) / union if union else 0.0


def contained(part: Shingles, whole: Shingles) -> float:
    """|A ∩ B| / |A|, the share of the first one's n-grams; 0 where it has none."""
    return len(part & whole) / len(part) if part else 0.0


def _ngrams(pieces: Sequence[str], n: int, joint: str) -> Shingles:
    if not pieces:
        return frozenset()
    last = max(len(pieces) - n, 0)
    runs: Iterable[str] = (joint.join(pieces[at : at + n]) for at in range(last + 1))
    return frozenset(_hashed(f"{n}{joint}{run}") for run in runs)


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=_BYTES).digest())
