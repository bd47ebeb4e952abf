"""What a reply without a box, a tag or `####` concludes with."""

import re

_ANNOUNCED = re.compile(
    r"\banswers?\s*(?:\*+\s*)?(?:is|are|would be|will be|must be|="
    r"|:)\s*(?:that\s)?[:：]?\s*(?:[*_]+\s+)?(?=\S)"
    r"|\b(?:r[ée]ponse(?: finale)? est|Antwort (?:ist|lautet)|Ergebnis (?:ist|lautet)"
    r"|respuesta(?: final)? es|"
    r"resposta(?: final)? é|risposta(?: finale)? è)\s*[:]?\s*(?=\S)",  # noqa: RUF001
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"^\s*\}?[\s$*\\)\]}]*\?|\b(?:might|could|may) (?:also |well |instead )?be\b(?! \w+ (?:that"
    r"|as|by)\b)"
    r"|\bnot (?:\w+ )?(?:sure|certain|confident)\b|\bunsure\b|\b(?:just|only) a guess\b"
    r"|\bor (?:maybe|perhaps|possibly)\b"
    r"|\b(?:that|this|it)(?:'s| is| was) (?:wrong|incorrect|not (?:right|correct))\b"
    r"|\bI made an? (?:\w+ )?(?:mistake|error)\b|\b(?:is|are|be) one of\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:wrong|incorrect|tempting|possible|plausible|naive|other|another|previous|earlier"
    r"|initial|first|"
    r"likely|intermediate|partial|approximate|estimated|no|not an?|not the)\s+(?:final\s+)?$",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"^[\s*_#>-]*[^\W\d_][^\n:：.=$]{0,40}[:：](?!(?<=\d.)\d)\s*\**\s*(?=\S)")  # noqa: RUF001
_SENTENCE = re.compile(
    r"(?<=\d\s[A-Z])[.]\s+(?=[A-Z][a-z])|…\s+(?=[A-Z][a-z])|(?<=[.!?]\))\s+(?=[A-Z])|"
    r"(?<![A-Z\d])(?<!\b[ap]\.m)(?<!i\.e)(?<!e\.g)[.!?]\s+(?=[^\s\d=+*/×·<>≤≥≈])"
    r"|(?<=\d)[.!?]\s+(?=[A-Z\W])|[.!?]$|。|\n+"
)  # noqa: RUF001
FORMULA = re.compile(
    r"(?<![\w)*])\*{2,3}(?=[^\s*])(.+?)(?<=[^\s*])\*{2,3}(?![\w(*])|\$\$(.+?)\$\$|\$(?!\s)([^$\n]+?)(?<!\s)\$(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]"
    r"|`([^`]+)`",
    re.DOTALL,
)
_BOLD = re.compile(
    r"(?<![\w)*])\*{2,3}(?=[^\s*])(.+?)(?<=[^\s*])\*{2,3}(?![\w(*])|<b>(.+?)</b>|__(.+?)__",
    re.DOTALL,
)
_UNSURE = re.compile(
    r"can(?:'t|not)|(?<!that )\bcould|\bunable\b|\bsorry\b|\bnot sure\b|\bunsure\b|\bperhaps\b"
    r"|\bmaybe\b|"
    r"\bmight\b|"
    r"\bdepend|\bguess\b|\bone of (?:them|these|those)\b|\bI'd say\b|\bwithdraw\b|\bretract\b",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\beither\b(?! way)", re.IGNORECASE)
_DENIED = re.compile(
    r"\bnot\b|n't\b|\bnever\b|\bexcept\b|\bexcluding\b|\bapart from\b|\bother than\b"
    r"|\bneither\b|\bwrong\b|\bincorrect\b|\bnone of\b|\bclose to\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![\w.,])[-−–+]?[$€£]?\s?(?:\d{1,3}(?:[,\u202f\u00a0 ]\d{3})+(?!\d)"  # noqa: RUF001
    r"|\d+)(?:[.,]\d+)?(?:\s\d+/\d+|\s?/\s?\d+)?\s?%?(?![\w-])(?!\.\d)"  # noqa: RUF001
)
_ASIDE = re.compile(
    r"\((?!\s*or\b)[^()]*[A-Za-z][^()]*\)|\b(?:because|since|so that|which means|compared"
    r"|than)\b.*$",
    re.DOTALL,
)
_CLAUSE = re.compile(r";|,\s+(?:so|hence|thus|therefore)\s")
_CONTENT = re.compile(r"[\d=$]|\*\*|\\\(|\\\[|<b>|[∞∅√±½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
_SAYING = re.compile(
    _CONTENT.pattern + r"|\b(?:is|are|falls|lands|yes|no|none|exists?|has|have)\b", re.IGNORECASE
)
_ENDED = re.compile(r"[.!?。*$)\]}%°`>\d½⅓⅔¼¾⅕⅛⅜⅝⅞✓∎⟩∞∅]$")  # noqa: RUF001
_LEFT_OPEN = re.compile(
    r"\b(?:is|are|and|or|the|to|of|so|whether|add|then|by|a|an|in)$", re.IGNORECASE
)
_COURTESY = re.compile(
    r"^\W*(?:I hope|hope|let me know|feel free|if you|please|thank|good luck|happy|great|done|"
    r"that(?:'s| is) (?:it|all|the)|this (?:completes|matches|checks|is the))\b[^\d=]*$",
    re.IGNORECASE,
)
_CHECKED = re.compile(
    r"^\W*(?:all|both|each|these|they|every one|it)(?: of (?:them|these))?(?: indeed)? "
    r"(?:satisf(?:y|ies)|works?|checks?|(?:are|is) (?:indeed )?valid|holds?|fits?)\b[^\d=$]*$",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"^\W*(?:(?:does|do|would|shall|should|can|could|want|any|is|anything)\b[^\d=$]*"
    r"\b(?:you|sense|me|questions?|else|clear)\b[^\d=$]*\??|let me know\b[^\d=]*)$",
    re.IGNORECASE,
)
_REVISED = re.compile(
    r"\b(?:or|wait|actually|sorry|correction|rather|maybe|perhaps|should|wrong|answer)\b",
    re.IGNORECASE,
)
_CHECKING = re.compile(
    r"^\W*(?:(?:an? |the )?(?:quick |numerical |sanity |short |final |double[-"
    r" ])*check(?:ing)?|verif(?:y|ying|ication)|indeed"
    r"|to (?:double[- ])?(?:check|verify)|explanation|explication|erklärung|justification|reason"
    r"(?:ing)?|because|as a check|proof|probe|vérification)\b",
    re.IGNORECASE,
)
_FAILED = re.compile(r"\b(?:fails?|contradict\w*|wrong|not|no|but|however)\b|≠|✗", re.IGNORECASE)
_DOUBTED = re.compile(
    r"\b(?:close to|near(?:ly)?|almost|about|around|roughly|between|at least|at most|"
    r"contradict\w*|fails?|"
    r"unless|if(?!\s*\W{0,2}\s*[a-z]\s*(?:\\[lg]e|[<>≤≥])|\s*\ue010)|suppos\w*|assum\w*"
    r"|would(?! (?:therefore|thus|then|hence))|should|^\W*(?:first"
    r"|next)|let|try|trying|check|but"
    r"|however|"
    r"and more|contributes?|(?<=\d )then(?=\s\W?\d)|too|larger|smaller than|greater|remainder"
    r" vanishes|earlier|answer key|key|grad(?:e|ed|er)"
    r"|still to|remains to|so far|initially|"
    r"at first)\b",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"(?:,\s+not(?! sure| certain)|\s*\(\s*not|,?\s+(?:rather than|instead of|as opposed to))\s+"
    r"[^,.;:()]+\)?[.!]?$",
    re.IGNORECASE,
)
_COMMENT = re.compile(
    r"(?<=[\w$)\]}\ue011²³%°⁰¹⁴-⁹])(?:[,;]?\s+(?:and )?(?:both|all|each)\s[^=$]*|,?\s+(?:or,?"
    r" )?equivalently\b.*"
    r"|,\s+(?:or |which is |that is |i\.e\. |numerically )?(?:about|approximately|roughly"
    r"|numerically|nearly)\b.*"
    r"|,\s+which (?:is|are|gives|makes) (?:the|what|exactly|indeed)\b[^\d$=]*"
    r"|,\s+which (?:is|are) [^\d$=]*(?:more|less|fewer|larger|smaller|greater) [^=$]*)$",
    re.DOTALL,
)  # noqa: RUF001
_OPERATION_BEFORE = re.compile(r"(?:[+*/^_×÷·]\s*|\w[({[])$")
_OPERATION_BEHIND = re.compile(r"\s*[+*/^×÷·]\s*[\w(\\]|\s?!")
_END_OF_PROOF = re.compile(
    r"\s*(?:\$?\\(?:blacksquare|square|Box|qed)(?:\{\})?\$?|[∎■□]|Q\.?E\.?D\.?)\s*$"
)
_MARK = re.compile("\ue010(\\d+)\ue011")


def announced_spans(text: str) -> list[str]:
    """The line behind the last announcement of an answer; empty where there is none."""
    found = [one for one in _ANNOUNCED.finditer(text) if not _OTHER.search(text[: one.start()])]
    line = text[found[-1].end() :].strip().split("\n", 1)[0].strip() if found else ""
    return [even(_without_courtesies(line))] if line else []


def doubts(behind: str) -> list[str]:
    """What is said behind a box to doubt it or to take it back, as another answer."""
    return [match[0] for match in _DOUBT.finditer(behind)]


def labelled_span(text: str) -> list[str]:
    """What stands behind a label, such as `Total:`, in the last line; empty without one."""
    last = text.rstrip().rsplit("\n", 1)[-1]
    label = None if _CHECKING.match(last) else _LABELLED.match(last)
    said = last[label.end() :].strip() if label else ""
    alone = [one for one in sentence_list(said) if one.strip()]
    return [even(said)] if len(alone) == 1 else []


def _without_courtesies(line: str) -> str:
    """The line without sentences at its end such as `I hope it is correct.`"""
    *first, last = [one for one in sentence_list(line) if one.strip()] or [line]
    return (
        _without_courtesies(line[: line.rfind(last.strip())].strip())
        if first and _COURTESY.match(last)
        else line
    )


def even(line: str) -> str:
    """The line without a mark of bold text that has no partner in it; code has none."""
    bare = re.sub(r"`[^`]*`", "", line)
    return line.replace("**", "") if bare.count("**") % 2 and bare == line else line


def concluded(text: str) -> str:
    """The last sentence; empty where it doubts, asks, or ends without an end, as in a cut reply.

    Courtesies, offers, checks that succeed and remarks in brackets may stand behind it.  A sentence
    with a word of doubt, such as `about` or `if`, concludes nothing.
    """
    text = _END_OF_PROOF.sub("", text.strip()).replace("?", "?.")  # a sentence keeps its `?`
    text = re.sub(r"[^\w.!?。*$)\]}%‰°€£¥¢₹′″`>½⅓⅔¼¾⅕⅛⅜⅝⅞⟩∞∅'\"]+$", "", text.strip())  # noqa: RUF001
    last = text.rsplit("\n", 1)[-1]
    if not _ENDED.search(text) and (_LEFT_OPEN.search(text) or not _SAYING.search(last)):
        return ""
    sentences = [one.strip() for one in sentence_list(text) if one.strip()]
    while sentences[1:] and _is_beside(sentences[-1]):
        sentences.pop()
    if (
        not sentences
        or sentences[-1].endswith("?")
        or _UNSURE.search(without_contrast(sentences[-1]))
    ):
        return ""
    return sentences[-1] if _concludes(sentences[-1]) else ""


def _is_beside(sentence: str) -> bool:
    """Whether a sentence is a courtesy, or a check that succeeds."""
    checked = _CHECKING.match(sentence) and not _FAILED.search(sentence)
    aside = sentence.startswith("(") and sentence.rstrip(".").endswith(")")
    bracket = aside and not _REVISED.search(sentence) and not re.fullmatch(r"[^A-Za-z]*", sentence)
    beside = (_COURTESY, _CHECKED, _OFFER)
    return bool(checked or bracket or any(one.match(sentence) for one in beside))


def _concludes(sentence: str) -> bool:
    """Whether the last clause of a sentence has no word of doubt outside of asides."""
    main = dropped(_ASIDE, without_comment(without_contrast(sentence)))
    words = re.sub(r"\\[A-Za-z]+", "", FORMULA.sub("", main))
    return not _DOUBTED.search(_CLAUSE.split(words)[-1])


def sentence_list(text: str) -> list[str]:
    """Sentences and lines; a stop inside of a number, of a formula or of `a.m.` ends none."""
    marked, kept = _kept(text)
    return [_back(one, kept) for one in _SENTENCE.split(marked) if one]


def _kept(text: str) -> tuple[str, list[str]]:
    """The text with a mark for each formula, and the formulas."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        stopped = match[0].rstrip("$ ").endswith(".") and match[0].startswith("$$")
        return f"\ue010{len(kept) - 1}\ue011" + "." * stopped

    return FORMULA.sub(keep, re.sub("[\ue010\ue011]", "", text)), kept


def _back(text: str, kept: list[str]) -> str:
    """The text with the formulas in the places of their marks."""
    return _MARK.sub(lambda match: kept[int(match[1])], text)


def dropped(aside: re.Pattern[str], text: str) -> str:
    """The text without what the pattern matches outside of formulas."""
    marked, kept = _kept(text)
    return _back(aside.sub("", marked), kept)


def without_contrast(text: str) -> str:
    """The text without what it says the answer is not: `Tuesday, not Wednesday`."""
    match = _INSTEAD.search(text)
    return text[: match.start()] if match and match.start() else text


def without_comment(text: str) -> str:
    """The text without what follows the answer: a rounded value, another form, a comparison."""
    marked, kept = _kept(text)
    match = _COMMENT.search(marked.rstrip(". "))
    front = _back(marked[: match.start()], kept) if match else text
    return front if re.search(r"[\d\\]", front) else text


def bold(text: str) -> str:
    """The content of the last bold text; empty without one."""
    found = _BOLD.findall(text)
    return next(filter(None, found[-1])).strip() if found else ""


def denied(text: str) -> bool:
    """Whether a sentence says what the answer is not, or that it is not known."""
    return bool(_DENIED.search(text) or _UNSURE.search(text) or _EITHER.search(text))


def formulas(text: str) -> list[str]:
    """The formulas of a sentence."""
    return [next(filter(None, match.groups())).strip() for match in FORMULA.finditer(text)]


def only_number(text: str, question: str) -> str:
    """The one number of a sentence that is not given in the question, with the words behind it.

    Asides do not count: brackets with words in them, and what follows `because` or `than`.
    """
    text = _CLAUSE.split(_ASIDE.sub("", text))[-1]
    found = list(_NUMBER.finditer(text))
    if any(_is_operand(one) for one in found):
        return ""
    if len({_bare(one[0]) for one in found}) > 1:
        given = {_bare(one[0]) for one in _NUMBER.finditer(question)}
        found = [one for one in found if _bare(one[0]) not in given]
    if len({_bare(one[0]) for one in found}) != 1:
        return ""
    return found[-1][0].strip()


def _is_operand(number: re.Match[str]) -> bool:
    """Whether an operation, or the bracket of a function, stands beside a number."""
    before, behind = number.string[: number.start()], number.string[number.end() :]
    return bool(_OPERATION_BEFORE.search(before) or _OPERATION_BEHIND.match(behind))


def _bare(number: str) -> str:
    digits = re.sub(r"[\s,$€£%+]", "", number)
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
