"""What a reply without a box, a tag or `####` concludes with."""

import re

_ANNOUNCED = re.compile(
    r"\banswers?\s*\**\s*(?:is|are|would be|will be|must be|=|:)\s*(?:that\s)?[:：]?\s*(?=\S)",  # noqa: RUF001
    re.IGNORECASE,
)
_LABELLED = re.compile(r"^[\s*_#>-]*[^\W\d_][^\n:：.=$]{0,40}[:：]\s*\**\s*(?=\S)")  # noqa: RUF001
_SENTENCE = re.compile(
    r"(?<![A-Z\d])(?<!\b[ap]\.m)(?<!i\.e)(?<!e\.g)[.!?]\s+(?=[^\s\d])|(?<=\d)[.!?]\s+(?=[A-Z\W])|[.!?]$|。|\n+"
)  # noqa: RUF001
_FORMULA = re.compile(
    r"\*\*(.+?)\*\*|\$\$(.+?)\$\$|\$(?!\s)([^$\n]+?)(?<!\s)\$(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]|`([^`]+)`",
    re.DOTALL,
)
_BOLD = re.compile(r"\*\*(.+?)\*\*|<b>(.+?)</b>|__(.+?)__", re.DOTALL)
_UNSURE = re.compile(
    r"can(?:'t|not)|could|\bunable\b|\bsorry\b|\bnot sure\b|\bunsure\b|\bperhaps\b|\bmaybe\b|\bmight\b|\beither\b|"
    r"\bdepend|\bguess\b|\bone of (?:them|these|those)\b|\bI'd say\b|\bwithdraw\b|\bretract\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\bnot\b|n't\b|\bnever\b|\bneither\b|\bwrong\b|\bincorrect\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w.,])[-−–+]?[$€£]?\s?(?:\d{1,3}(?:,\d{3})+|\d+)(?:[.,]\d+)?(?:\s\d+/\d+|\s?/\s?\d+)?\s?%?(?![\w-])(?!\.\d)"  # noqa: RUF001
)
_ASIDE = re.compile(
    r"\([^()]*[A-Za-z][^()]*\)|\b(?:because|since|so that|which means|compared|than)\b.*$",
    re.DOTALL,
)
_CLAUSE = re.compile(r";|,\s+(?:so|hence|thus|therefore)\s")
_CONTENT = re.compile(r"[\d=$]|\*\*|\\\(|\\\[|<b>|[∞∅√±½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
_ENDED = re.compile(r"[.!?。*$)\]}%°`>\d½⅓⅔¼¾⅕⅛⅜⅝⅞✓∎⟩∞∅]$")  # noqa: RUF001
_LEFT_OPEN = re.compile(
    r"\b(?:is|are|and|or|the|to|of|so|whether|add|then|by|a|an|in)$", re.IGNORECASE
)
_BACK = 4  # sentences that say nothing


def announced_spans(text: str) -> list[str]:
    """The line behind the last announcement of an answer; empty where there is none."""
    found = list(_ANNOUNCED.finditer(text))
    line = text[found[-1].end() :].strip().split("\n", 1)[0].strip() if found else ""
    return [_even(line)] if line else []


def labelled_span(text: str) -> list[str]:
    """What stands behind a label, such as `Total:`, in the last line; empty without one."""
    last = text.rstrip().rsplit("\n", 1)[-1]
    label = _LABELLED.match(last)
    return [_even(last[label.end() :].strip())] if label else []


def _even(line: str) -> str:
    """The line without a mark of bold text that has no partner in it."""
    return line.replace("**", "") if line.count("**") % 2 else line


def concluded(text: str) -> str:
    """The last sentence that has a number or a formula; empty for a reply that ends in the middle of one."""
    text = re.sub(r"[^\w.!?。*$)\]}%°`>½⅓⅔¼¾⅕⅛⅜⅝⅞⟩∞∅'\"]+$", "", text.strip())  # noqa: RUF001
    last = text.rsplit("\n", 1)[-1]
    if not _ENDED.search(text) and (_LEFT_OPEN.search(text) or not _CONTENT.search(last)):
        return ""
    sentences = [one.strip() for one in sentence_list(text)]
    for skipped, one in enumerate(reversed([one for one in sentences if one])):
        if _UNSURE.search(one) or skipped > _BACK:
            return ""
        if _CONTENT.search(one):
            return one
    return ""


def sentence_list(text: str) -> list[str]:
    """Sentences and lines; a stop inside of a number, of a formula or of `a.m.` ends none."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\ue010{len(kept) - 1}\ue011"

    text = _FORMULA.sub(keep, text)
    back = re.compile("\ue010(\\d+)\ue011")

    def restore(one: str) -> str:
        while back.search(one):
            one = back.sub(lambda match: kept[int(match[1])], one)
        return one

    return [restore(one) for one in _SENTENCE.split(text) if one]


def bold(text: str) -> str:
    """The content of the last bold text; empty without one."""
    found = _BOLD.findall(text)
    return next(filter(None, found[-1])).strip() if found else ""


def denied(text: str) -> bool:
    """Whether a sentence says what the answer is not, or that it is not known."""
    return bool(_DENIED.search(text) or _UNSURE.search(text))


def formulas(text: str) -> list[str]:
    """The formulas of a sentence."""
    return [next(filter(None, match.groups())).strip() for match in _FORMULA.finditer(text)]


def only_number(text: str, question: str) -> str:
    """The one number of a sentence that is not given in the question, with the words behind it.

    Asides do not count: brackets with words in them, and what follows `because` or `than`.
    """
    text = _CLAUSE.split(_ASIDE.sub("", text))[-1]
    found = list(_NUMBER.finditer(text))
    if len({_bare(one[0]) for one in found}) > 1:
        given = {_bare(one[0]) for one in _NUMBER.finditer(question)}
        found = [one for one in found if _bare(one[0]) not in given]
    if len({_bare(one[0]) for one in found}) != 1:
        return ""
    return found[-1][0].strip()


def _bare(number: str) -> str:
    digits = re.sub(r"[\s,$€£%+]", "", number)
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
