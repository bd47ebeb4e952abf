"""The proof kernel against a second one, and against truth tables.

Proofs are drawn as data: lines of a rule and its arguments.  The second kernel reads the data, so
that it shares no parser.  What either accepts must hold in every row of the truth table.
"""

from random import Random

import pytest
from proof_oracle import drawn_formula, drawn_proof, entailed, line, proved, shown, text_of

from whet.rewards.verifiable.proof.natural_deduction import check
from whet.rewards.verifiable.proof.reward import Prefix, Proof
from whet.types import Rollout, Task


def test_both_kernels_agree_and_are_sound():
    agreed = 0
    for seed in range(3000):
        rng = Random(seed)
        premises, proof, last = drawn_proof(rng)
        goal = last if rng.random() < 0.8 and last is not None else drawn_formula(rng)
        if rng.random() < 0.3 and proof:
            proof[rng.randrange(len(proof))] = line(rng, len(proof), [1])
        claim = ", ".join(shown(p, rng) for p in premises) + " |- " + shown(goal, rng)
        text = text_of(proof, rng)
        if len(claim) > 300 or claim.count("(") > 40:
            continue
        found = check(claim, text)
        assert found.proved is proved(premises, goal, proof), (claim, text, found)
        if found.proved:
            agreed += 1
            assert entailed(premises, goal), (claim, text)
    assert agreed > 300


def test_no_text_is_an_error():
    pieces = ["1", "2", " ", "assume", "->I", "P", "1-1", ";", "\n", "|E", "(", "~", "_|_", "sorry"]
    for seed in range(2000):
        rng = Random(seed)
        check("P -> P", "".join(rng.choice(pieces) for _ in range(rng.randint(0, 20))))


def doubled(start, first, count):
    """Lines that double a formula `count` times, from the line `start` on."""
    pairs = [start, *range(first, first + count - 1)]
    return [f"{first + k} &I {n} {n}" for k, n in enumerate(pairs)]


@pytest.mark.timeout(60)
def test_formulas_that_double_line_by_line_end_soon():
    """Two towers of 2⁹⁹ signs, which |E would compare."""
    lines = ["1 premise P", "2 assume A", *doubled(1, 3, 99), "102 ->I 2-101", "103 assume ~A"]
    lines += [*doubled(1, 104, 99), "203 ->I 103-202", "204 LEM A", "205 |E 204 102 203"]
    found = check("P |- Q", "\n".join(lines))
    assert not found.proved and "too long" in found.error


@pytest.mark.parametrize(
    "reply", ["```text\r\n1 assume P\r\n2 ->I 1-1\r\n```", "#1 assume P;2 ->I 1-1"]
)
def test_replies(reply):
    task = Task(id="t", prompt="?", info={"statement": "⊢ P → P"})
    assert Proof().score(Rollout.from_text(task, reply)).correct
    assert (
        Proof(credit=Prefix()).score(Rollout.from_text(task, reply.replace("2 ->I", "2 x"))).score
        == 0.5
    )
