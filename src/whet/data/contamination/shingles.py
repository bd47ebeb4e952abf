"""The n-grams of a text, as 64-bit hashes: what two texts have in common."""

import re
from collections.abc import Iterable, Sequence, Set
from hashlib import blake2b
from unicodedata import category, normalize

_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|,\\!)(?=\d)")  # 10{,}000 and 10,\!000
_SPELLINGS = re.compile(r"\\(?:[dtc](frac)|(le|ge|ne)q)(?![a-z])")  # \dfrac and \frac, \leq and \le
_SILENT = re.compile(
    r"\\(?:[,;:! ]|(?:q?quad|left|right|displaystyle|cdot|times|text|mathrm|mathbf)(?![a-z]))|~"
)
_RELATIONS = str.maketrans({"≤": r"\le ", "≥": r"\ge ", "≠": r"\ne "})
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|[{_UNSPACED}]|[^\W\d_{_UNSPACED}]+")
_BYTES = 8

Shingles = Set[int]


def folded(text: str) -> str:
    """A text in one spelling of its characters: NFKC, case folded, without invisible ones."""
    folds = normalize("NFKC", normalize("NFKC", text.translate(_RELATIONS)).casefold())
    return folds if folds.isascii() else "".join(c for c in folds if category(c) != "Cf")


def words(text: str) -> list[str]:
    r"""The words and numbers of a text, folded, without punctuation and LaTeX's spacing.

    Two spellings of LaTeX, such as `\dfrac` and `\frac`, are one word.  Of a script without blanks
    between words, such as Chinese, every character is a word.
    """
    plain = _SPELLINGS.sub(r"\\\1\2", _THOUSANDS.sub(",", folded(text)))
    return _WORD.findall(_SILENT.sub(" ", plain))


def word_ngrams(text: str, n: int) -> Shingles:
    """The hashes of all runs of n words; of a text with fewer words the whole is one run.

    Empty for a text without words.
    """
    return _ngrams(words(text), n, " ")


def character_ngrams(text: str, n: int) -> Shingles:
    """The hashes of all runs of n characters, blanks left out: for code."""
    return _ngrams(list("".join(folded(text).split())), n, "")


def whole(text: str) -> Shingles:
    """The hash of a text as one run: folded, blanks left out, signs kept."""
    run = "".join(folded(text).split())
    return frozenset([_hashed(run)]) if run else frozenset()


def whole_lines(text: str) -> Shingles:
    """The hashes of a text and of each of its lines, each as `whole` makes it."""
    return frozenset().union(*map(whole, {text, *text.split("\n")}))


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
