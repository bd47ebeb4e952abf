"""A second kernel of natural deduction, and drawn proofs, which it reads as data."""

from itertools import product
from typing import Any

ATOMS = ("P", "Q", "R")
FALSE = "_|_"


def shown(formula, rng):
    """A formula as text, with more brackets than needed, or with ~ for an arrow to false."""
    if isinstance(formula, str):
        return formula
    sign, left, right = formula
    if sign == "->" and right == FALSE and rng.random() < 0.5:
        return f"~{shown(left, rng)}" if isinstance(left, str) else f"~({shown(left, rng)})"
    return f"({shown(left, rng)} {sign} {shown(right, rng)})"


def drawn_formula(rng, depth=2):
    if not depth or rng.random() < 0.4:
        return rng.choice((*ATOMS, FALSE))
    sides = (drawn_formula(rng, depth - 1) for _ in range(2))
    return (rng.choice(("->", "&", "|")), *sides)


def holds(formula, row):
    if isinstance(formula, str):
        return formula != FALSE and row[formula]
    sign, left, right = formula
    a, b = holds(left, row), holds(right, row)
    return {"->": not a or b, "&": a and b, "|": a or b}[sign]


def entailed(premises, goal):
    rows = (dict(zip(ATOMS, bits, strict=True)) for bits in product((0, 1), repeat=3))
    return all(holds(goal, r) for r in rows if all(holds(p, r) for p in premises))


class Kernel:
    """Lines that may be used; None where a rule doesn't apply."""

    def __init__(self, premises):
        self.premises, self.boxes = premises, []
        self.lines: list[Any] = []

    def at(self, number) -> Any:
        """A line that is written and not in a closed box."""
        inside = isinstance(number, int) and 1 <= number <= len(self.lines)
        return self.lines[number - 1] if inside else None

    def step(self, rule, args):
        made = getattr(self, "_" + rule)(*args)
        if made is None:
            return False
        self.lines.append(made)
        return True

    def _assume(self, formula):
        self.boxes.append(len(self.lines) + 1)
        return formula

    def _premise(self, formula):
        return formula if formula in self.premises else None

    def _to(self, first, last):
        if not self.boxes or self.boxes[-1] != first or self.at(last) is None:
            return None
        made = ("->", self.at(first), self.at(last))
        self.boxes.pop()
        for n in range(first, len(self.lines) + 1):
            self.lines[n - 1] = None
        return made

    def _apply(self, arrow, given):
        found = self.at(arrow)
        fits = isinstance(found, tuple) and found[0] == "->" and found[1] == self.at(given)
        return found[2] if fits else None

    def _both(self, one, other):
        known = (self.at(one), self.at(other))
        return None if None in known else ("&", *known)

    def _one(self, number, side):
        found = self.at(number)
        return found[side] if isinstance(found, tuple) and found[0] == "&" else None

    def _or(self, number, other, side):
        found = self.at(number)
        if found is None:
            return None
        return ("|", found, other) if side == 1 else ("|", other, found)

    def _cases(self, both, first, second):
        either, *arrows = self.at(both), self.at(first), self.at(second)
        if any(not isinstance(f, tuple) for f in (either, *arrows)) or either[0] != "|":
            return None
        (sign, a, c), (other, b, d) = arrows
        return c if sign == other == "->" and (a, b) == either[1:] and c == d else None

    def _any(self, number, formula):
        return formula if self.at(number) == FALSE else None

    def _lem(self, formula):
        return ("|", formula, ("->", formula, FALSE))


def proved(premises, goal, proof):
    kernel = Kernel(premises)
    if not proof or not all(kernel.step(*line) for line in proof):
        return False
    return not kernel.boxes and kernel.lines[-1] == goal


def line(rng, count, boxes):
    """Any rule, on lines that mostly exist."""
    n = lambda: rng.randint(max(1, count - 4), count + (rng.random() < 0.05)) if count else 1  # noqa: E731
    f = drawn_formula(rng, 1)
    rules = [("assume", (f,)), ("premise", (f,)), ("apply", (n(), n())), ("both", (n(), n())),
             ("one", (n(), rng.choice((1, 2)))), ("or", (n(), f, rng.choice((1, 2)))),
             ("cases", (n(), n(), n())), ("any", (n(), f)), ("lem", (f,)),
             *[("to", (boxes[-1] if boxes else 1, n()))] * 2]  # fmt: skip
    return rng.choice(rules)


def drawn_proof(rng):
    """Mostly valid lines: of several drawn ones the first that applies."""
    premises = [drawn_formula(rng, 1) for _ in range(rng.randrange(3))]
    kernel, proof = Kernel(premises), []
    for premise in premises:
        proof.append(("premise", (premise,)))
        kernel.step(*proof[-1])
    for _ in range(rng.randint(1, 12)):
        for _ in range(8):
            tried = line(rng, len(proof), kernel.boxes)
            if kernel.step(*tried):
                proof.append(tried)
                break
    while kernel.boxes and rng.random() < 0.9:
        proof.append(("to", (kernel.boxes[-1], len(proof))))
        if not kernel.step(*proof[-1]):
            break
    return premises, proof, kernel.lines[-1] if kernel.lines else "P"


NAMES = {"assume": "assume", "premise": "premise", "to": "->I", "apply": "->E", "both": "&I",
         "cases": "|E", "any": "_|_E", "lem": "LEM"}  # fmt: skip


def text_of(proof, rng):
    lines = []
    for number, (rule, args) in enumerate(proof, 1):
        said = [shown(a, rng) if not isinstance(a, int) else str(a) for a in args]
        if rule in ("one", "or"):
            name, said = f"{'&E' if rule == 'one' else '|I'}{said[-1]}", said[:-1]
        else:
            name = NAMES[rule]
        lines.append(f"{number} {name} {('-' if rule == 'to' else ' ').join(said)}")
    return rng.choice([";", "\n", " ; "]).join(lines)
