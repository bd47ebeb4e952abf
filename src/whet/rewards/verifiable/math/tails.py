"""The claims of a sentence: what is behind its verbs, its colons and its words of conclusion."""

import re
from collections.abc import Iterator

from whet.rewards.verifiable.math.conclusions import FORMULA

_LEAD = re.compile(
    r"(?:\W*\b(?:so|hence|thus|therefore|then|consequently|finally|overall|altogether|in total|"
    r"in all|as a result|accordingly|and|it follows that|"
    r"(?:this|that|which|it) (?:means|gives|yields|leaves|implies|shows)(?: that)?|"
    r"we (?:get|find|have|obtain|conclude|see|deduce|arrive at"
    r"|are left with)(?: that)?)\b[,:]?\s*)+",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|arrives?|gives?|yields?|leaves?|makes?|becomes?|remains?"
    r"|get|obtain|"
    r"find|have|measures|costs|totals|falls|lands|meets?|intersects?|crosses|simplif(?:y|ies)"
    r"|reduces|"
    r"comes|amounts|converges|tends|factors|evaluates|expands|rounds|lasts|pays?|needs?|ends|has"
    r"|corresponds?|consists?|gets|receives?|adds? up|sums?|collapses|works|boils|(?:it|that"
    r"|this)['’]s|sont|est|sind|ist|son|es|são|é|sono|è|beträgt|lautet|vaut|vale)\b"
    r"(?:\s+(?:exactly|now|just|only|simply|therefore|thus|then|hence|precisely|indeed|always|equal"
    r"|out|"
    r"down|up|to|on|at|in|as|by|of|be|the|an?(?!\s*[-−+*/^=.]|\s*$)|points?|values?|numbers?|given|solutions?"
    r"|coordinates|one|integers|pairs|roots|maps?|functions?|limit|sum|total|family|precisely"
    r"|remainder|each|exact)\b)*"
    r"|:(?=\s)|\b(?:hence|thus|therefore|so)\b,?)\s*",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\b(?:where|when|if and only if|precisely when)\s+", re.IGNORECASE)
_SUBORDINATE = re.compile(
    r"\b(?:that|if|when|where|whether|because|since|suppose|assume|unless|although|though|while)\b",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|be|has|have|had|can|could|may|do|does|will|sum|satisf(?:y|ies)"
    r"|divides?|lies?|"
    r"pass(?:es)?|contains?|makes?|wins?|equals?)\b",
    re.IGNORECASE,
)
_MAIN_AGAIN = re.compile(
    r"\b(?:follows|conclude|find|see|means?|shows?|know|implies|obtain|get|deduce|so|such|note|"
    r"note[ds]|observe|gives|having|have|tells us|says)\s+that\b"
    r"|\b(?:that|so|this|which|it)\s*$|,|;|:|[—–]|\b(?:hence|thus|therefore|then|so)\b",
    re.IGNORECASE,
)
_COORDINATED = re.compile(
    r"(?:\b(?:and|but|while)|,)\s+(?:[A-Za-zα-ω](?:_\{?\w+\}?)?|\u02ad+)\s*(?:(?:is|are"
    r"|equals)\s*)?$"
)
_APPOSED = re.compile(
    r",\s+(?:an?|the)\s+(?!half|third|quarter|\w+th |part|multiple"
    r"|fraction)(?:[a-z]+\s){1,4}of\s+(?=[^,]*$)"
)
_IN_TOTAL = re.compile(r"\s+(?:in total|altogether|in all|overall)$")
_NAME = re.compile(r"\b[A-Za-zα-ω](?:_\{?\w+\}?)?\s+(?:is|are|equals)\b|\u02ad")


def tails(text: str) -> Iterator[str]:
    """What a sentence says behind its words of conclusion, the longest first.

    A tail in a subordinate clause (`the probability that x is 5`) says nothing; nor has the second
    of two values with names of their own (`m is 4 and n is 5`) a tail for itself.
    """
    masked = FORMULA.sub(lambda match: "\u02ad" * len(match[0]), text)
    seen = set()
    for begin in _begins(masked):
        tail = _IN_TOTAL.sub("", text[begin:].strip().rstrip(".").strip())
        if tail and tail not in seen and tail != text.strip():
            seen.add(tail)
            yield tail


_SUBJECT = re.compile(
    r"\s+(?:is|are)\s+(?:therefore |thus |then )?(?:the|our|my|your)?\s*(?:final |correct "
    r"|required |desired |only )*"
    r"(?:answers?|solutions?|results?|solution set)[.!]?$",
    re.IGNORECASE,
)


def head(text: str) -> str:
    """What a sentence says is the answer: `x is the answer`; empty for any other sentence."""
    match = _SUBJECT.search(text)
    return _LEAD.sub("", text[: match.start()], count=1) if match else ""


def _begins(masked: str) -> Iterator[int]:
    lead = _LEAD.match(masked)
    if lead:
        yield lead.end()
    for match in _PLACE.finditer(masked):
        if len(re.findall(r"=|\u02ad+", masked[match.end() :])) > 1:
            yield match.end()
    yield from (match.end() for match in _APPOSED.finditer(masked))
    if _IN_TOTAL.search(masked.rstrip(". ")) and (comma := masked.rfind(", ")) > 0:
        yield comma + 1
    for match in _VERB.finditer(masked):
        if masked[: match.start()].endswith(" to "):
            continue
        if not is_subordinate(masked[: match.start()]) and not _is_second(masked[: match.end()]):
            yield match.end()


def is_another(text: str, begin: int) -> bool:
    """Whether a value is in a subordinate clause, has the second name of two, or is a choice."""
    before = FORMULA.sub(lambda match: "\u02ad" * len(match[0]), text[:begin])
    verbs = [match.start() for match in _FINITE.finditer(before)]
    return is_subordinate(before[: verbs[-1]] if verbs else before) or _is_second(before)


def is_subordinate(before: str) -> bool:
    """Whether the last subordinate clause before a verb is still open."""
    opened = [match.end() for match in _SUBORDINATE.finditer(before)]
    main = [match.end() for match in _MAIN_AGAIN.finditer(before)]
    if not opened or opened[-1] <= max(main, default=0):
        return False
    return not _FINITE.search(before, opened[-1])  # `that could be … is`: the main verb follows


def _is_second(before: str) -> bool:
    """Whether a value belongs to the second name of two, or is the second choice."""
    if re.search(r"\bor\b", before):
        return True
    match = _COORDINATED.search(before)
    return match is not None and _NAME.search(before[: match.start()]) is not None
