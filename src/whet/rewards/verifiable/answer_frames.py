"""Whether a sentence says no more than one answer: the words around the answer are the question's."""

import re
from collections.abc import Collection, Iterator

from whet.rewards.verifiable.answer_words import answer_words, joined

_FUNCTION = frozenset(
    (
        "a an the it its this that these those is are was were be been being i we think believe say "
        "would answer final correct right so thus hence therefore then of in by to for on at with "
        "from as his her their he she they who which called named known there has had have did do "
        "does total all yes s d m ll re my your here one it's only ad ce bce degrees celsius"
    ).split()
)
_DENIES = frozenset("not no never neither nor isnt wasnt arent cannot cant dont didnt except false".split())
_BETS = frozenset("or and either both also maybe perhaps possibly unless".split())
_BEFORE = frozenset("is are was were be by in on at called named to its it so thus hence".split())
_DOUBT = re.compile(
    r"\b(?:wait|no|not|actually|or|but|however|sorry|correction|rather|instead|maybe|perhaps"
    r"|possibly|alternatively|hmm|unless|although|though|wrong|incorrect|unsure|sure|else|also)\b|n['’]t\b|\?",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*[.!]?\s*$")
_APPOSITION = re.compile(r",\s+(?:who|which|the|an?)\s|,?\s+(?:on|at|during|per)\s|,?\s+in\s+\d", re.IGNORECASE)
_TITLES = frozenset("doctor professor sir president mister".split())
_IRREGULAR = {
    "wrote": "write", "written": "write", "sang": "sing", "sung": "sing", "won": "win", "led": "lead",
    "held": "hold", "made": "make", "built": "build", "began": "begin", "begun": "begin",
}  # fmt: skip
_CLAUSE = re.compile(
    r";\s+|:\s+|\s[—–-]\s|,?\s+\b(?:so|hence|thus|therefore|which (?:is|makes|gives))\b|[=→]", re.IGNORECASE
)


def is_answer(text: str, gold: str, question: Collection[str]) -> bool:
    """Whether a text is an answer, or a sentence whose other words are the question's.

    A title before the name, a remark in brackets or an apposition behind the answer may be added,
    unless it denies or bets.  In a sentence the answer is the first word or follows a word such as
    `is` or `by`, so that `A beat B` is not read as `B`.
    """
    wanted = answer_words(gold)
    return any(
        joined(words) == joined(wanted) or _framed(words, wanted, question)
        for piece in _pieces(text)
        if (words := answer_words(piece))
    )


def _pieces(text: str) -> Iterator[str]:
    """The text, without a last remark, without an apposition, and its last clause."""
    text = text.strip(" \t\n*_`\"'“”‘’«»")
    yield text
    aside = _ASIDE.search(text)
    if aside and not _DOUBT.search(re.sub(r"^(?:not|as opposed to) ", "", aside[1])):
        text = text[: aside.start()]
        yield text
    added = _APPOSITION.search(text)
    if added and added.start() and not _DOUBT.search(text, added.start()):
        yield text[: added.start()]
    clauses = list(_CLAUSE.finditer(text))
    if clauses and not _DENIED.search(text[: clauses[-1].start()].rpartition(";")[2]):
        yield text[clauses[-1].end() :]


_DENIED = re.compile(r"\b(?:not|never|no|wrong|second|runner)\b|n['’]t\b", re.IGNORECASE)


def _framed(words: tuple[str, ...], wanted: tuple[str, ...], question: Collection[str]) -> bool:
    if not wanted or len(words) > 60:  # noqa: PLR2004
        return False
    places = [n for n in range(len(words)) if words[n : n + len(wanted)] == wanted]
    if len(places) != 1:
        return False
    before, after = words[: places[0]], words[places[0] + len(wanted) :]
    while before and before[-1] in _TITLES:
        before = before[:-1]
    others = (*before, *after)
    if any(word in _BETS or (word in _DENIES and word not in question) for word in others):
        return False
    if not all(word in _FUNCTION or word in _DENIES or _asked(word, question) for word in others):
        return False
    return not before or (not after and before[-1] in _BEFORE and not set(wanted) <= set(question))


def _asked(word: str, question: Collection[str]) -> bool:
    """Whether the question has this word, or one that begins like it."""
    word = _IRREGULAR.get(word, word)
    stem = word[: max(4, len(word) - 3)]
    return word in question or (len(word) > 3 and any(_IRREGULAR.get(q, q).startswith(stem) for q in question))  # noqa: PLR2004


def first_is_answer(text: str, gold: str) -> bool:
    """Whether the first sentence is the answer itself, and no later one doubts it."""
    first, stop, rest = re.split(r"(?<=[^.]{3})([.!])\s+|\n+", text, maxsplit=1) if re.search(r"(?<=[^.]{3})[.!]\s+|\n", text) else (text, "", "")
    wanted = answer_words(gold)
    return bool(rest) and joined(answer_words(first)) == joined(wanted) and not _DOUBT.search(rest)
