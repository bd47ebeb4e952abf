"""A kernel of natural deduction for propositional logic.

A proof is numbered lines, each a rule and the lines that it uses:

    n assume P        opens an assumption         n premise P      P is one of the statement's
    n ->I i-j         closes the last assumption, i: F_i -> F_j; no line from i on can be used then
    n ->E i j         from P -> Q and P: Q        n &I i j         P & Q
    n &E1 i  &E2 i    a side of P & Q             n |I1 i Q        P | Q;  |I2 i Q: Q | P
    n |E i j k        from P | Q, P -> R and Q -> R: R
    n _|_E i P        from false, anything        n LEM P          P | ~P

Negation is an arrow to false, so ~ has no rules of its own.  `sorry` is no rule.  A formula of
more than a thousand signs is an error, because rules can double it line by line.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from whet.rewards.verifiable.proof.propositions import FALSE, Formula, ascii_signs, formula, implies

_LINE = re.compile(r"([0-9]{1,4})[.:)]?\s+(\S+)(.*)")
_MOST = 500  # lines of a proof
_LARGEST = 1000  # atoms and signs of a formula


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCheck:
    """The number of valid lines of a proof, and the first error."""

    accepted: int  # lines before the first error
    total: int
    error: str = ""

    @property
    def proved(self) -> bool:
        """Whether the whole proof is valid and ends in the statement's conclusion."""
        return not self.error


@dataclass(slots=True)
class _Proof:
    """The lines that may be used, and the open assumptions."""

    premises: tuple[Formula, ...]
    known: dict[int, Formula] = field(default_factory=dict)
    open: list[int] = field(default_factory=list)
    last: Formula | None = None

    def line(self, number: str) -> Formula:
        if not number.isascii() or not number.isdigit() or int(number) not in self.known:
            raise ValueError(f"line {number[:20]!r} can't be used")
        return self.known[int(number)]

    def lines(self, text: str, count: int) -> list[Formula]:
        numbers = re.split(r"[,\s]+", text)
        if len(numbers) != count:
            raise ValueError(f"{count} lines are needed")
        return [self.line(number) for number in numbers]


def statement(text: str) -> tuple[tuple[Formula, ...], Formula]:
    """The premises and the conclusion of `P, P -> Q |- Q`; a formula alone has no premises."""
    before, _, after = ascii_signs(text).rpartition("|-")
    premises = tuple(formula(part) for part in before.split(",")) if before.strip() else ()
    return premises, formula(after)


def check(claim: str, text: str) -> ProofCheck:
    """Check a proof line by line, up to the conclusion of the claim."""
    premises, goal = statement(claim)
    lines = [line for line in re.split(r"[;\n]", ascii_signs(text)) if line.strip()]
    if not 0 < len(lines) <= _MOST:
        return ProofCheck(accepted=0, total=len(lines), error=f"{len(lines)} lines")
    proof = _Proof(premises=premises)
    for place, line in enumerate(lines):
        try:
            _follow(proof, place + 1, line)
        except ValueError as error:
            return ProofCheck(accepted=place, total=len(lines), error=f"line {place + 1}: {error}")
    error = "an assumption is still open" if proof.open else ""
    error = error or ("" if proof.last == goal else "the last line is not the conclusion")
    return ProofCheck(accepted=len(lines), total=len(lines), error=error)


def _follow(proof: _Proof, number: int, line: str) -> None:
    match = _LINE.fullmatch(line.strip())
    if match is None or int(match[1]) != number:
        raise ValueError(f"is not `{number} rule …`")
    rule = _RULES.get(match[2])
    if rule is None:
        raise ValueError(f"{match[2][:20]!r} is no rule")
    proof.last = _small(rule(proof, match[3].strip()))
    proof.known[number] = proof.last
    if match[2] == "assume":
        proof.open.append(number)


def _small(found: Formula) -> Formula:
    """The same formula.  Raises `ValueError` where it is too large to be compared."""
    pending, signs = [found], 0
    while pending:
        pending += [part for part in pending.pop() if isinstance(part, tuple)]
        signs += 1
        if signs > _LARGEST:
            raise ValueError("makes a formula that is too long")
    return found


def _assume(proof: _Proof, text: str) -> Formula:
    return formula(text)


def _premise(proof: _Proof, text: str) -> Formula:
    found = formula(text)
    if found not in proof.premises:
        raise ValueError("is no premise of the statement")
    return found


def _discharge(proof: _Proof, text: str) -> Formula:
    first, _, last = text.partition("-")
    if not proof.open or first.strip() != str(proof.open[-1]):
        raise ValueError("closes no open assumption, or not the last one")
    found = implies(proof.line(first.strip()), proof.line(last.strip()))
    start = proof.open[-1]
    proof.open.pop()
    proof.known = {place: known for place, known in proof.known.items() if place < start}
    return found


def _apply(proof: _Proof, text: str) -> Formula:
    arrow, premise = proof.lines(text, 2)
    if arrow[0] != "->" or arrow[1] != premise:
        raise ValueError("needs P -> Q, and P")
    return _side(arrow, 2)


def _both(proof: _Proof, text: str) -> Formula:
    return ("&", *proof.lines(text, 2))


def _part(place: int) -> Callable[[_Proof, str], Formula]:
    def rule(proof: _Proof, text: str) -> Formula:
        (found,) = proof.lines(text, 1)
        if found[0] != "&":
            raise ValueError("needs P & Q")
        return _side(found, place)

    return rule


def _either(place: int) -> Callable[[_Proof, str], Formula]:
    def rule(proof: _Proof, text: str) -> Formula:
        number, _, other = text.partition(" ")
        one, more = proof.line(number), formula(other)
        return ("|", one, more) if place == 1 else ("|", more, one)

    return rule


def _cases(proof: _Proof, text: str) -> Formula:
    both, first, second = proof.lines(text, 3)
    if both[0] != "|" or first[0] != "->" or second[0] != "->":
        raise ValueError("needs P | Q, P -> R and Q -> R")
    if (first[1], second[1]) != both[1:] or first[2] != second[2]:
        raise ValueError("needs P -> R and Q -> R for the P | Q that it has")
    return _side(first, 2)


def _anything(proof: _Proof, text: str) -> Formula:
    number, _, wanted = text.partition(" ")
    if proof.line(number) != FALSE:
        raise ValueError("needs a line that is false")
    return formula(wanted)


def _excluded_middle(proof: _Proof, text: str) -> Formula:
    found = formula(text)
    return ("|", found, implies(found, FALSE))


def _side(found: Formula, place: int) -> Formula:
    side = found[place]
    assert isinstance(side, tuple)
    return side


_RULES: dict[str, Callable[[_Proof, str], Formula]] = {
    "assume": _assume,
    "premise": _premise,
    "->I": _discharge,
    "->E": _apply,
    "&I": _both,
    "&E1": _part(1),
    "&E2": _part(2),
    "|I1": _either(1),
    "|I2": _either(2),
    "|E": _cases,
    "_|_E": _anything,
    "LEM": _excluded_middle,
}
