"""The equation of an algorithm in plain text, with every slot that it fills."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from whet.cli.explain.parts import doc, region, settings
from whet.policy.inspection import walk
from whet.policy.objective import BatchLoss, Objective, Term
from whet.policy.observations import ObservationLikelihood
from whet.policy.sharing import OncePerToken
from whet.protocols.algorithm import Algorithm

_SLOTS = {
    "ratio": "r",
    "clipping": "f",
    "aggregation": "w",
    "corrections": "c",
    "regularisers": "k",
    "on": "n ∈",
}
SYMBOLS = {"advantage": "Â", **_SLOTS, "criterion": "L", "extra": "+ Σ", "companions": "beside"}
_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def effective(algorithm: Algorithm) -> list[str]:
    """The objective, and the part in each slot with its own equation and numbers."""
    if isinstance(algorithm, Objective):
        lines = list(_sums(algorithm))
    elif isinstance(algorithm, BatchLoss):
        lines = list(_criterion(algorithm))
    else:
        lines = list(_unknown(algorithm))
    companions = algorithm.companions
    if companions:
        lines += ["", "beside the loss"]
        lines += [line for c in companions for line in (f"  {settings(c)}", *_doc(c))]
    if isinstance(algorithm, Objective | BatchLoss) and algorithm.sharing != OncePerToken():
        lines += ["", *_told("v  sharing: ", algorithm.sharing)]
    needs = needed(algorithm)
    if needs:
        lines += ["", "needs " + "; ".join(needs)]
    if algorithm.why_not_reinforce:
        lines += ["", f"on-policy it is not REINFORCE: {algorithm.why_not_reinforce}"]
    return lines


def needed(algorithm: Algorithm) -> list[str]:
    """The needs of an algorithm, and the companion that meets each of them."""
    companions = algorithm.companions
    found = []
    for need in sorted(algorithm.needs):
        givers = [type(c).__name__ for c in companions if need in c.provides]
        found.append(f"{need} (from {' or '.join(givers)})" if givers else f"{need}")
    return found


def formula(term: Term) -> str:
    """One sum over tokens, without its empty slots."""
    if isinstance(term, ObservationLikelihood):
        return f"{term.coefficient:g} · Σ_{{o ∈ {region(term)}}} w_o · log π_θ(o)"
    over = "Σ_n" if term.on is None else f"Σ_{{n ∈ {region(term)}}}"
    worth = f"{'c_n ' if term.corrections else ''}f(r_n, Â_n)"
    if not term.regularisers:
        return f"{over} w_n · {worth}"
    price = "k(π_θ)_n" if len(term.regularisers) == 1 else "Σ_k k(π_θ)_n"
    return f"{over} w_n · ( {worth} − {price} )"


def _sums(objective: Objective) -> Iterator[str]:
    terms = objective.terms
    names = [f"J{i + 1}".translate(_DIGITS) for i in range(len(terms))]
    if len(terms) == 1:
        yield f"J(θ) = {formula(terms[0])}"
    else:
        yield f"J(θ) = {' + '.join(names)}"
        for name, term in zip(names, terms, strict=True):
            yield f"{name} = {formula(term)}"
    yield ""
    yield from _told("Â  advantage: ", objective.advantage)
    told: set[type] = set()
    for name, term in zip(names, terms, strict=True):
        if len(terms) > 1:
            yield from ("", f"in {name}, over {_tokens(term)}")
        if isinstance(term, ObservationLikelihood):
            yield from _told("", term)
        else:
            yield from _slots(term, told)


def _tokens(term: Term) -> str:
    return "all tokens" if region(term) == "all" else f"the tokens of {region(term)}"


def _slots(term: Term, told: set[type]) -> Iterator[str]:
    """The docstring of each part, once, at its first place."""
    for slot, symbol in _SLOTS.items():
        held = getattr(term, slot)
        parts = held if isinstance(held, tuple) else (held,)
        for part in parts:
            if part is None:
                continue
            head = f"{symbol}  {slot}: "
            yield from [f"{head}{settings(part)}"] if type(part) in told else _told(head, part)
            told.add(type(part))


def _criterion(whole: BatchLoss) -> Iterator[str]:
    yield "minimise L(log π_θ, batch): a loss of the whole batch, not a sum over tokens"
    yield ""
    yield from _told("L  criterion: ", whole.criterion)
    yield from _told("Â  advantage: ", whole.advantage)


def _unknown(algorithm: Any) -> Iterator[str]:
    """Any other object with a loss: its docstring and its fields."""
    yield f"minimise {type(algorithm).__name__}.loss(log π_θ, batch)"
    yield from _doc(algorithm)
    for field in fields(algorithm) if hasattr(algorithm, "__dataclass_fields__") else ():
        if field.name not in {"companions", "sharing"}:
            yield f"   {field.name}: {settings(getattr(algorithm, field.name))}"


def _told(head: str, part: Any) -> Iterator[str]:
    """The part and its docstring; then those of the parts in it."""
    yield f"{head}{settings(part)}"
    yield from _doc(part)
    _, *inner = walk(part)
    for held in inner:
        yield f"     where {settings(held)}"
        yield from _doc(held, "       ")


def _doc(part: Any, margin: str = "     ") -> list[str]:
    return [f"{margin}{line}".rstrip() for line in doc(part)]
