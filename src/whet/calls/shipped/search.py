"""Search in passages by their words."""

import importlib
import importlib.util
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from whet.calls.tools import ToolError
from whet.types import UsageError

_WORD = re.compile(r"\w+")
_LONGEST = 400  # characters that a hit shows of a passage
_MOST = 20  # hits
_K1, _B = 1.5, 0.75
_INDICES = 64  # that are kept

Passages = tuple[tuple[str, str], ...]
"""Titles and texts."""


class Search:
    """Passages by BM25: `Search(passages).search` is the tool.

        score(q, d) = Σ_w idf(w) · f / (f + k₁ (1 − b + b |d| / mean |d|))
        idf(w)      = ln(1 + (N − n + ½) / (n + ½))

    where f counts the word w of the query q in d, title and text, and n the passages that have it;
    k₁ = 1.5 and b = 0.75.  This is Lucene's form (Kamphuis et al., 2020), computed by bm25s
    (arXiv:2407.03618).  Words are runs of letters and digits, in any case.  Equal scores are in the
    order of the passages.

    Raises `UsageError` for no passages, and without the package bm25s.
    """

    def __init__(self, passages: Sequence[tuple[str, str]]) -> None:
        self._passages: Passages = tuple(passages)
        if not any(_words(f"{title} {text}") for title, text in passages):
            raise UsageError(f"passages is {passages!r:.60}; give titles and texts that have words")
        check_installed()

    def search(self, query: str, k: int = 3) -> str:
        """Find passages by their words.

        Args:
            query: The words to look for.
            k: The number of passages, from 1 to 20.
        """
        if not 1 <= k <= _MOST:
            raise ToolError(f"k is {k}; give 1 to {_MOST}")
        found = self._ranked(query)[:k]
        if not found:
            return "nothing found"
        return "\n".join(f"{title}: {text[:_LONGEST]}" for title, text in found)

    def _ranked(self, query: str) -> list[tuple[str, str]]:
        """All passages with a word of the query, the best first."""
        index = _indexed(self._passages)
        words = [word for word in _words(query) if word in index.vocab_dict]
        if not words:
            return []
        scores = index.get_scores(words)
        order = np.argsort(-scores, kind="stable")
        return [self._passages[place] for place in order if scores[place] > 0]


@lru_cache(_INDICES)
def _indexed(passages: Passages) -> Any:
    """The index of these passages, one for all plays of a task, made at the first search."""
    index = importlib.import_module("bm25s").BM25(k1=_K1, b=_B, method="lucene")
    index.index([_words(f"{title} {text}") for title, text in passages], show_progress=False)
    return index


def check_installed() -> None:
    """Raise `UsageError` without the package bm25s."""
    if importlib.util.find_spec("bm25s") is None:
        raise UsageError("search needs bm25s; pip install 'whet[search]'")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
