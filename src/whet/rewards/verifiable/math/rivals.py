"""Quantities that are told of one thing: a sentence about one of them is none about another."""

import re

_FAMILIES = tuple(
    re.compile(rf"\b(?:{words})s?\b", re.IGNORECASE)
    for words in (
        "radius|diameter",
        "area|perimeter|circumference|volume",
        "mean|median|mode|range",
        "variance|standard deviation",
        "maximum|minimum|largest|smallest",
        "sum|product|difference|quotient",
        "numerator|denominator",
        "length|width|height",
        "current|voltage|power|resistance",
        "cost|profit|revenue",
        "amplitude|period|phase",
        "sine|cosine|tangent",
        "in(?:radius|circle)|circum(?:radius|circle)",
    )
)
_PART = re.compile(
    r"^\W*(?:(?:a|one) (?:half|third|quarter|fifth|tenth|part)\b|(?:each|one) of (?:the|these)\b"
    r"|(?:each|its) \w+ (?:part|half)\b|in (?:dozens|percent|words)\b)",
    re.IGNORECASE,
)


def of_another(subject: str, question: str) -> bool:
    """Whether a subject is a part of what is asked for, or its rival: `diameter` of `radius`."""
    if _PART.search(subject):
        return True
    for family in _FAMILIES:
        told, asked = (
            {one.casefold().removesuffix("s") for one in family.findall(text)}
            for text in (subject, question)
        )
        if told and asked and not told & asked:
            return True
    return False
