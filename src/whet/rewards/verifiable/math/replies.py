"""From a reply to the answers that it gives, and whether they are the task's."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whet.rewards.verifiable.extraction import answers, final_boxes
from whet.rewards.verifiable.math.claims import is_unsolved
from whet.rewards.verifiable.math.conclusions import (
    announced_spans,
    bold,
    concluded,
    denied,
    doubts,
    dropped,
    formulas,
    labelled_span,
    only_number,
    without_contrast,
)
from whet.rewards.verifiable.math.questions import ROUNDED
from whet.rewards.verifiable.math.regions import number_of
from whet.rewards.verifiable.math.spelling import spelled
from whet.rewards.verifiable.math.tails import head, is_another, is_subordinate, tails
from whet.rewards.verifiable.math.units import unit
from whet.types import Finish

_TAIL = 4000  # characters at the end of a reply in which a conclusion is looked for
_UNIT_BEHIND = re.compile(
    r"[\s$\\)]*(?:\\[,;: ])?\s*(?:\\(?:text|mathrm)\{\s*([^{}]{1,24})\}|(?!in\b|"
    r"second\b)([A-Za-zμ°]{2,14}(?:/[a-zA-Z]+)?[²³]?))"
)
_LABEL = re.compile(r"^[\s*_#>-]*[^\W\d_][^:：=$\d]{0,40}[:：]\s*\**\s*")  # noqa: RUF001
_THAT_IS = re.compile(
    r",?\s*(?:i\.\s?e\.|that is|that's|in other words|or rather|soit|namely|also known as)[,:]?\s+",
    re.IGNORECASE,
)
_WHICH_IS = re.compile(
    r",\s*which (?:is|equals|makes|comes to|simplifies to)\s+(?=minus\b|[-−+$\\(\[√\d])",  # noqa: RUF001
    re.IGNORECASE,
)
_NAMED = re.compile(r"\s*\\?[A-Za-zα-ω]+(?:_\{?\w+\}?)?\s*=(?!.*=)")
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_BROKEN = re.compile(r"(?<![.:;!?。*|$}>\d\n])[ \t]*\n(?=[a-z\d(])|[ \t]*\n(?=(?:or|and|but)\b)")
_HASHED = re.compile(r"^[ \t*]*####\s*([-+$]{0,2}\d(?![^\n]*\d\. )[^\n]*)$", re.MULTILINE)
_REMARK = re.compile(
    r"\s*\((?![^()]*\b(?:or|not|if|unless|maybe|perhaps|could|might|but"
    r"|otherwise)\b)[^()]*[A-Za-z]{3}[^()]*\)"
)
_NAMED_IN_WORDS = re.compile(r"(?<![\w$])([a-z]) (?:is|equals|is equal to) (?=\$?[-\d\\√])")
_COMPOUND = re.compile(
    r"\b\d+ ?[A-Za-z]+(?:,? and |, | )\d+ ?(?:min|minutes?|seconds?|sec|s|cents?|inch(?:es)?|in"
    r"|days?|months?)\b"
)
_WORDS_BEHIND = re.compile(
    r"[\s-]*((?:[^\W\d_][^\s,;:.()=]*|[°€£¢%])(?:\s+[^\W\d_][^\s,;:.()=]*){0,3})"
)
_NO_UNIT = frozenset(
    [
        "in", "a", "an", "per", "of", "for", "from", "at", "on", "by", "to", "as", "because",
        "since", "so", "when", "if", "with", "which", "who", "that", "is", "are", "was", "were",
        "will", "would", "can", "has", "have", "altogether", "total", "overall", "together",
        "each", "every", "instead", "after", "before", "without", "the", "his", "her", "its",
        "their", "this", "these", "possible", "different", "such", "distinct", "only", "needed",
    ]
)  # fmt: skip
_BOUND = re.compile(
    r"\b(?:at (?:most|least)|(?:less|more|fewer|greater|bigger|smaller) than|no (?:more|less"
    r"|fewer) than|up to|"
    r"between)\s+(?:or equal to\s+)?\W{0,3}[\d\\]",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?<!\\)\b(?:about|approximately|approx\.?|roughly|around|nearly|almost)\s+\W{0,3}[\d\\]",
    re.IGNORECASE,
)
_PROSE = re.compile(r"[^\W\d_]{3}")
Equal = Callable[[str], bool | None]


@dataclass(frozen=True, slots=True)
class Given:
    """Where a reply gives its answers, and these: of several, each counts."""

    where: str
    answers: tuple[str, ...]
    added: tuple[str, ...] = ()


def given(text: str, finish: Finish) -> Given:
    """The answers of a reply after its thoughts; none where it gives none, or is cut in one."""
    where, found = answers(text, finish)
    if where == "box" and found:
        behind = text[text.rfind(found[-1]) + len(found[-1]) :]
        behind = behind if finish is not Finish.LENGTH else ""
        added = (*announced_spans(behind[-_TAIL:]), *doubts(behind[-_TAIL:]))
        return Given(where, _with_units(text, final_boxes(text)), added)
    if where == "answer tag" or _is_hashed(text):
        hashed = _HASHED.findall(text) if _is_hashed(text) and not found else []
        return Given(where, found or tuple(hashed[-1:]))
    if finish is Finish.LENGTH or (not found and _is_open(text)):
        return Given(where, found)
    return _in_prose(text, where, found)


def _in_prose(text: str, where: str, found: tuple[str, ...]) -> Given:
    """The answers of a reply without a box, a tag or `####`."""
    tail = _BROKEN.sub(" ", text[-_TAIL:])
    spans = announced_spans(tail) or labelled_span(tail)
    if spans:
        return Given("announcement", tuple(spans))
    if found:
        return Given(where, found)
    sentence = concluded(tail)
    return Given("conclusion", (sentence,) if sentence else ())


def _is_hashed(text: str) -> bool:
    return bool(re.search(r"^[ \t*]*####", text, re.MULTILINE)) and "\\boxed" not in text


def _is_open(text: str) -> bool:
    """Whether a box or a tag was opened."""
    return "\\boxed{" in text or "<answer>" in text


def _with_units(text: str, boxes: Sequence[str]) -> tuple[str, ...]:
    r"""The boxes, the last one with the unit that stands behind it: `\boxed{5}` metres."""
    last = boxes[-1]
    word = _known_unit(text[text.rfind(last) + len(last) + 1 :][:80])
    if not word or not re.fullmatch(r"[\\\d.,^{}\s()a-z*/+-]+", last):
        return tuple(boxes)
    return (*boxes[:-1], rf"{last}\text{{ {word} }}")


def _known_unit(behind: str) -> str:
    """The unit of measurement with which a text begins; empty without one."""
    match = _UNIT_BEHIND.match(behind)
    word = (match[1] or match[2]) if match else ""
    known = unit(word) if word else None
    return word if known is not None and known.is_known else ""


def says(text: str, equal: Equal, question: str) -> bool | None:
    """Whether the text of an answer gives what is `equal`; None where the task's can't be read.

    The whole text is read first, then what stands in bold, in formulas, behind the last `=`, and
    last a number, if the text has but one that the question does not give.  Of several formulas
    with a value each must be equal.
    """
    *_, text = _WHICH_IS.split(text)
    known = equal(text)
    if known is not False:
        return known
    text = without_contrast(text)
    if "either " in text and any(equal(tail) for tail in tails(text.replace("either ", ""))):
        return True
    return not denied(text) and _says_in_part(text, equal, question)


def _says_in_part(text: str, equal: Equal, question: str) -> bool:
    rest = _LABEL.sub("", dropped(_REMARK, text))
    if rest != text and equal(rest):
        return True
    if heavy := bold(text):
        return bool(equal(heavy)) or (heavy != text and bool(says(heavy, equal, question)))
    *_, last = _THAT_IS.split(rest)
    if last != rest:
        return bool(says(last, equal, question))
    return not _is_bounded(text, equal, question) and _in_clauses(rest, equal, question)


def _in_clauses(text: str, equal: Equal, question: str) -> bool:
    """Whether the subject of a sentence, one of its clauses, or its formulas give the answer."""
    if (subject := head(text)) and equal(subject):
        return True
    if any(equal(tail) for tail in tails(_with_names(text))):
        return True
    if inside := formulas(text):
        return _formulas(text, inside, equal)
    return _in_words(text, equal, question)


def _with_names(text: str) -> str:
    """`x is 2 and y is 3` as equations."""
    named, count = _NAMED_IN_WORDS.subn(r"\1 = ", text)
    return named if count > 1 else text


def _is_bounded(text: str, equal: Equal, question: str) -> bool:
    """Whether a text gives a bound, or a rounded value where the exact one is asked for."""
    if _BOUND.search(text):
        return True
    return bool(_ABOUT.search(text)) and not ROUNDED.search(question)


def _formulas(text: str, inside: Sequence[str], equal: Equal) -> bool:
    word = _known_unit(text[text.rfind(inside[-1]) + len(inside[-1]) :])
    if is_subordinate(text[: text.rfind(inside[-1])]) or _is_of_a_pair(text, inside):
        return False
    last = rf"{inside[-1]}\text{{ {word} }}" if word else inside[-1]
    offered = re.search(r"\bor\b", text[text.find(inside[0]) :])
    others = [one for one in inside[:-1] if offered or number_of(spelled(one)) is not None]
    return bool(equal(last)) and all(equal(one) for one in others)


def _is_of_a_pair(text: str, inside: Sequence[str]) -> bool:
    """Whether two values end a sentence, each with its own name: `$m=4$ and $n=5$`."""
    *_, one, other = ("", *inside)
    names = [_NAMED.match(formula) for formula in (one, other)]
    between = text[text.rfind(one) + len(one) : text.rfind(other)] if one else ""
    return all(names) and bool(re.fullmatch(r"[\s$\\()]*and[\s$\\()]*", between))


def _in_words(text: str, equal: Equal, question: str) -> bool:
    text = _ORDINAL.sub(r"\1", text.replace("\\$", "$").replace("\\%", "%"))
    *front, last = re.split(r"(?<![<>=])=(?!=)|→|⇒", text)
    if any(equal(part) is False for part in front if number_of(spelled(part)) is not None):
        return False
    last = last.strip()
    if front and is_unsolved(spelled(front[-1]), last, "", spelled(question)):
        return False
    return bool(front and equal(last)) or _in_a_sentence(text, last, equal, question)


def _in_a_sentence(text: str, last: str, equal: Equal, question: str) -> bool:
    if "\\" in last or not _PROSE.search(text):  # a formula, which has been read as a whole
        return False
    if span := _COMPOUND.search(last):
        return bool(equal(span[0]))
    number = only_number(last, question)
    return (
        bool(number)
        and not is_another(text, text.rfind(number))
        and _with_its_unit(number, last, equal)
    )


def _with_its_unit(number: str, text: str, equal: Equal) -> bool:
    """Whether a number is equal with the words behind it, of which the first few are its unit."""
    behind = text[text.rfind(number) + len(number) :]
    match = _WORDS_BEHIND.match(behind)
    words = match[1].split() if match else []
    if not words or number.endswith("%") or words[0].casefold() in _NO_UNIT:
        return bool(equal(number))
    return any(equal(f"{number} {' '.join(words[:end])}") for end in range(1, len(words) + 1))
