"""Whether an answer says what the task's answer says."""

from collections.abc import Callable, Sequence

from whet.rewards.verifiable.math.amounts import Amount, agree
from whet.rewards.verifiable.math.comparisons import COMPARE, answer_class, families
from whet.rewards.verifiable.math.kinds import (
    Alternatives,
    Based,
    Meaning,
    Proportion,
    Residue,
    Several,
    SolutionFamily,
    by_name,
)
from whet.rewards.verifiable.math.syntax import names

_INTEGERS = frozenset("kmnjtKMN")
_ENDS = 2  # of an interval
_MOST = 64  # items
Lists = Callable[[Sequence[Meaning], Sequence[Meaning]], bool]


def means(gold: Sequence[Meaning], answer: Sequence[Meaning], lists: "Lists") -> bool:
    """Whether any reading of the answer is any reading of the task's; `lists` compares lists."""
    return any(_same(one, other, lists) for one in gold for other in answer)


def _same(gold: Meaning, answer: Meaning, lists: "Lists") -> bool:
    if isinstance(gold, Alternatives) or isinstance(answer, Alternatives):
        return means(_readings(gold), _readings(answer), lists)
    if isinstance(gold, Amount) and isinstance(answer, Amount):
        return agree(gold, answer)
    if isinstance(gold, Several) and isinstance(answer, Several):
        return _several(gold, answer, lists)
    if isinstance(gold, Several) or isinstance(answer, Several):
        return _alone(gold, answer)
    if type(gold) is not type(answer):
        return _across(gold, answer)
    return bool(COMPARE[type(gold)](gold, answer))


def _readings(of: Meaning) -> Sequence[Meaning]:
    return of.readings if isinstance(of, Alternatives) else (of,)


def _alone(gold: Meaning, answer: Meaning) -> bool:
    """A set of one answer, and that answer."""
    whole, one = (gold, answer) if isinstance(gold, Several) else (answer, gold)
    if (
        not isinstance(whole, Several)
        or whole.kind != "set"
        or len(whole.items) != 1
        or whole is answer
    ):
        return False
    return _same(whole.items[0], one, in_any_order)


def _across(gold: Meaning, answer: Meaning) -> bool:
    match gold, answer:
        case Amount(), Based() | Residue():
            value = answer.value if isinstance(answer, Based) else answer.residue
            return agree(gold, Amount(("num", value)))
        case Based(), Amount():
            return answer.unit is None and _written(answer) == gold.digits
        case Proportion(), Amount():
            return _quotient(gold, answer)
        case _:
            return _integers(gold, answer)


def _integers(gold: Meaning, answer: Meaning) -> bool:
    """Whether both are the same class of integers, or the same values of a formula."""
    match gold, answer:
        case (Residue(), SolutionFamily()) | (SolutionFamily(), Residue()):
            return _class_of(gold) == _class_of(answer)
        case Residue(), Amount():
            return answer.unit is None and _class_of(_as_family(answer)) == gold
        case Amount(), SolutionFamily():
            family = _as_family(gold)
            return isinstance(family, SolutionFamily) and families(family, answer)
        case SolutionFamily(), Amount():
            family = _as_family(answer)
            return isinstance(family, SolutionFamily) and families(gold, family)
        case _:
            return False


def _as_family(of: Amount) -> Meaning:
    """`7k + 3` for all integers k, where the formula has one variable of a usual name."""
    free = names(of.formula)
    return SolutionFamily((of.formula,), *free) if len(free) == 1 and free <= _INTEGERS else of


def _class_of(one: Meaning) -> Meaning | None:
    return answer_class(one) if isinstance(one, SolutionFamily) else one


def _quotient(gold: Proportion, answer: Amount) -> bool:
    """Whether a number is the quotient of two parts."""
    match gold.parts:
        case (one, other):
            return agree(Amount(("/", one.formula, other.formula)), answer)
    return False


def _written(answer: Amount) -> str:
    return str(answer.formula[1]) if answer.formula[0] == "num" else ""


def _several(gold: Several, answer: Several, lists: "Lists") -> bool:
    flat = {"()", "column"}
    if (
        gold.kind in flat
        and answer.kind in flat
        or gold.kind == answer.kind in ("matrix", "row", "[]")
    ):
        return in_order(gold.items, answer.items)
    labelled = [
        one
        for one in (gold, answer)
        if len(set(one.labels)) == len(one.items) > 1 and all(one.labels)
    ]
    if labelled:
        return _labelled(gold, answer)
    if gold.kind == "list" and answer.kind in ("()", "[]") and _is_sequence(gold, lists):
        return in_order(gold.items, answer.items)
    if {gold.kind, answer.kind} <= {"set", "list"}:
        if gold.kind == "list":
            return lists(gold.items, answer.items)
        return in_any_order(_distinct(gold.items), _distinct(answer.items))
    return False


def _is_sequence(gold: Several, lists: "Lists") -> bool:
    """Whether a list has an order, or too many items for a point or an interval."""
    return lists is in_order or len(gold.items) > _ENDS


def _labelled(gold: Several, answer: Several) -> bool:
    """`y = 2, x = 3` is (3, 2): names in alphabetical order."""
    if _are_parts(gold) != _are_parts(answer):
        return in_order(gold.items, answer.items)
    if (
        gold.labels
        and all(gold.labels)
        and all(answer.labels)
        and set(gold.labels) != set(answer.labels)
    ):
        return _by_initials(gold, answer)
    if any(map(_is_word, gold.labels)):
        return _fits(gold, answer)
    if "set" in (gold.kind, answer.kind) or gold.kind == "list" and not all(gold.labels):
        return False
    if not all(answer.labels) and answer.kind == "list":
        return False
    return in_order(*(by_name(one) for one in (gold, answer)))


def _are_parts(of: Several) -> bool:
    """Whether the names are `(a)`, `(b)` and so on, which stand for places."""
    return bool(of.labels) and all(label.startswith("(") for label in of.labels)


def _is_word(label: str) -> bool:
    return len(label) > 1


def _by_initials(gold: Several, answer: Several) -> bool:
    """Whether parts with words and parts with their initials are the same: `Q` and `quotient`."""
    mine, theirs = ([label[0].casefold() for label in one.labels] for one in (gold, answer))
    words = any(map(_is_word, gold.labels)) != any(map(_is_word, answer.labels))
    return words and mine == theirs and in_order(gold.items, answer.items)


def _fits(gold: Several, answer: Several) -> bool:
    """Whether parts with words are parts in the same order, of which some have their words."""
    if set(answer.labels) == set(gold.labels):
        return in_order(by_name(gold), by_name(answer))
    known = zip(gold.labels, answer.labels, strict=False)
    return all(b in ("", a) for a, b in known) and in_order(gold.items, answer.items)


def in_order(one: Sequence[Meaning], other: Sequence[Meaning]) -> bool:
    """Whether the first is the first, the second the second, and so on."""
    return len(one) == len(other) and all(
        _same(a, b, in_order) for a, b in zip(one, other, strict=True)
    )


def in_any_order(one: Sequence[Meaning], other: Sequence[Meaning]) -> bool:
    """Whether each item has one of its own in the other list."""
    left = list(other)
    if len(one) != len(left) or len(left) > _MOST:
        return False
    for wanted in one:
        found = next(
            (place for place, item in enumerate(left) if _same(wanted, item, in_any_order)), None
        )
        if found is None:
            return False
        del left[found]
    return True


def _distinct(items: Sequence[Meaning]) -> list[Meaning]:
    found: list[Meaning] = []
    for item in items:
        if not any(_same(item, one, in_any_order) for one in found):
            found.append(item)
    return found
