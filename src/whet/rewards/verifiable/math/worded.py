"""Answers in words, whose verdict needs no formula."""

import re
from collections.abc import Collection, Sequence

from whet.rewards.verifiable.answer_frames import is_answer
from whet.rewards.verifiable.answer_questions import QuestionWords
from whet.rewards.verifiable.answer_words import normal_words
from whet.rewards.verifiable.math.amounts import Amount
from whet.rewards.verifiable.math.meanings import meanings
from whet.rewards.verifiable.math.syntax import FUNCTIONS, operations

_NOTHING = re.compile(
    r"^(?:(?:so|hence|thus|therefore) )?(?:there (?:is|are) |there exists? )?"
    r"(?:none|(?:the )?empty set"
    r"|(?:(?:the|this|its|such an?) (?:\w+ ){1,3}?)?(?:does not exist|do not exist|is undefined|"
    r"is impossible|doesn't exist|(?:has|have) no(?: real)? (?:solutions?|values?|roots?|limit))"
    r"|dne|undefined|impossible|not defined"
    r"|no(?: real| integer| positive| such| valid)*(?: (?:solutions?|values?|roots?|numbers?|limit|"
    r"intersections?|points?|such \w+|\w+))?)(?: exists?)?$|^∅$|^⟪\s*⟫$"
)
_POLAR = {"yes": True, "true": True, "no": False, "false": False}
_SAID_POLAR = re.compile(
    r"(?:(?:so|hence|thus|therefore|the answer|it|this|the statement|the claim) )*(?:is )?"
    r"(yes|true|no|false)\b(.*)"
)
_AND = re.compile(r"[,;]|\band\b")
_DOUBT = frozenset(
    [
        "not", "no", "never", "false", "or", "neither", "nor", "if", "unless", "whether", "doesn't",
        "isn't", "cannot", "can't", "don't", "wrong", "either", "maybe", "perhaps", "might", "may",
    ]
)  # fmt: skip
_INFINITE = re.compile(
    r"^(?:(?:there are|there is|the number of (?:\S+ ){1,8}?is|the set of (?:\S+ ){1,8}?is|it"
    r" is|is) )*"
    r"(?:∞|infinity|infinite|infinitely many|an infinite number|an infinity|unlimited)"
    r"(?: (?:number )?(?:of )?(?:\S+ ){0,6}\S+)?$"
)
_FORMS = {"converges": "convergent", "diverges": "divergent"}
_BOUND = re.compile(r"\b(?:at least|at most|not|more than|less than|fewer than)\b")
_EVERYTHING = re.compile(r"^(?:all|every|any) ")


def worded(wanted: str, given: str, asked: str) -> bool | None:
    """The verdict for answers in words; None where the task's answer is a formula.

    Words of the question may stand around the answer: `the limit does not exist`.
    """
    gold, said = _prose(wanted), _prose(re.sub(r"^[A-Za-z]\s*[=∈]\s*", "", given))
    if gold in _POLAR:
        return _polarity(said) == _POLAR[gold]
    if _NOTHING.match(gold):
        return bool(_NOTHING.match(said))
    if gold.startswith("infinitely many"):
        return _is_infinite(said, asked)
    if _is_same_text(gold, said, wanted):
        return True
    return _compared(gold, said, wanted, given, asked)


def _compared(gold: str, said: str, wanted: str, given: str, asked: str) -> bool | None:
    """The verdict for words of their own, or lists of them; None for a formula."""
    if not _is_worded(gold, wanted, asked):
        return False if _BOUND.search(gold) else None
    listed = _is_list(gold, wanted)
    return _listed(wanted) == _listed(given) if listed else _says(said, gold, asked)


def _is_infinite(said: str, asked: str) -> bool:
    """Whether a text says that there are infinitely many; `∞` does where a number is asked for."""
    bare = said in ("∞", "infinity") and not re.search(r"(?i)\bhow many\b|\bnumber of\b", asked)
    return bool(_INFINITE.match(said)) and not bare and not _DOUBT & set(said.split())


def _is_same_text(gold: str, said: str, wanted: str) -> bool:
    """Whether both are the same words without signs; `all` and `every` say the same."""
    if gold == said:
        return not re.search(r"[\d=<>≤≥^*/+\\]|[a-z] ?-", wanted)
    both = _EVERYTHING.sub("", gold), _EVERYTHING.sub("", said)
    return bool(_EVERYTHING.match(gold)) and both[0] == both[1]


def _is_worded(gold: str, wanted: str, asked: str) -> bool:
    """Whether the task's answer is words that have no value."""
    if not re.fullmatch(r"[a-z][a-z' -]{2,}", gold) or _EVERYTHING.match(gold):
        return False
    return _is_word(wanted, asked) or not any(True for _ in meanings(wanted))


def _says(said: str, gold: str, asked: str) -> bool:
    """Whether a text says these words, alone or among those of the question."""
    bare, words = re.sub(r"^(?:it is|it's|on|the|a|an) ", "", said), normal_words(asked)
    if _in_order(gold.split()) == _in_order(_without(bare, gold, words)):
        return True
    question = QuestionWords.of(re.sub(r"[.\s]*$", "?", asked, count=1))  # `Find the limit.` is one
    return is_answer(said, gold, question) or _ends_in(said, gold, words)


def _polarity(said: str) -> bool | None:
    """Whether a sentence says yes; None where it says neither yes nor no."""
    match = _SAID_POLAR.match(said)
    if match is None or re.search(r"\b(?:yes|true|no|false|or|but|not sure)\b", match[2]):
        return None
    return _POLAR[match[1]]


def _is_list(gold: str, wanted: str) -> bool:
    return bool(_AND.search(wanted.strip('" '))) and len(_listed(wanted)) > 1 and len(gold) > 0


def _listed(text: str) -> frozenset[str]:
    """The items of a list of words, in any order."""
    return frozenset(one for part in _AND.split(text) if (one := _prose(part)))


def _without(text: str, gold: str, question: Collection[str]) -> list[str]:
    """The words of a text without those that the question has and the task's answer has not."""
    return [word for word in text.split() if word in gold.split() or word not in question]


def _in_order(words: Sequence[str]) -> list[str]:
    """The words, adverbs last: `conditionally convergent` is `converges conditionally`."""
    return sorted(words, key=lambda word: word.endswith("ly"))


def _ends_in(said: str, gold: str, question: Collection[str]) -> bool:
    """Whether a sentence ends in a word of the question and the answer: `the series converges`."""
    before = said.removesuffix(gold).split() if said.endswith(f" {gold}") else []
    return bool(before) and before[-1] in question and not _DOUBT & set(before)


def _prose(text: str) -> str:
    words = re.sub(r"[^\w\s∅∞⟪⟫'-]", " ", text.replace('"', " ")).casefold().split()
    return " ".join(_FORMS.get(word, word) for word in words)


def says_nothing(text: str) -> bool:
    """Whether a text says that there is no answer."""
    return bool(_NOTHING.match(_prose(text)))


def _is_word(text: str, asked: str) -> bool:
    """Whether letters are a word and no product: `listen` is not `silent`.

    Three letters are a word where the question has it.
    """
    short = re.fullmatch(r'"?([A-Za-z][a-z]{2})"?', text)
    if short and not re.search(rf"(?<![\w\\]){short[1]}(?!\w)", asked):
        return False
    return bool(re.fullmatch(r'"?[A-Za-z][a-z]{2,}"?', text)) and all(
        isinstance(one, Amount) and not one.closed and not FUNCTIONS & operations(one.formula)
        for one in meanings(text)
    )
