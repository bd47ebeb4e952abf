"""Whether a sentence says no more than one answer: all else in it are the question's words."""

import re
from collections.abc import Collection, Iterator

from whet.rewards.verifiable.answer_words import answer_words, joined

_FUNCTION = frozenset(
    [
        "a", "an", "the", "it", "its", "this", "that", "these", "those", "is", "are", "was",
        "were", "be", "been", "being", "i", "we", "think", "believe", "say", "would", "answer",
        "final", "correct", "right", "so", "thus", "hence", "therefore", "then", "of", "in", "by",
        "to", "for", "on", "at", "with", "from", "as", "his", "her", "their", "he", "she", "they",
        "who", "which", "called", "named", "known", "there", "has", "had", "have", "did", "do",
        "does", "total", "all", "yes", "s", "d", "m", "ll", "re", "my", "your", "here", "one",
        "it's", "only", "better", "ad", "ce", "degrees", "number", "name", "word", "than",
        "probably", "likely",
    ]
)  # fmt: skip
_DENIES = frozenset(
    [
        "not", "no", "never", "neither", "nor", "isnt", "wasnt", "arent", "cannot", "cant",
        "dont", "didnt", "except", "false",
    ]
)  # fmt: skip
_BETS = frozenset(["or", "and", "either", "both", "maybe", "perhaps", "possibly", "unless"])
_BEFORE = frozenset(
    [
        "is", "are", "was", "were", "be", "by", "in", "on", "at", "for", "means", "called",
        "named", "to", "has", "have", "had", "got", "its", "it", "so", "thus", "hence", "as",
    ]
)  # fmt: skip
_DOUBT = re.compile(
    r"\b(?:wait|no|not|actually|or|but|however|sorry|correction|rather|instead|maybe|perhaps"
    r"|possibly|alternatively|hmm|unless|although|though|wrong|incorrect|unsure|sure|else)\b"
    r"|n['’]t\b|\?",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*[.!]?\s*$")
_APPOSITION = re.compile(
    r",\s+(?:who|which|the|an?|from)\s|,?\s+(?:on|at|during|per)\s|,?\s+in\s+\d"
    r"|,\s+\w+(?:ed|en)\s+(?:by|in|as|on|to)\s"  # followed by, written in
    r"|,\s+(?:[\w-]+\s+){0,3}(?-i:[a-z][\w-]+)\s+of\s",  # capital of, Colombian laureate of
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r",?\s+(?:not(?! sure| certain)|rather than|instead of)\s+[^,.;:]+[.!]?$", re.IGNORECASE
)
_TITLES = frozenset(["doctor", "professor", "sir", "president", "mister", "probably", "likely"])
_CLASSES = frozenset(
    ["city", "town", "village", "country", "island", "river", "planet", "element", "year"]
)
_IRREGULAR = {
    "wrote": "write", "written": "write", "sang": "sing", "sung": "sing", "won": "win",
    "led": "lead", "held": "hold", "made": "make", "built": "build", "began": "begin",
    "sank": "sink", "took": "take", "begun": "begin",
    "got": "get",
}  # fmt: skip
_CLAUSE = re.compile(
    r";\s+|:\s+|\s[—–-]\s|,?\s+\b(?:so|hence|thus|therefore|which (?:is|makes|gives)"
    r"|but(?= (?:it|the|an?|I think)\b))\b|[=→]",
    re.IGNORECASE,
)


def is_answer(
    text: str, gold: str, question: Collection[str], others: Collection[str] = ()
) -> bool:
    """Whether a text is an answer, or a sentence whose other words are the question's.

    A title before the name, its class (`the city of`), a remark in brackets or an apposition behind
    the answer may be added, unless it denies or bets; so may `others`, the words of other accepted
    answers.  In a sentence the answer is the first word or follows a word such as
    `is` or `by`, so that `A beat B` is not read as `B`.
    """
    wanted = answer_words(gold)
    return any(
        joined(words) == joined(wanted) or _framed(words, wanted, question, others)
        for piece in _pieces(text)
        if (words := answer_words(piece))
    )


def _pieces(text: str) -> Iterator[str]:
    """The text, without a last remark, without an apposition, and its last clause."""
    text = re.sub(r"\$([^$]+)\$", r"\1", re.sub(r"[*_`]", "", text)).strip(" \t\n\"'“”‘’«»")
    yield text
    text = _unremarked(text)
    yield text
    added = _APPOSITION.search(text)
    if added and added.start() and not _DOUBT.search(text, added.start()):
        yield _unremarked(text[: added.start()])
    if (instead := _INSTEAD.search(text)) and instead.start():
        yield text[: instead.start()]
    clauses = list(_CLAUSE.finditer(text))
    if clauses and ("but" in clauses[-1][0] or not _DENIED.search(text[: clauses[-1].start()])):
        yield text[clauses[-1].end() :]


def _unremarked(text: str) -> str:
    """The text without a last remark in brackets, unless that casts doubt."""
    aside = _ASIDE.search(text)
    if aside is None or _DOUBT.search(re.sub(r"^(?:not|as opposed to) ", "", aside[1])):
        return text
    return text[: aside.start()]


_CONCLUDES = frozenset(["so", "hence", "thus", "therefore", "then"])
_MONTHS = frozenset(
    [
        "january", "february", "march", "april", "may", "june", "july", "august", "september",
        "october", "november", "december",
    ]
)  # fmt: skip
_DENIED = re.compile(r"\b(?:not|never|no|wrong|second)\b|n['’]t\b", re.IGNORECASE)


def _framed(
    words: tuple[str, ...],
    wanted: tuple[str, ...],
    question: Collection[str],
    accepted: Collection[str],
) -> bool:
    if not wanted or len(words) > 60:  # noqa: PLR2004
        return False
    places = [n for n in range(len(words)) if words[n : n + len(wanted)] == wanted]
    if len(places) != 1:
        return False
    before, after = words[: places[0]], words[places[0] + len(wanted) :]
    before = _untitled(before)
    if any(word in _CONCLUDES for word in after):
        return False
    others = [
        word
        for word in (*before, *after)
        if word not in accepted and not (_year(wanted) and word in _MONTHS)
    ]
    if any(word in _BETS or (word in _DENIES and word not in question) for word in others):
        return False
    if not all(word in _FUNCTION or word in _DENIES or _asked(word, question) for word in others):
        return False
    before = tuple(word for word in before if word in others)
    counted = wanted[0][-1].isdigit()  # "There are 8 planets."
    return not before or (
        (counted or not after) and before[-1] in _BEFORE and not set(wanted) <= set(question)
    )


def _untitled(before: tuple[str, ...]) -> tuple[str, ...]:
    """The words before an answer without its title, and without its class, as in `city of`."""
    while before and before[-1] in _TITLES:
        before = before[:-1]
    classed = len(before) > 1 and before[-1] == "of" and before[-2] in _CLASSES
    return before[:-2] if classed else before


def _year(words: tuple[str, ...]) -> bool:
    return len(words) == 1 and re.fullmatch(r"\d{3,4}", words[0]) is not None


def _asked(word: str, question: Collection[str]) -> bool:
    """Whether the question has this word, or one that begins like it."""
    word = _IRREGULAR.get(word, word)
    stem = word[: max(4, len(word) - 3)]
    return word in question or (
        len(word) > 3  # noqa: PLR2004
        and any(
            _IRREGULAR.get(q, q).startswith(stem) or (len(q) > 2 and word.startswith(q))  # noqa: PLR2004
            for q in question
        )
    )  # noqa: PLR2004


def first_is_answer(text: str, gold: str) -> bool:
    """Whether the first sentence is the answer itself, and no later one doubts it."""
    first, stop, rest = (
        re.split(r"(?<=[^.]{3})([.!])\s+|\n+", text, maxsplit=1)
        if re.search(r"(?<=[^.]{3})[.!]\s+|\n", text)
        else (text, "", "")
    )
    wanted = answer_words(gold)
    return (
        bool(rest)
        and joined(answer_words(first)) == joined(wanted)
        and not _DOUBT.search(rest)
        and not re.search(r"\balso\b", rest, re.IGNORECASE)
    )
