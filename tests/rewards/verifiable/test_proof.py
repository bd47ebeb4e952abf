"""The kernel: what it proves, what it refuses, and that it proves nothing that is false."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.rewards.verifiable.proof import Prefix, Proof
from whet.rewards.verifiable.proof.natural_deduction import check, statement
from whet.rewards.verifiable.proof.propositions import formula
from whet.types import Reason, UsageError

PROOFS = {
    "P -> P": "1 assume P; 2 ->I 1-1",
    "P → P": "1 assume P\n2 →I 1-1",
    "P, P -> Q |- Q": "1 premise P; 2 premise P -> Q; 3 ->E 2 1",
    "P & Q |- Q & P": "1 premise P & Q; 2 &E1 1; 3 &E2 1; 4 &I 3 2",
    "P | Q -> Q | P": (
        "1 assume P | Q; 2 assume P; 3 |I2 2 Q; 4 ->I 2-3; 5 assume Q; 6 |I1 5 P; 7 ->I 5-6;"
        "8 |E 1 4 7; 9 ->I 1-8"
    ),
    "P -> (Q -> P)": "1 assume P; 2 assume Q; 3 ->I 2-1; 4 ->I 1-3",
    "_|_ -> P": "1 assume _|_; 2 _|_E 1 P; 3 ->I 1-2",
    "P | ~P": "1 LEM P",
    "~~P -> P": (
        "1 assume ~~P; 2 LEM P; 3 assume P; 4 ->I 3-3; 5 assume ~P; 6 ->E 1 5; 7 _|_E 6 P;"
        "8 ->I 5-7; 9 |E 2 4 8; 10 ->I 1-9"
    ),
    "P, ~P |- Q": "1 premise P; 2 premise ~P; 3 ->E 2 1; 4 _|_E 3 Q",
}


@pytest.mark.parametrize("claim", PROOFS)
def test_proofs(rolled, claim):
    checked = check(claim, PROOFS[claim])
    assert checked.proved, checked
    assert checked.accepted == checked.total
    verdict = Proof().score(rolled(f"#{PROOFS[claim]}", statement=claim))
    assert (verdict.score, verdict.correct, verdict.reason) == (1, True, Reason.OK)


@pytest.mark.parametrize(
    ("claim", "text", "accepted", "error"),
    [
        ("P -> P", "1 assume P; 2 sorry", 1, "line 2: 'sorry' is no rule"),
        ("P -> P", "1 assume P; 3 ->I 1-1", 1, "line 2: is not `2 rule …`"),
        ("P -> P", "1 assume P", 1, "an assumption is still open"),
        ("P -> Q", "1 assume P; 2 ->I 1-1", 2, "the last line is not the conclusion"),
        ("P", "1 premise P", 0, "line 1: is no premise of the statement"),
        ("P -> Q", "1 assume P; 2 assume Q; 3 ->I 2-2; 4 ->I 1-2", 3, "line '2' can't be used"),
        ("P -> P", "1 assume P; 2 assume P; 3 ->I 1-2", 2, "closes no open assumption"),
        ("P -> P", "1 ->I 1-1", 0, "closes no open assumption"),
        ("P -> Q", "1 assume P; 2 ->E 1 1", 1, "needs P -> Q, and P"),
        ("P -> Q", "1 assume P; 2 &E1 1", 1, "needs P & Q"),
        ("P -> Q", "1 assume P; 2 _|_E 1 Q; 3 ->I 1-2", 1, "needs a line that is false"),
        ("P|Q |- P", "1 premise P|Q; 2 assume P; 3 ->I 2-2; 4 |E 1 3 3", 3, "for the P | Q"),
        ("P -> P", "1 assume P & ; 2 ->I 1-1", 0, "where a formula should begin"),
        ("P -> P", "1 assume (P", 0, "a bracket doesn't close"),
        ("P -> P", "1 assume P Q", 0, "goes on after a formula"),
        ("P -> P", "1 assume " + "(" * 300 + "P", 0, "a formula is too long"),
        ("P -> P", "1 &I 1 1", 0, "line '1' can't be used"),
        ("P -> P", "1 &I ² 1", 0, "line '²' can't be used"),
        ("P -> P", "", 0, "0 lines"),
        ("P -> P", "1 assume P;" * 600, 0, "600 lines"),
    ],
)
def test_what_is_no_proof(claim, text, accepted, error):
    checked = check(claim, text)
    assert not checked.proved
    assert checked.accepted == accepted
    assert error in checked.error


def test_sorry_earns_nothing_and_a_prefix_at_most_its_cap(rolled):
    sorry = rolled("#1 assume P; 2 sorry", statement="P -> P")
    assert Proof().score(sorry).score == 0
    verdict = Proof(credit=Prefix()).score(sorry)
    assert (verdict.score, verdict.reason, verdict.correct) == (0.5, Reason.PARTIAL, False)
    assert verdict.parts == {"accepted": 1, "lines": 2}
    late = rolled("#1 assume P; 2 assume P; 3 assume P; 4 sorry", statement="P -> P")
    assert Proof(credit=Prefix()).score(late).score == 0.5
    assert Proof(credit=Prefix(cap=0.9)).score(late).score == 0.75
    whole = rolled(f"#{PROOFS['P -> P']}", statement="P -> P")
    assert Proof(credit=Prefix()).score(whole).score == 1
    with pytest.raises(UsageError, match="proof.credit.cap is 1.0"):
        Prefix(cap=1.0)


def test_where_a_proof_may_stand(rolled):
    text = PROOFS["P -> P"].replace(";", "\n")
    for reply in (f"```\n{text}\n```", f"<answer>{text}</answer>", f"<think>x</think>#{text}"):
        assert Proof().score(rolled(reply, statement="P -> P")).correct, reply
    assert Proof().score(rolled(text, statement="P -> P")).reason is Reason.NO_ANSWER
    assert Proof().score(rolled(f"<think>#{text}", statement="P -> P")).reason is Reason.TRUNCATED
    assert Proof().score(rolled(f"#{text}")).fault


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("P & Q | R", "(P & Q) | R"),
        ("P -> Q -> R", "P -> (Q -> R)"),
        ("P & Q & R", "(P & Q) & R"),
        ("P | Q -> R", "(P | Q) -> R"),
        ("~P & Q", "(~P) & Q"),
        ("~P", "P -> _|_"),
        ("¬P ∧ ⊥", "~P & _|_"),
    ],
)
def test_formulas(text, same):
    assert formula(text) == formula(same)


def holds(found, values):
    if len(found) == 1:
        return found[0] != "_|_" and values[found[0]]
    sign, left, right = found[0], holds(found[1], values), holds(found[2], values)
    return {"->": not left or right, "&": left and right, "|": left or right}[sign]


def follows(claim):
    premises, goal = statement(claim)
    for bits in product((False, True), repeat=2):
        values = dict(zip("PQ", bits, strict=True))
        if all(holds(premise, values) for premise in premises) and not holds(goal, values):
            return False
    return True


small = st.recursive(
    st.sampled_from(["P", "Q", "_|_"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["->", "&", "|"]), inner),
        st.builds("~{}".format, inner),
    ),
    max_leaves=3,
)
numbers = st.integers(1, 6)
rules = st.one_of(
    st.builds("assume {}".format, small),
    st.builds("premise {}".format, small),
    st.builds("->I {}-{}".format, numbers, numbers),
    st.builds("->E {} {}".format, numbers, numbers),
    st.builds("&I {} {}".format, numbers, numbers),
    st.builds("&E{} {}".format, st.integers(1, 2), numbers),
    st.builds("|I{} {} {}".format, st.integers(1, 2), numbers, small),
    st.builds("|E {} {} {}".format, numbers, numbers, numbers),
    st.builds("_|_E {} {}".format, numbers, small),
    st.builds("LEM {}".format, small),
)


@settings(max_examples=300)
@given(st.lists(rules, min_size=1, max_size=8), small, st.lists(small, max_size=2))
def test_nothing_false_is_proved(lines, goal, premises):
    claim = f"{', '.join(premises)} |- {goal}" if premises else goal
    text = "; ".join(f"{n} {line}" for n, line in enumerate(lines, 1))
    if check(claim, text).proved:
        assert follows(claim)


@given(st.text(max_size=80))
def test_no_text_upsets_the_kernel(text):
    checked = check("P -> P", text)
    assert 0 <= checked.accepted <= checked.total
    assert checked.proved or checked.error
