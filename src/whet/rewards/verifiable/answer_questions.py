"""The words of a question, which may return in a sentence that answers it."""

import re
from dataclasses import dataclass

from whet.rewards.verifiable.answer_words import normal_words

JOINS = frozenset(["and", "or"])
_IRREGULAR = {
    "wrote": "write", "written": "write", "author": "write", "sang": "sing", "sung": "sing",
    "won": "win", "led": "lead", "held": "hold", "made": "make", "built": "build",
    "began": "begin", "begun": "begin", "sank": "sink", "took": "take", "got": "get",
}  # fmt: skip
_QUESTION = re.compile(r"(?<=[.?!])\s")
_KIND = re.compile(r"\b(?:what|which)\s+(\w+)(?:\s+(\w+))?", re.IGNORECASE)
_SMALL = frozenset(["is", "are", "was", "were", "the", "a", "an", "of", "do", "does", "did"])
_STEM = 4  # letters, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionWords:
    """The words of a question in order, and what kinds of words they are.

    `names` are written with a capital, `common` words without one.  `kinds` are what is asked for:
    `planet` in `which planet`.
    """

    words: tuple[str, ...]
    names: frozenset[str]
    common: frozenset[str]
    kinds: frozenset[str]

    @classmethod
    def of(cls, prompt: str) -> "QuestionWords":
        """The prompt's questions; the words of a passage around them are no frame."""
        pieces = (one.strip() for one in _QUESTION.split(prompt))
        asked = " ".join(one for one in pieces if one.rstrip("'\")* ").endswith("?"))
        small = frozenset(normal_words(" ".join(w for w in asked.split() if not w[0].isupper())))
        kinds = frozenset(word.lower() for pair in _KIND.findall(asked) for word in pair)
        words = normal_words(asked)
        return cls(
            words=words,
            names=frozenset(words) - small,
            common=small,
            kinds=(kinds - _SMALL) & small,
        )

    def has(self, word: str) -> bool:
        """Whether the question has this word, or one that begins like it."""
        word = _IRREGULAR.get(word, word)
        roots = [_IRREGULAR.get(one, one) for one in self.words]
        if word in roots:
            return True
        stem = word[: max(_STEM, len(word) - 3)]
        return len(word) >= _STEM and any(
            one.startswith(stem) or (len(one) >= _STEM - 1 and word.startswith(one))
            for one in roots
        )

    def goes_on(self, first: str, second: str) -> bool:
        """Whether the question has these two words in a row, and the second is no name.

        So `plants absorb X` answers `what do plants absorb`, but `plants eat X` not `what eats
        plants`.
        """
        pairs = zip(self.words, self.words[1:], strict=False)
        return (first, second) in list(pairs) and second in self.common

    def joins(self, first: str, last: str) -> bool:
        """Whether the question has two words with `and` or `or` between them."""
        rows = zip(self.words, self.words[1:], self.words[2:], strict=False)
        return any(one == first and two in JOINS and three == last for one, two, three in rows)
