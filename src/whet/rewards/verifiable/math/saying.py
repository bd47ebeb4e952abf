"""Whether the words of an answer say what is right: sentences, labels, asides."""

import re
from collections.abc import Callable, Sequence

from whet.rewards.verifiable.math.claims import is_unsolved
from whet.rewards.verifiable.math.conclusions import (
    bold,
    denied,
    dropped,
    formulas,
    only_number,
    without_comment,
    without_contrast,
)
from whet.rewards.verifiable.math.evaluation import same
from whet.rewards.verifiable.math.numerals import SAID
from whet.rewards.verifiable.math.questions import ROUNDED, is_not_asked
from whet.rewards.verifiable.math.regions import number_of
from whet.rewards.verifiable.math.rivals import of_another
from whet.rewards.verifiable.math.spelling import spelled
from whet.rewards.verifiable.math.tails import head, is_another, is_subordinate, tails
from whet.rewards.verifiable.math.wording import known_unit, said_number

_LABEL = re.compile(r"^[\s*_#>-]*[^\W\d_][^:：=$\d]{0,40}[:：]\s*\**\s*")  # noqa: RUF001
_THAT_IS = re.compile(
    r",?\s*(?:i\.\s?e\.|that is|that's|in other words|or rather|soit|namely|also known as)[,:]?\s+",
    re.IGNORECASE,
)
_WHICH_IS = re.compile(
    r",\s*which (?:is|equals|makes|comes to|simplifies to)\s+"
    rf"(?=minus\b|[-−+$\\(\[√\d]|(?!one\b(?! half)){SAID.pattern})",  # noqa: RUF001
    re.IGNORECASE,
)
_NAMED = re.compile(r"\s*\\?[A-Za-zα-ω]+(?:_\{?\w+\}?)?\s*=(?!.*=)")
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_REMARK = re.compile(
    r"\s*\((?![^()]*\binf\b)(?![^()]*\b(?:or|not|if|unless|maybe|perhaps|could|might|but"
    r"|otherwise)\b)[^()]*[A-Za-z]{3}[^()]*\)"
    r"|\s*\((?:[a-z]\s*=\s*[-−]?\d[\d./]*,?\s*)+\)"  # noqa: RUF001
    r"|(?<=[A-Za-z])\s\(\d[\d.]*\s?[A-Za-z%°/]+\)$"
)
_NAMED_IN_WORDS = re.compile(r"(?<![\w$])([a-z]) (?:is|equals|is equal to) (?=\$?[-\d\\√])")
_COMPOUND = re.compile(
    r"\b(?:\d+|[a-z]+(?:-[a-z]+)?) ?(?:dollars?|euros?|hours?|h|minutes?|min|days?|weeks?|feet"
    r"|ft|degrees?|°|years?)"
    r"(?:,? and |, | )(?:\d+|[a-z]+(?:-[a-z]+)?) ?(?:min|minutes?|seconds?|sec|s|cents?"
    r"|inch(?:es)?|in"
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
    rf"between)\s+(?:or equal to\s+)?(?:\W{{0,3}}[\d\\]+|a\b|{SAID.pattern})",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?<!\\)\b(?:about|approximately|approx\.?|roughly|around|nearly|almost)\s+\W{0,3}[\d\\]",
    re.IGNORECASE,
)
_SO = re.compile(
    r"(?:(?<=[.,;:])|(?<=\*\*))\s+(?:and )?(?:so|hence|thus|therefore)\b,?\s+", re.IGNORECASE
)
_TITLE = re.compile(r"^\W*(?:final )?answer\W*\*\*\s*(?=\S)", re.IGNORECASE)
_VALUED = re.compile(
    r"(?P<subject>[^,;.=]*?[^\W\d_]{3}[^,;.=]*?)\s(?:is|are|was|equals?)\s+(?P<value>[^,;]*?\d[^,;]*?)"
    r"(?=$|[,;]|\s(?:and|but|while|whereas)\s)"
)
_SMALL_WORDS = frozenset(
    [
        "the", "a", "an", "its", "of", "and", "but", "while", "whereas", "so", "then", "thus",
        "one", "value", "number",
    ]
)  # fmt: skip
_VERB = re.compile(r"\b(?:is|are|was|has|have|equals?|lies)\b")
_COLON = re.compile(r":\s+(\$?[-−+]?[\d\\√π][^:,;]*)$")  # noqa: RUF001
_LATER = re.compile(r"\b(?:later|then|finally|now|in the end)\b", re.IGNORECASE)
_RANKED = re.compile(r"\b(?:which|position|place|ordinal|rank|row|term)\b", re.IGNORECASE)
_LEADING = re.compile(r"[-+−]?[$€£]?\d[\d.,/]*(?<![.,])")  # noqa: RUF001
_PROSE = re.compile(r"[^\W\d_]{3}")
Equal = Callable[[str], bool | None]


def says(text: str, equal: Equal, question: str) -> bool | None:
    """Whether the text of an answer gives what is `equal`; None where the task's can't be read.

    What stands behind the last `so` is the claim.  It is read as a whole first, then what stands in
    bold, in formulas, behind the last `=`, and last a number, if the text has but one that the
    question does not give.  Of several formulas with a value each must be equal, and of several
    subjects with values the one counts that the question asks for.
    """
    before = last_clause(_TITLE.sub("", text))
    text = without_comment(before)
    *_, text = _WHICH_IS.split(text)
    if _is_unequal(before, equal):
        return False
    known = equal(text)
    if known is not False:
        return known
    text = without_contrast(text)
    if "either " in text and any(equal(tail) for tail in tails(text.replace("either ", ""))):
        return True
    return not denied(dropped(_REMARK, text)) and _says_in_part(text, equal, question)


def _is_unequal(comment: str, equal: Equal) -> bool:
    """Whether a comment says `equivalently` and gives another value."""
    *_, form = re.split(r"equivalently,?\s+", comment)
    bare = re.sub(r"\\[A-Za-z]+|\$", "", form)
    return form != comment and not _PROSE.search(bare) and equal(form) is False


def last_clause(text: str) -> str:
    """What stands behind the last `so` of a sentence, if that has a number or a formula."""
    *front, last = _SO.split(text)
    told = re.search(r"[\d$\\=√π∞]", last) or said_number(last)
    return last if front and told else text


def _says_in_part(text: str, equal: Equal, question: str) -> bool:
    rest = _LABEL.sub("", dropped(_REMARK, text))
    if rest != text and equal(rest):
        return True
    if heavy := bold(text):
        return bool(equal(heavy)) or (heavy != text and bool(says(heavy, equal, question)))
    *_, last = _THAT_IS.split(rest)
    if last != rest:
        return bool(says(last, equal, question)) or _is_repeated(rest, last, equal, question)
    return _in_a_claim(rest, equal, question)


def _is_repeated(text: str, last: str, equal: Equal, question: str) -> bool:
    """Whether words without a value repeat what stands before `that is`."""
    front = _THAT_IS.sub("", text[: -len(last)].rstrip())
    return not re.search(r"\d\W*$|=", last) and _in_clauses(front, equal, question)


def _in_a_claim(text: str, equal: Equal, question: str) -> bool:
    """Whether a sentence that gives no bound, and nothing of another thing, claims the answer."""
    if _is_bounded(text, question) or of_another(_subject(text), question):
        return False
    if (named := _COLON.search(text)) and number_of(spelled(named[1])) is not None:
        return bool(equal(named[1]))
    told = list(_VALUED.finditer(text))
    if len({one["value"] for one in told}) > 1:
        return _of_the_asked(text, told, equal, question)
    return _in_clauses(text, equal, question)


def _subject(text: str) -> str:
    """What stands before the last verb of a sentence, outside of formulas."""
    verbs = list(_VERB.finditer(text))
    return re.sub(r"\$[^$]*\$", " ", text[: verbs[-1].start()] if verbs else text)


def _of_the_asked(text: str, told: Sequence[re.Match[str]], equal: Equal, question: str) -> bool:
    """Whether the whole list of values is right, or that of the one subject that is asked for."""
    if any(equal(tail) for tail in tails(_with_names(text)) if re.search(r"[,;]|\band\b", tail)):
        return True
    asked = {*_words(re.split(r"(?<=[.?!])\s", question.strip().rstrip("?. "))[-1])}
    if _LATER.search(told[-1]["subject"]):
        return bool(says(told[-1]["value"].strip(), equal, question))
    meant = [one for one in told if _words(one["subject"]) and _words(one["subject"]) <= asked]
    return len(meant) == 1 and bool(says(meant[0]["value"].strip(), equal, question))


def _words(text: str) -> set[str]:
    """The words of a subject that tell it from others."""
    return set(re.findall(r"[^\W_]+", text.casefold())) - _SMALL_WORDS


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


def _is_bounded(text: str, question: str) -> bool:
    """Whether a text gives a bound of its own, or a rounded value where the exact one is asked."""
    if any(match[0] not in question for match in _BOUND.finditer(text)):
        return True
    return bool(_ABOUT.search(text)) and not ROUNDED.search(question)


def _formulas(text: str, inside: Sequence[str], equal: Equal) -> bool:
    word = known_unit(text[text.rfind(inside[-1]) + len(inside[-1]) :])
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
    computed = [one for one in re.split(r";\s+|,?\s+and\s+", text) if one.strip()]
    closed = bool(computed) and number_of(spelled(computed[-1].split("=")[0])) is not None
    text = computed[-1] if closed and computed[1:] and all("=" in one for one in computed) else text
    text = text.replace("\\$", "$").replace("\\%", "%")
    text = _ORDINAL.sub(r"\1", text) if _RANKED.search(question) else text
    *front, last = re.split(r"(?<![<>=])=(?!=)|→|⇒|≡(?!.*mod)", text)
    last = last.strip()
    if front and "≡" not in text and not _is_chain(front, last):
        return False
    name, asked = spelled(front[-1]) if front else "", spelled(question)
    if front and (is_unsolved(name, last, "", asked) or is_not_asked(name, asked)):
        return False
    return bool(front and equal(last)) or _in_a_sentence(text, last, equal, question)


def _is_chain(front: Sequence[str], last: str) -> bool:
    """Whether all sides of `a = b = c metres` that have a value have the same."""
    sides = [*front, match[0] if (match := _LEADING.match(last)) else last]
    values = [number_of(spelled(one).replace('"', "")) for one in sides]
    known = [one for one in values if one is not None]
    return all(same(one, known[-1]) for one in known) or values[-1] is None


def _in_a_sentence(text: str, last: str, equal: Equal, question: str) -> bool:
    if "\\" in last or not _PROSE.search(text):  # a formula, which has been read as a whole
        return False
    if (span := _COMPOUND.search(last)) and equal(span[0]):
        return True
    number = only_number(last, question) or said_number(last)
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
    if [one.rstrip("s") for one in words[:2]] == ["percentage", "point"]:
        return False
    if not words or number.endswith("%") or (words[0].casefold() in _NO_UNIT and words[0] != "A"):
        return bool(equal(number))
    return any(equal(f"{number} {' '.join(words[:end])}") for end in range(1, len(words) + 1))
