"""What an answer may be besides one formula: lists, equations, classes, times, words."""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

from whet.rewards.verifiable.math.amounts import amounts
from whet.rewards.verifiable.math.cases import piecewise
from whet.rewards.verifiable.math.claims import sides_agree
from whet.rewards.verifiable.math.compounds import compound
from whet.rewards.verifiable.math.constants import renamed_tree
from whet.rewards.verifiable.math.dates import date
from whet.rewards.verifiable.math.enumerated import enumerated
from whet.rewards.verifiable.math.evaluation import inexact
from whet.rewards.verifiable.math.flats import flat
from whet.rewards.verifiable.math.kinds import (
    Alternatives,
    CurveEquation,
    Meaning,
    Proportion,
    Residue,
    Several,
    SolutionFamily,
    by_name,
)
from whet.rewards.verifiable.math.matrices import matrix
from whet.rewards.verifiable.math.notations import based, clock
from whet.rewards.verifiable.math.numerals import numeral
from whet.rewards.verifiable.math.pieces import cut, deepest, enclosed
from whet.rewards.verifiable.math.regions import number_of, region, signed
from whet.rewards.verifiable.math.syntax import FUNCTIONS, tree_or_none

_SEPARATOR = re.compile(
    r'[,;]\s*(?:"?\s*(?:and|or)\s*"?(?![a-z]))?|\s*"\s*(?:,\s*)?(?:and|or|ou|et|und|oder|y|o|и|или)\s*"\s*'
    r"|(?<![A-Za-z])(?:and|or|ou|et|und|oder|или)(?![A-Za-z])|或|和|または|と"
)
_LETTER = re.compile(r"\s*([A-Za-zα-ω])(?:_\{\w+\}|\([a-z]\))?\s*")
_WORD = re.compile(
    r'^"?\s*(?:[Tt]he |[Ii]ts )?([A-Za-z][a-z]{3,}|[A-Z][a-z]{2})\s*"?\s*(?:"?\s*(?:is|are|of'
    r'|has|gets|pays)\b\s*"?|=|:)?\s*'
    r"(?=[-+\d\\(]|[A-Za-z](?![A-Za-z]))(.+)$"
)
_PART = re.compile(r'^"?\s*\(?([a-h]|i{1,3}|iv|v)\)\s*:?\s*"?\s*(?![-+*/^=!])(.+)$')
_UNION = re.compile("∪")
_TUPLE = re.compile(r"\s*\(\s*[a-z](?:\s*[,;]\s*[a-z])+\s*\)\s*")
_EXTREME = re.compile(r'\s*"?\\?(max|min)(?:imum|ima)?"?\s*')
_OR = re.compile(r';|\s*"\s*(?:,\s*)?or\s*"\s*|(?<![A-Za-z])or(?![A-Za-z])')
_EQUALS = re.compile(r"=")
_MOST_READINGS = 4  # of an item
_DEEPEST = 30  # brackets in brackets
_MODULUS = re.compile(r"^(?:(.*?)≡)?(.*?),?\s*\(?\s*mod\s+(.*?)\)?$")
_MULTIPLES = re.compile(
    r'^(?:"?\s*(?:all |the |every |any )*(?:positive |non-?negative |integer |integral'
    r' )*multiples? of\s*"?\s*'
    r"(?=\w+$)|(?=\d+\s*\|))(\w+)(?:\s*\|\s*[a-z])?$"
)
_REMAINDER = re.compile(
    r'^"?\s*(?:(?:all|the|every|any) )*integers? (?:leaving|with|that (?:leaves?|has|have))'
    r" (?:an? |the )?remainder "
    r'(?:of )?(\d+) (?:when divided by|on division by|modulo|mod) ([1-9]\d*)"?$'
)
_BUILT = re.compile(
    r"^⟪\s*\(\s*([a-z]\s*,\s*[a-z](?:\s*,\s*[a-z])?)\s*\)\s*(?:∈[^:|]*)?[:|](.*=.*)⟫$", re.DOTALL
)
_FAMILY = re.compile(
    r'^(.*?)[,\s:|]*(?:"?\s*(?:with|where|for|for all|for any|for every|'
    r'for some|for each|,)?\s*"?)\s*\(?\b([a-zA-Z])\s*(?:∈\s*\\[ZN]\s*(?:[\^_]\{?[^{}]*\}?)?'
    r'|"?\s*(?:is |are )?(?:any|an|some|arbitrary|an arbitrary|'
    r'∈)?\s*integer"?)\s*\)?$'
)
_FAMILY_NAMED_LAST = re.compile(
    r'^(.*?)[,\s]*"?\s*(?:with|where|for)?\s*(?:any|all|every|each|some|an arbitrary)?\s*'
    r'integers?\s*"?\s*([a-zA-Z])$'
)


_POINT = re.compile(r"^[A-Z]'?(?:_\{\w+\})?\s*(\([^()]*[,;][^()]*\))$")


def meanings(text: str) -> Iterator[Meaning]:
    """All readings of a spelled text, the most special first; none for what is not understood."""
    text = text.strip()
    if deepest(text) > _DEEPEST:
        return
    if (day := date(text)) is not None:
        yield day
        return
    if (pieces := piecewise(text)) is not None:
        yield pieces
        return
    for reader in _READERS:
        found = reader(text)
        if found is not None:
            yield found
    yield from _lists(_POINT.sub(r"\1", text))
    yield from amounts(text)
    built = _BUILT.match(text)
    equation = _equation(built[2] if built else text)
    if equation is not None:
        yield equation


def _modular(text: str) -> Residue | Several | None:
    """A class of integers, or several with one modulus: `x ≡ ±1, ±3 (mod 8)`."""
    if multiple := _MULTIPLES.match(text):
        step = numeral(multiple[1]) or Fraction(int(multiple[1]) if multiple[1].isdecimal() else 0)
        return Residue(Fraction(0), step) if step else None
    if left := _REMAINDER.match(text):
        return Residue(Fraction(int(left[1])) % int(left[2]), Fraction(int(left[2])))
    match = _MODULUS.match(text)
    modulus = number_of(match[3]) if match else None
    if match is None or not isinstance(modulus, Fraction) or not modulus:
        return None
    listed = cut(match[2].split("≡")[-1].split("=")[-1], _SEPARATOR)
    rests = [number_of(one) for piece in listed for one in signed(piece)]
    known = [Residue(one % modulus, abs(modulus)) for one in rests if isinstance(one, Fraction)]
    if len(known) < len(rests):
        return None
    return known[0] if len(known) == 1 else Several(tuple(dict.fromkeys(known)), "set")


def _family(text: str) -> SolutionFamily | None:
    inner = text
    if enclosed(text) == "⟪⟫":
        inner = text[1:-1].strip()
    match = _FAMILY.match(inner) or _FAMILY_NAMED_LAST.match(inner)
    if match is None:
        return None
    body = match[1].strip(" ,:|(").removesuffix('"with"').strip()
    formulas = []
    for piece in cut(body, _SEPARATOR):
        for one in signed(cut(piece, _EQUALS)[-1]):
            found = tree_or_none(one.replace("°", ""))
            if found is None:
                return None
            formulas.append(found)
    return SolutionFamily(tuple(formulas), match[2])


def _families(text: str) -> SolutionFamily | None:
    """The union of several sets of solutions, each with a parameter of its own."""
    found = [_family(one) for one in cut(text, _UNION)]
    known = [one for one in found if one is not None]
    if not 1 < len(known) == len(found):
        return None
    formulas = (renamed_tree(t, {one.parameter: "k"}) for one in known for t in one.formulas)
    return SolutionFamily(tuple(formulas), "k")


def _ratio(text: str) -> Proportion | None:
    parts = [next(iter(amounts(one)), None) for one in re.split(r":|\s\"?to\"?\s", text)]
    known = tuple(one for one in parts if one is not None and one.unit is None)
    return Proportion(known) if 1 < len(known) == len(parts) else None


def _lists(text: str) -> Iterator[Several]:
    around = enclosed(text)
    kinds = {"⟪⟫": "set", "()": "()", "⟨⟩": "()", "[]": "[]"}
    if around in kinds:
        found = _items(text[1:-1], kinds[around])
        if found is not None and (kinds[around] == "set" or len(found.items) > 1):
            yield found
    found = _items(text, "list")
    if found is not None and len(found.items) > 1:
        yield found
    match [one.strip() for one in text.split("<")]:
        case [_, _, _, *_] as chain if _rises(chain):
            yield Several(tuple(next(amounts(one)) for one in chain), "list")
    for found in (_components(text), _solutions(text)):
        if found is not None:
            yield found


def _solutions(text: str) -> Several | None:
    """`x = 1, y = 4 or x = 4, y = 1` as a list of pairs, in the order of the names."""
    pieces = [one.strip('" ') for one in cut(text, _OR)]
    found = [_items(one, "list") for one in pieces] if len(pieces) > 1 else []
    known = [one for one in found if one is not None and len(one.items) > 1 and all(one.labels)]
    if not known or len(known) < len(found) or len({frozenset(one.labels) for one in known}) > 1:
        return None
    return Several(tuple(Several(by_name(one), "()") for one in known), "list")


def _rises(chain: list[str]) -> bool:
    """Whether `-3 < -1 < 2` is a true chain of numbers."""
    values = [number_of(one) for one in chain]
    known = [inexact(one) for one in values if one is not None]
    return len(known) == len(values) and all(a < b for a, b in zip(known, known[1:], strict=False))


def _items(text: str, kind: str) -> Several | None:
    pieces = cut(text, _SEPARATOR)
    if any(not piece for piece in pieces) or (len(pieces) == 1 and kind in ("()", "[]")):
        return None
    if pieces == [text] and signed(text) == [text] and kind == "list":
        return None
    labels, items = [], []
    for piece in pieces:
        label, rest = _labelled(piece)
        for one in signed(rest):
            found = tuple(islice(meanings(one), _MOST_READINGS))
            if not found or isinstance(found[0], CurveEquation):
                return None
            items.append(found[0] if len(found) == 1 else Alternatives(found))
            labels.append(label)
    return Several(tuple(items), kind, tuple(labels))


def _labelled(piece: str) -> tuple[str, str]:
    """The name of a part and its value: `x_{1}=3`, `"remainder" -2`, `(i) r = 5`."""
    if part := _PART.match(piece):
        return f"({part[1]})", cut(part[2], _EQUALS)[-1]
    label, equals, rest = piece.partition("=")
    if equals and _TUPLE.fullmatch(label):
        return "", rest
    if letter := _LETTER.fullmatch(label) or _EXTREME.fullmatch(label) if equals else None:
        *front, last = cut(rest, _EQUALS)
        return letter[1], last if front and sides_agree([*front, last]) else rest
    word = _WORD.match(piece)
    if word and word[1] not in FUNCTIONS and numeral(word[1]) is None:
        return word[1].casefold(), word[2]
    return "", piece


def _components(text: str) -> Several | None:
    """`3 î - 4 ĵ`, and `0.6 i − 0.8 j`, as a vector."""
    plain = text.replace("k\u0302", "ḱ")
    bare = re.sub(r"\\(?:frac|sqrt)", "", plain)
    if not re.search(r"[ĵjḱ]", plain) or re.search(r"[a-hl-zA-Z\\]", bare):
        return None
    plain = plain.replace("î", "i").replace("ĵ", "j").replace("ḱ", "k")
    found = []
    terms = re.findall(r"([-+]?)\s*([^-+ijk]*)\s*([ijk])", plain)
    if re.sub(r"([-+]?)\s*([^-+ijk]*)\s*([ijk])", "", plain).strip():
        return None
    given = {axis: f"{sign}({size.strip(' *') or 1})" for sign, size, axis in terms}
    for axis in "ijk" if "k" in given else "ij":
        amount = next(iter(amounts(given.get(axis, "0"))), None)
        if amount is None:
            return None
        found.append(amount)
    return Several(tuple(found), "()")


def _equation(text: str) -> CurveEquation | None:
    match [tree_or_none(side) for side in cut(text, _EQUALS)]:
        case [tuple() as left, tuple() as right]:
            return CurveEquation(left, right)
    return None


_READERS = (
    based,
    clock,
    _modular,
    _family,
    _families,
    enumerated,
    matrix,
    flat,
    region,
    compound,
    _ratio,
)
