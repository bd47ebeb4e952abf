"""The claims of a sentence: what stands behind its verbs, its colons and its words of conclusion."""

import re
from collections.abc import Iterator

from whet.rewards.verifiable.math.conclusions import FORMULA

_LEAD = re.compile(
    r"(?:\W*\b(?:so|hence|thus|therefore|then|consequently|finally|overall|altogether|in total|"
    r"in all|as a result|accordingly|and|it follows that|"
    r"(?:this|that|which|it) (?:means|gives|yields|leaves|implies|shows)(?: that)?|"
    r"we (?:get|find|have|obtain|conclude|see|deduce|arrive at|are left with)(?: that)?)\b[,:]?\s*)+",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|gives?|yields?|leaves?|makes?|becomes?|remains?|get|obtain|"
    r"find|have|measures|costs|totals|falls|lands|meets?|intersects?|crosses|simplif(?:y|ies)|reduces|"
    r"comes|amounts|converges|tends|factors|evaluates|expands|rounds)\b"
    r"(?:\s+(?:exactly|just|only|simply|therefore|thus|then|hence|precisely|indeed|always|equal|out|"
    r"down|up|to|on|at|in|as|by|of|be|the|an?|points?|values?|numbers?|given|solutions?|coordinates)\b)*"
    r"|:(?=\s)|\b(?:hence|thus|therefore|so)\b,?)\s*",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\b(?:where|when|if and only if|precisely when)\s+", re.IGNORECASE)
_SUBORDINATE = re.compile(
    r"\b(?:that|if|when|where|whether|because|since|suppose|assume|unless|although|though|while)\b",
    re.IGNORECASE,
)
_MAIN_AGAIN = re.compile(
    r"\b(?:follows|conclude|find|see|means?|shows?|know|implies|obtain|get|deduce|so|such|note|"
    r"note[ds]|observe|gives|having|have|tells us|says)\s+that\b"
    r"|\b(?:that|so|this|which|it)\s*$|,|;|:|[—–]|\b(?:hence|thus|therefore|then|so)\b",
    re.IGNORECASE,
)
_COORDINATED = re.compile(
    r"(?:\b(?:and|but|while)|,)\s+(?:[A-Za-zα-ω](?:_\{?\w+\}?)?|\ue010+)\s*(?:(?:is|are|equals)\s*)?$"
)
_IN_TOTAL = re.compile(r"\s+(?:in total|altogether|in all|overall)$")
_NAME = re.compile(r"\b[A-Za-zα-ω](?:_\{?\w+\}?)?\s+(?:is|are|equals)\b|\ue010")
_INSTEAD = re.compile(
    r",?\s+(?:\(?\s*not(?! sure| certain)|rather than|instead of|as opposed to)\s+[^,.;:()]+\)?[.!]?$",
    re.IGNORECASE,
)


def without_contrast(text: str) -> str:
    """The text without what it says the answer is not: `Tuesday, not Wednesday`."""
    match = _INSTEAD.search(text)
    return text[: match.start()] if match and match.start() else text


def tails(text: str) -> Iterator[str]:
    """What a sentence says behind its words of conclusion, the longest first.

    A tail in a subordinate clause (`the probability that x is 5`) says nothing; nor has the second
    of two values with names of their own (`m is 4 and n is 5`) a tail for itself.
    """
    masked = FORMULA.sub(lambda match: "\ue010" * len(match[0]), text)
    seen = set()
    for begin in _begins(masked):
        tail = _IN_TOTAL.sub("", text[begin:].strip().rstrip(".").strip())
        if tail and tail not in seen and tail != text.strip():
            seen.add(tail)
            yield tail


def _begins(masked: str) -> Iterator[int]:
    lead = _LEAD.match(masked)
    if lead:
        yield lead.end()
    for match in _PLACE.finditer(masked):
        if len(re.findall(r"=|\ue010+", masked[match.end() :])) > 1:
            yield match.end()
    if _IN_TOTAL.search(masked.rstrip(". ")) and (comma := masked.rfind(", ")) > 0:
        yield comma + 1
    for match in _VERB.finditer(masked):
        if not _is_subordinate(masked[: match.start()]) and not _is_second(masked[: match.end()]):
            yield match.end()


def is_another(text: str, begin: int) -> bool:
    """Whether a value is in a subordinate clause, or has the second name of two."""
    before = FORMULA.sub(lambda match: "\ue010" * len(match[0]), text[:begin])
    return _is_subordinate(before) or _is_second(before)


def _is_subordinate(before: str) -> bool:
    """Whether the last subordinate clause before a verb is still open."""
    opened = [match.end() for match in _SUBORDINATE.finditer(before)]
    main = [match.end() for match in _MAIN_AGAIN.finditer(before)]
    return bool(opened) and opened[-1] > max(main, default=0)


def _is_second(before: str) -> bool:
    """Whether a value belongs to the second name of two."""
    match = _COORDINATED.search(before)
    return match is not None and _NAME.search(before[: match.start()]) is not None
