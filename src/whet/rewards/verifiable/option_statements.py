"""What the sentences of a text say of options: chosen, rejected, or only mentioned."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whet.rewards.verifiable.option_lists import unlisted
from whet.rewards.verifiable.option_mentions import Mention, Options

_SENTENCE = re.compile(
    r"\n+|;\s+|(?<!\bi\.e)(?<!\be\.g)(?<!\bvs)(?<!\b[Aa]ns)(?<!\bDr)[.!?。！？…][\s*_\"'”’)]*\s+"
)
_OFFER = re.compile(
    r"\b(?:let me know|feel free|hope this|would you like|if you(?:'d| would) like|happy to"
    r"|want me to)\b",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"[\s,/&*_]*(?:\b(?:and|or|nor|as well as|und|et|y|o|ou|oder)\b)?[\s,*_]*(?:\b(?:the|option"
    r"|options|answer)\b)?\s*",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(
    r"[,:()—–=→⇒]|\s-\s|\b(?:but|so|hence|thus|therefore|while|whereas|though|although|because"
    r"|since|as|yet|if|when|sondern|sino|mais|pero|aber)\b",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(
    r"(?:\b(?:not(?! (?:only|sure|certain))|never|neither|nor|cannot|nothing|none|instead of"
    r"|rather than|other than|opposed to|(?:opposite|reverse) of|unlike|than|over|hardly|scarcely"
    r"|without(?! (?:an?y? )?doubt)|(?<!\bno )(?<!\bany )(?<!\ba )(?<!\bwithout )doubt\w*"
    r"|eliminat\w*|rul\w+ out"
    r"|exclud\w+|reject\w*|dismiss\w*|discard\w*|except|nicht|pas|kein\w*|no (?:es|era|son)"
    r"|nao e|non e|не)|不是|n['’]t)\b(?! (?:sure|certain))|\bno\s*$|❌|✗|✘",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"^\W*(?:\w+\W+){0,3}?(?:(?:not|never|wrong|incorrect|false|untrue|out|less|worse|invalid"
    r"|impossible|distractor|mistake|trap"
    r"|fails?|failed|contradict\w*|eliminated|excluded|rejected|cannot|unlikely)\b|\w+n['’]t\b"
    r"|[❌✗✘])",
    re.IGNORECASE,
)
_IS_ANSWER = re.compile(
    r"^[\s*_\"'”’)]*(?:is|must be|should be)\s+(?:\w+ly\s+)?(?:the|my)\s+(?:\w+\s+)?(?:answer"
    r"|choice|option)\b",
    re.IGNORECASE,
)
_NOT_ANSWER = re.compile(
    r"^\W*(?:is not|isn['’]t)\s+(?:the|my)\s+(?:\w+\s+)?(?:answer|choice|option)\b", re.IGNORECASE
)
_BETWEEN = re.compile(r"\bbetween\W*$", re.IGNORECASE)
_OR = re.compile(r"\W*\bor\b", re.IGNORECASE)
_COPULA = re.compile(r"\W*(?:is|equals|becomes|=)\W*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\s*\([^()]*\w\w[^()]*\)\W*")
_FALSE_BEFORE = re.compile(r"\b(?:wrong|incorrect|false)\b", re.IGNORECASE)
_TRUE_AFTER = re.compile(r"^\W*(?:are|hold)\s+(?:all\s+)?(?:true|correct|right)?\b", re.IGNORECASE)
_REASON = re.compile(r"\b(?:because|since|as|while|whereas)\s+(?:the\s+)?$", re.IGNORECASE)
_AS_WELL = re.compile(r"\bso (?:can|do|does|is|are)\W*$", re.IGNORECASE)
_CONCLUDES = re.compile(
    r"\b(?:so|hence|thus|therefore|thereby|namely|i\.e|leav\w+|left with|which (?:is|makes|gives)"
    r"|means|points? to|best|but it(?:['’]s| is| must be)|conclude|choose|chose|pick|select"
    r"|go with|final|correct|donc|also|luego)\b|[→⇒=]",
    re.IGNORECASE,
)
_ANNOUNCES = re.compile(
    r"(?:\b(?:answer|ans|choice|option|respuesta|r[eé]ponse|antwort|opzione|risposta|resposta"
    r"|exception|odd one(?: out)?)\b"
    r"(?:\s+(?:correct[aeo]?|richtig\w*)\b|\s+(?:to|of|for|here)\b[^.:]{0,60})?|答案|选项)"
    r"[\s*_`\"']*(?:[:=.\uff1a]|\b(?:is|must be|should be|would be|es|est|ist|e)\b|是|为)"
    r"[\s*_`\"':]*(?:(?:therefore|thus|clearly|definitely|indeed|the|la|le|option|choice|letter"
    r"|opcion)\b[\s*_`\"':]*)*\W*$",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"\b(?:so|thus|hence|therefore|it|its|it['’]s|is|be|must|then|the|option|choice|answer|i"
    r"|i['’]d|i['’]ll"
    r"|i['’]m|choose|pick|say|select|go|with|my|final|for|would|think|that|that['’]s|this|leaves"
    r"|correct|right|one|letter|only|clearly|left|yes)\b|[\W_]",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\([^()]*\)")
_REPORTED = re.compile(
    r"\b(?:people|students|readers|others|beginners|everyone|someone|friends?|many|most|some|they)"
    r"\s+(?:\w+\s+){0,2}?(?:say|answer|choose|pick|select|guess|think|believe|claim)s?\b",
    re.IGNORECASE,
)
_FIRST_THOUGHT = re.compile(
    r"\b(?:initially|at first|first thought|considered|tempt\w*|might think|one may think)\b",
    re.IGNORECASE,
)
_WHICH_IS_WRONG = re.compile(
    r"^\W*which(?: is|['’]s) (?:not|wrong|incorrect|a mistake)\b", re.IGNORECASE
)
_BUT_ONE = re.compile(
    r"\b(?:all|every\w*|each|any\w*|none|nothing|no)\b.*\b(?:but|except|besides|other than"
    r"|apart from)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one sentence says: `firm` where it announces its choice or consists of it."""

    text: str
    chosen: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    firm: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class _Group:
    """Options in a row, such as `A, C and D`, with the text around them in their clause."""

    letters: frozenset[str]
    start: int
    end: int


def statements(text: str, options: Options, *, denied: bool) -> list[Statement]:
    """What each sentence says; lists of options, questions and offers of help say nothing.

    `denied` where the question asks for the option that is not so; `X is not` is then no rejection.
    """
    kept = "\n".join(unlisted(text.split("\n")))
    mentions = options.mentions(kept)
    return [
        _statement(
            kept[start:end],
            [
                Mention(m.letters, m.start - start, m.end - start)
                for m in mentions
                if start <= m.start < end
            ],
            denied=denied,
        )
        for start, end in _sentences(kept, mentions)
    ]


def _sentences(text: str, mentions: Sequence[Mention]) -> Iterator[tuple[int, int]]:
    start = 0
    for stop in _SENTENCE.finditer(text):
        inside = any(
            mention.start < stop.start() and stop.end() <= mention.end for mention in mentions
        )
        if not inside:
            yield start, stop.end()
            start = stop.end()
    yield start, len(text)


def _statement(text: str, mentions: Sequence[Mention], *, denied: bool) -> Statement:
    if not mentions or _OFFER.search(text) or "?" in text[mentions[-1].end :]:
        return Statement(text="" if _OFFER.search(text) else text)
    groups = _grouped(text, _decided_upon(text, mentions))
    named = frozenset().union(*(group.letters for group in groups))
    if _BUT_ONE.search(text):
        return _all_but_one(text, groups, named, denied=denied)
    refused = _refused(text, groups, denied=denied)
    chosen = [
        group
        for group, no in zip(groups, refused, strict=True)
        if not no and not _OR.match(text, group.end)
    ]
    rejected = frozenset().union(*(g.letters for g, no in zip(groups, refused, strict=True) if no))
    announced = [group for group in chosen if _is_announced(text, group)]
    left = _ASIDE.sub(" ", _without(text, mentions))
    bare = not re.sub(r"[\W_]", "", left)
    if announced:
        letters = announced[-1].letters
        if len(letters) > 1 and chosen[-1] is not announced[-1]:
            letters = _concluded(text, groups, chosen) or letters
        return Statement(text=text, chosen=letters, rejected=rejected - letters, firm=True)
    if denied and not bare and _PLAIN.sub("", left) and not _denies(text):
        return Statement(text=text, rejected=rejected)
    chosen = [group for group in chosen if not _REPORTED.search(text, 0, group.start)]
    chosen = [group for group in chosen if not _REASON.search(text, 0, group.start)] or chosen
    letters = frozenset().union(*(group.letters for group in chosen))
    if len(letters) > 1 and (last := _concluded(text, groups, chosen)):
        letters = last
    firm = bool(letters) and not _PLAIN.sub("", left) and not _IN_BRACKETS.fullmatch(text)
    return Statement(text=text, chosen=letters, rejected=rejected - letters, firm=firm, bare=bare)


def _is_announced(text: str, group: _Group) -> bool:
    after = _IS_ANSWER.search(text[group.end : group.end + 80])
    return after is not None or _ANNOUNCES.search(text, 0, group.start) is not None


def _decided_upon(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions without the two that `between` introduces, where others follow."""
    for place, one in enumerate(mentions[:-2]):
        if _BETWEEN.search(text, 0, one.start):
            return [*mentions[:place], *mentions[place + 2 :]]
    return list(mentions)


def _grouped(text: str, mentions: Sequence[Mention]) -> list[_Group]:
    groups = [_Group(mentions[0].letters, mentions[0].start, mentions[0].end)]
    for mention in mentions[1:]:
        last = groups[-1]
        if _JOINED.fullmatch(text, last.end, mention.start):
            groups[-1] = _Group(last.letters | mention.letters, last.start, mention.end)
        else:
            groups.append(_Group(mention.letters, mention.start, mention.end))
    return groups


def _refused(text: str, groups: Sequence[_Group], *, denied: bool) -> list[bool]:
    """Whether each group is rejected by the words of its clause."""
    found: list[bool] = []
    for place, group in enumerate(groups):
        before = text[groups[place - 1].end if place else 0 : group.start]
        after = text[group.end : groups[place + 1].start if place + 1 < len(groups) else len(text)]
        clause = _BOUNDARY.split(before)[-1]
        following = _BOUNDARY.split(after)[0] if not _BOUNDARY.match(after.lstrip()) else ""
        said = bool(_NOT_BEFORE.search(clause))
        said |= bool(found) and found[-1] and bool(_AS_WELL.search(before))
        said |= _denied_by(following, group) if denied else _ruled_out(clause, following)
        said |= bool(_WHICH_IS_WRONG.search(after) or _NOT_ANSWER.search(after))
        found.append(said)
    return found


def _ruled_out(before: str, after: str) -> bool:
    return bool(_NOT_AFTER.search(after) or _FALSE_BEFORE.search(before))


def _denied_by(after: str, group: _Group) -> bool:
    """Where the question asks for what is not so: `A and B are true` rejects both."""
    return len(group.letters) > 1 and _TRUE_AFTER.search(after) is not None


def _all_but_one(
    text: str, groups: Sequence[_Group], named: frozenset[str], *, denied: bool
) -> Statement:
    """`All but B are ruled out`, `none but B fits` choose B; other such sentences say nothing.

    Where the question asks for what is not so, `all but B are` chooses it, too.
    """
    out = (
        denied
        or _NOT_AFTER.search(text[groups[-1].end :])
        or re.search(r"\b(?:none|nothing|no)\b", text[: groups[0].start], re.IGNORECASE)
    )
    return Statement(text=text, chosen=named if out and len(named) == 1 else frozenset())


def _concluded(text: str, groups: Sequence[_Group], chosen: Sequence[_Group]) -> frozenset[str]:
    """The letters of the last group, where words such as `so` set it apart from those before."""
    last = chosen[-1]
    place = groups.index(last)
    between = text[groups[place - 1].end if place else 0 : last.start]
    but = _FIRST_THOUGHT.search(text, 0, last.start) and re.search(
        r"\b(?:but|yet|however)\b", between
    )
    if _COPULA.fullmatch(between) and not text[last.end :].strip(" .!*$"):
        return last.letters
    return last.letters if but or _CONCLUDES.search(between) else frozenset()


def _without(text: str, mentions: Sequence[Mention]) -> str:
    """The sentence without its mentions."""
    pieces, start = [], 0
    for mention in mentions:
        pieces.append(text[start : mention.start])
        start = mention.end
    return " ".join([*pieces, text[start:]])


def _denies(text: str) -> bool:
    return re.search(
        r"\b(?:not|never|false|incorrect|wrong|untrue|cannot|least|no)\b|n['’]t\b",
        text,
        re.IGNORECASE,
    ) is not None or bool(_CONCLUDES.search(text))
