"""Whether a sentence says no more than one answer: all else in it are the question's words."""

import re
from collections.abc import Collection, Iterator

from whet.rewards.verifiable.answer_grammar import (
    BETS,
    DENIES,
    FUNCTION,
    PREPOSITIONS,
    framed,
    known,
)
from whet.rewards.verifiable.answer_questions import QuestionWords
from whet.rewards.verifiable.answer_words import joined, normal_words

_DOUBT = re.compile(
    r"\b(?:wait|no|not|actually|or|but|however|sorry|correction|rather|instead|maybe|perhaps"
    r"|possibly|alternatively|hmm|unless|although|though|wrong|incorrect|false|unsure|sure|else)\b"
    r"|n['’]t\b|\?",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_ASIDE = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*[.!]?\s*$")
_APPOSITION = re.compile(
    r",\s+(?:who|which|the|an?|from)\s|,?\s+(?:on|at|during)\s|,?\s+(?:in|around|between)\s+\d"
    r"|,\s+\w+(?:ed|en)\s+(?:by|in|as|on|to|with|at|from)\s"  # followed by, written in
    r"|\s+and\s+(?:was\s+)?\w+ed\s+(?:in|on|at)\s"  # and published in
    r"|,\s+(?:[\w-]+\s+){0,3}(?-i:[a-z][\w-]+)\s+of\s",  # capital of, Colombian laureate of
    re.IGNORECASE,
)
_PLACE = re.compile(r"\s+in\s+[A-Z][\w' -]*[.!]?$")
_DESCRIBED = re.compile(
    r"(?P<before>\b(?:by|is|was|are|were)\s+)(?:the|an?)\s+(?P<what>(?:[\w-]+\s+)?[a-z][\w-]*(?<!ing)\s+)(?=[A-Z])"
)
_INSTEAD = re.compile(
    r"(?:,\s+not(?! sure| certain)|,?\s+(?:rather than|instead of))\s+[^,.;:]+[.!]?$", re.IGNORECASE
)
_CLAUSE = re.compile(
    r";\s+|:\s+|\s[—–-]\s|,?\s+\b(?:so|hence|thus|therefore|which (?:is|makes|gives)|but)\b|[=→]",
    re.IGNORECASE,
)
_SETS_ASIDE = re.compile(r"\b(?:not|never|no|wrong|second)\b|n['’]t\b", re.IGNORECASE)
_ALL_BUT = re.compile(r"\b(?:any\w*|every\w*|all|none|nothing|no one|nobody)$", re.IGNORECASE)
_NOT_ASIDE = re.compile(r",\s+(?:and\s+)?not(?! sure| certain)\s[^,.;:]+,")
_YEAR = re.compile(r"\b\d{4}\b")
_STOPPED = re.compile(r"(?<=[^.]{3})[.!]\s+|[;:]\s+|\n+")
_ANSWERS_AGAIN = re.compile(
    r"\b(?:also|so|hence|thus|therefore|answer|it['’]s|it (?:is|was))\b", re.IGNORECASE
)
_COMPOUND = re.compile(r"\w+(?:[-–/]\w+)+")


def is_answer(text: str, gold: str, question: QuestionWords, others: Collection[str] = ()) -> bool:
    """Whether a text is an answer, or a sentence whose other words are the question's.

    A title before the name, its class (`the city of`, `the planet`), a remark in brackets or an
    apposition behind the answer may be added, unless it denies or bets; so may `others`, the words
    of other accepted answers.  In a sentence the answer is the first word or follows a word such as
    `is` or `by`, so that `A beat B` is not read as `B`.  `Yes` and `no` may be followed by reasons.
    """
    wanted = normal_words(gold)
    if wanted in (("yes",), ("no",)):
        return _agrees(normal_words(text), wanted[0])
    said = any(
        joined(words) == joined(wanted)
        or (_whole(piece, wanted) and framed(words, wanted, question, others))
        for piece in _pieces(text, question)
        if (words := normal_words(piece))
    )
    return said or any(rule(text, wanted, question) for rule in (_in_last_clause, _before_place))


def opens_with_answer(text: str, gold: str, question: QuestionWords) -> bool:
    """Whether the first sentence is an answer, and no later one doubts it or gives another."""
    stop = _STOPPED.search(text)
    if stop is None or _DOUBT.search(text, stop.end()) or _ANSWERS_AGAIN.search(text, stop.end()):
        return False
    first = text[: stop.start()]
    bare = first if _DOUBT.search(" ".join(_BRACKETS.findall(first))) else _BRACKETS.sub("", first)
    words, wanted = normal_words(bare), normal_words(gold)
    same = joined(words) == joined(wanted) and ":" not in stop[0]
    return same or (_whole(bare, wanted) and framed(words, wanted, question, ()))


def _agrees(words: tuple[str, ...], wanted: str) -> bool:
    """Whether a text begins with this `yes` or `no`, has not the other one, and does not bet."""
    other = "no" if wanted == "yes" else "yes"
    rest = {*words[1:]}
    return words[:1] == (wanted,) and not rest & {other, "or", "but", *BETS - {"both"}}


def _pieces(text: str, question: QuestionWords) -> Iterator[str]:
    """The text, without a last remark, without an apposition, and its last clause."""
    text = re.sub(r"\$([^$]+)\$", r"\1", re.sub(r"[*_`]", "", text)).strip(" \t\n\"'“”‘’«»")
    yield text
    text = _unremarked(text)
    yield text
    yield _DESCRIBED.sub(_undescribed, text)
    yield _NOT_ASIDE.sub("", text)
    added = _APPOSITION.search(text)
    if added and added.start() and _agreeing(text[added.start() :], question):
        yield _unremarked(text[: added.start()])
    if (instead := _INSTEAD.search(text)) and instead.start():
        yield text[: instead.start()]
    if (begin := _last_clause(text, question)) is not None:
        yield text[begin:]


def _undescribed(found: re.Match[str]) -> str:
    """`by the Italian artist Leonardo` as `by Leonardo`; a preposition belongs to the name."""
    words = {*normal_words(found["what"])}
    return found[0] if words & (PREPOSITIONS | FUNCTION | DENIES) else found["before"]


def _agreeing(added: str, question: QuestionWords) -> bool:
    """Whether an addition casts no doubt, and has no other year than the question."""
    years, asked = set(_YEAR.findall(added)), set(_YEAR.findall(" ".join(question.words)))
    return not _DOUBT.search(added) and (not asked or years <= asked)


def _last_clause(text: str, question: QuestionWords) -> int | None:
    """Where the last clause begins, if what precedes it lets it be the answer.

    `not X but Y` ends in its answer, `anything but Y` does not.  A label of one word (`second: Y`)
    has to be the question's.
    """
    clauses = list(_CLAUSE.finditer(text))
    if not clauses:
        return None
    before, mark = text[: clauses[-1].start()], clauses[-1][0].strip(" ,").lower()
    if mark == "but":
        return None if _ALL_BUT.search(before) else clauses[-1].end()
    if mark.isalpha() or mark == ";":
        return clauses[-1].end()
    label = normal_words(re.split(r"[,.;:]\s", before)[-1])
    foreign = len(label) == 1 and label[0].isalpha() and not known(label[0], question)
    bare = " " not in text[clauses[-1].end() :]
    return None if _SETS_ASIDE.search(before) or (foreign and bare) else clauses[-1].end()


def _before_place(text: str, wanted: tuple[str, ...], question: QuestionWords) -> bool:
    """Whether a place is added to a sentence of the question's words, as in `X won it in Rome`.

    A place behind the answer alone may change it: `Lima in Ohio` is not Lima.
    """
    place = _PLACE.search(text)
    if place is None or _DOUBT.search(text, place.start()):
        return False
    words = normal_words(text[: place.start()])
    said = any(word in question.common for word in words)
    return said and _whole(text, wanted) and framed(words, wanted, question, ())


def _in_last_clause(text: str, wanted: tuple[str, ...], question: QuestionWords) -> bool:
    """Whether the words behind the last comma are an answer in words of the question.

    `Sodium chloride, formula NaCl` gives the formula; a name alone would be a list's last member.
    """
    before, comma, last = text.rpartition(", ")
    words = normal_words(last)
    if not comma or _DOUBT.search(before) or len(words) == len(wanted):
        return False
    first = words[: len(wanted)] == wanted
    named = words[-len(wanted) :] == wanted and len(words) == len(wanted) + 1
    return (first or named) and framed(words, wanted, question, ())


def _unremarked(text: str) -> str:
    """The text without a last remark in brackets, unless that casts doubt."""
    aside = _ASIDE.search(text)
    if aside is None or _DOUBT.search(re.sub(r"^(?:not|as opposed to) ", "", aside[1])):
        return text
    return text[: aside.start()]


def _whole(text: str, wanted: tuple[str, ...]) -> bool:
    """Whether no word of the answer is a part of a longer compound, as in `green-blue`."""
    compounds = (normal_words(found[0]) for found in _COMPOUND.finditer(text))
    return not any({*words} & {*wanted} and not {*words} <= {*wanted} for words in compounds)
