"""All kinds of constraints by name, and texts that meet several of them.

The order of `KINDS` is the order in which a witness is mended: constraints that rewrite the whole
text come first, those on its beginning or end come last.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from whet.rewards.verifiable.constraints import contents, formats, frames, keywords, lengths
from whet.rewards.verifiable.constraints.constraint import Constraint, Relation

KINDS: tuple[type[Constraint], ...] = (
    contents.InLanguage,
    lengths.Sentences,
    lengths.Words,
    keywords.Forbidden,
    keywords.Frequency,
    keywords.LetterFrequency,
    keywords.Existence,
    contents.Placeholders,
    formats.Highlights,
    formats.ConstrainedResponse,
    formats.Bullets,
    formats.Sections,
    lengths.Paragraphs,
    lengths.FirstWord,
    frames.TwoResponses,
    contents.Postscript,
    formats.Title,
    frames.CapitalWords,
    frames.RepeatPrompt,
    frames.EndPhrase,
    frames.NoComma,
    frames.Lowercase,
    frames.Capital,
    formats.JsonFormat,
    frames.Quotation,
)
_BY_NAME = {kind.name: kind for kind in KINDS}
_ROUNDS = 6  # of mending what the last mending broke


def read(name: str, arguments: Mapping[str, Any]) -> Constraint:
    """A constraint from its name and IFEval's arguments; arguments that are None are dropped.

    Raises `ValueError` for an unknown name, an unknown argument or a missing one.
    """
    if name not in _BY_NAME:
        raise ValueError(f"constraint {name!r} is unknown")
    given = {key: _value(key, value) for key, value in arguments.items() if value is not None}
    try:
        return _BY_NAME[name](**given)
    except TypeError as error:
        raise ValueError(f"constraint {name!r}: {error}") from None


def witness(constraints: Sequence[Constraint]) -> str | None:
    """A text that meets all constraints; None where none was found."""
    order = sorted(constraints, key=lambda constraint: KINDS.index(type(constraint)))
    text = "It is a fine day."
    for _ in range(_ROUNDS):
        for constraint in order:
            if not constraint.check(text):
                text = constraint.mend(text)
        if all(constraint.check(text) for constraint in order):
            return text
    return None


def _value(key: str, value: Any) -> Any:
    if key.endswith("relation"):
        return Relation(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return tuple(value) if isinstance(value, list) else value
