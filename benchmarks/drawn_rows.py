"""Replies to drawn tasks, labelled by solvers and a proof kernel that share no line with judges.

The solvers are those of tests/puzzle_oracles.py and tests/proof_oracle.py.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
puzzles = import_module("puzzle_oracles")
proofs = import_module("proof_oracle")

TASKS, LONGEST = 40, 300  # drawn of each kind; characters of a statement
Row = Mapping[str, Any]


def puzzle_rows(name: str) -> Iterator[Row]:
    """Right, changed and random answers to puzzles of one kind."""
    for seed in range(TASKS):
        rng = Random(f"law {name} {seed}")
        made = puzzles.MAKERS[name](rng)
        if made is None or not made[1]:
            continue
        info, every, legal, signs = made
        size = len(every[0]) if name in puzzles.FIXED else None
        for moves in puzzles.answers(rng, every, legal, signs, size):
            reply = f"#{' '.join(moves)}"
            yield _row(f"{name} {seed}", info, reply, correct=bool(legal(moves)))


def proof_rows() -> Iterator[Row]:
    """Drawn proofs, some with one line exchanged or another goal."""
    for seed in range(10 * TASKS):
        rng = Random(seed)
        premises, proof, last = proofs.drawn_proof(rng)
        goal = last if rng.random() < 0.8 and last is not None else proofs.drawn_formula(rng)
        if rng.random() < 0.3 and proof:
            proof[rng.randrange(len(proof))] = proofs.line(rng, len(proof), [1])
        told = ", ".join(proofs.shown(p, rng) for p in premises)
        statement = f"{told} |- {proofs.shown(goal, rng)}"
        if len(statement) <= LONGEST:
            reply = f"```\n{proofs.text_of(proof, rng)}\n```"
            right = proofs.proved(premises, goal, proof)
            yield _row(statement, {"statement": statement}, reply, correct=right)


def countdown_rows() -> Iterator[Row]:
    """Expressions in the drawn numbers, computed while they are drawn; half miss the target."""
    for seed in range(5 * TASKS):
        rng = Random(seed)
        numbers = [rng.randint(1, 30) for _ in range(rng.randint(3, 5))]
        text, value = _expression(numbers, rng)
        if value is None or value.denominator != 1:
            continue
        right = rng.random() < 0.5
        info = {"numbers": numbers, "target": int(value) + (0 if right else rng.choice((-1, 1, 2)))}
        yield _row(f"{info}", info, f"<answer>{text}</answer>", correct=right)


def _expression(numbers: list[int], rng: Random) -> tuple[str, Fraction | None]:
    """An expression that uses each number once, and its value; None where it divides by zero."""
    if len(numbers) == 1:
        return str(numbers[0]), Fraction(numbers[0])
    cut = rng.randrange(1, len(numbers))
    (left, a), (right, b) = _expression(numbers[:cut], rng), _expression(numbers[cut:], rng)
    sign = rng.choice("+-*/")
    text = f"({left} {sign} {right})"
    if a is None or b is None or (sign == "/" and not b):
        return text, None
    return text, {"+": a + b, "-": a - b, "*": a * b, "/": a / (b or 1)}[sign]


def _row(prompt: str, info: Mapping[str, Any], reply: str, *, correct: bool) -> Row:
    """A row of `whet verify`; it has to have an answer, which here is the info as JSON."""
    answer = json.dumps(info)
    return {
        "prompt": prompt, "reply": reply, "answer": answer, "info": info, "correct": correct,
    }  # fmt: skip


DRAWN: Mapping[str, Callable[[], Iterator[Row]]] = {
    **{name: lambda name=name: puzzle_rows(name) for name in puzzles.MAKERS},
    "proof": proof_rows,
    "countdown": countdown_rows,
}
