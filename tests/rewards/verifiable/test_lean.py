"""Lean: short ways are refused before it is asked; where it isn't installed, nobody is judged."""

import json
from shutil import which

import pytest

from whet.rewards.verifiable.lean import Lean
from whet.rewards.verifiable.lean.program import Status, report
from whet.types import Reason, UsageError

STATEMENT = "theorem t (n : Nat) : n + 0 = n :="
PROOF = f"{STATEMENT} by rfl"
needs_lean = pytest.mark.skipif(which("lean") is None, reason="lean is not installed")


def fenced(text):
    return f"<think>so</think>\n```lean\n{text}\n```"


def said(severity, data, line=1):
    place = {"line": line, "column": 2}
    return json.dumps({"severity": severity, "pos": place, "endPos": None, "data": data})


FREE = said("information", "'t' does not depend on any axioms")
STANDARD = said("information", "'t' depends on axioms: [propext, Classical.choice]")


def judged(rolled, reply, judge=None, **info):
    return (judge or Lean()).score(rolled(reply, **{"statement": STATEMENT, **info}))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", Reason.NO_ANSWER),
        (PROOF, Reason.NO_ANSWER),
        (f"<think>```lean\n{PROOF}\n```", Reason.TRUNCATED),
        (fenced(f"{STATEMENT} by sorry"), Reason.UNSAFE),
        (fenced(f"{STATEMENT} by admit"), Reason.UNSAFE),
        (fenced(f"theorem a : False := by sorry\n{PROOF}"), Reason.UNSAFE),
        (fenced(f"axiom a : False\n{STATEMENT} a.elim"), Reason.UNSAFE),
        (fenced(f"set_option autoImplicit true\n{PROOF}"), Reason.UNSAFE),
        (fenced(f'notation "x" => y\n{PROOF}'), Reason.WRONG),
        (fenced(f"macro_rules | `(x) => `(y)\n{PROOF}"), Reason.UNSAFE),
        (fenced(f"variable (h : False)\n{PROOF}"), Reason.UNSAFE),
        (fenced(f"{PROOF}\n#eval IO.println 1"), Reason.UNSAFE),
        (fenced(f"{STATEMENT} by native_decide"), Reason.UNSAFE),
        (fenced(f"run_cmd x\n{PROOF}"), Reason.UNSAFE),
        (fenced("theorem t (n : Nat) : n = n := rfl"), Reason.WRONG),
        (fenced(PROOF.replace("n + 0", "n  + 0")), Reason.WRONG),
        (fenced(f"{PROOF}\n{PROOF}"), Reason.WRONG),
        (fenced(STATEMENT), Reason.WRONG),
        (fenced(f"-- {STATEMENT} x\ntheorem t : True := trivial"), Reason.WRONG),
        (fenced(f"/-\n{STATEMENT} x\n-/\ntheorem t : True := trivial"), Reason.UNSAFE),
        (fenced(f'theorem a : "\n{STATEMENT} x" = "" := x\ntheorem t : True := y'), Reason.WRONG),
        (fenced(f"{STATEMENT} by simp -- {'x' * 30_000}"), Reason.WRONG),
    ],
)
def test_what_lean_is_not_asked(rolled, reply, reason):
    verdict = judged(rolled, reply, Lean(command=("no-such-lean",)))
    assert (verdict.reason, verdict.score) == (reason, 0)


def test_where_lean_is_not_installed_nobody_is_judged(rolled):
    verdict = judged(rolled, fenced(PROOF), Lean(command=("no-such-lean",)))
    assert verdict.fault
    assert verdict.note == "no-such-lean isn't installed, or not on the PATH"


@pytest.fixture
def lean(tmp_path):
    """A program in the place of Lean, which prints this and ends with this code."""

    def made(output="", code=0, wait=0):
        program = tmp_path / "lean"
        program.write_text(f"#!/bin/sh\nsleep {wait}\ncat <<'END'\n{output}\nEND\nexit {code}\n")
        program.chmod(0o755)
        return Lean(command=(str(program),), limit_s=0.2 if wait else 60.0)

    return made


def test_a_proof_that_never_ends_is_wrong(rolled, lean):
    found = judged(rolled, fenced(PROOF), lean(FREE, wait=9))
    assert (found.reason, found.score, found.fault) == (Reason.TIMEOUT, 0, False)


def test_what_lean_says_decides(rolled, lean):
    assert judged(rolled, fenced(PROOF), lean(FREE)).correct
    assert judged(rolled, f"```Lean\r\n{PROOF}\r\n```", lean(STANDARD)).correct
    assert not judged(rolled, fenced(PROOF), lean(FREE, code=1)).correct
    assert not judged(rolled, fenced(PROOF), lean("killed")).correct
    other = said("information", "'t' depends on axioms: [propext, cheat]")
    assert judged(rolled, fenced(PROOF), lean(other)).note == "rests on cheat"
    assert judged(rolled, fenced(f"{PROOF} -- \ud800"), lean(FREE)).correct  # no text


@pytest.mark.parametrize("comment", ["-- open the definition", "  -- axiom, sorry, #eval, IO"])
def test_comments_may_say_anything(rolled, lean, comment):
    assert judged(rolled, fenced(f"{STATEMENT} by\n{comment}\n  rfl {comment}"), lean(FREE)).correct


@pytest.mark.parametrize(
    "hidden",
    [
        'theorem a : "\n-- " = "\n-- " := by sorry',
        "theorem a : x --y\naxiom b : False",
        "theorem a : True := trivial\n--\nsorry",
        "/-- -/ axiom b : False",
        "theorem a : x/--y sorry",
    ],
)
def test_no_comment_hides_a_command(rolled, lean, hidden):
    assert judged(rolled, fenced(f"{hidden}\n{PROOF}"), lean(FREE)).score == 0


def test_a_task_brings_a_statement(rolled):
    for statement in ("", "n + 0 = n", "theorem t : n + 0 = n"):
        assert judged(rolled, fenced(PROOF), statement=statement).fault
    with pytest.raises(UsageError, match="lean.command is"):
        Lean(command=())


@pytest.mark.parametrize(
    ("lines", "code", "status", "axioms"),
    [
        ([FREE], 0, Status.PROVED, ()),
        ([STANDARD], 0, Status.PROVED, ("propext", "Classical.choice")),
        ([said("warning", "unused variable"), FREE], 0, Status.PROVED, ()),
        ([said("error", "type mismatch"), FREE], 1, Status.ERROR, ()),
        ([FREE], 1, Status.ERROR, ()),
        ([said("warning", "declaration uses 'sorry'"), FREE], 0, Status.SORRY, ()),
        ([said("warning", "declaration uses `sorry`"), FREE], 0, Status.SORRY, ()),
        ([], 0, Status.ERROR, ()),
        (["no JSON", "[1]", "{}", FREE], 0, Status.PROVED, ()),
    ],
)
def test_messages_of_lean_are_read(lines, code, status, axioms):
    found = report("\n".join(lines), code)
    assert (found.status, found.axioms) == (status, axioms)


def test_the_first_error_is_the_complaint():
    found = report("\n".join([said("warning", "x"), said("error", "type mismatch", 3)]), 1)
    assert found.complaint == "type mismatch"
    assert [(message.line, message.severity) for message in found.messages] == [
        (1, "warning"),
        (3, "error"),
    ]
    assert report("", 0).complaint == "error"


@needs_lean
def test_lean_itself(rolled):
    assert judged(rolled, fenced(PROOF)).correct
    wrong = judged(rolled, fenced(f"{STATEMENT} by exact absurd"))
    assert (wrong.reason, wrong.score) == (Reason.WRONG, 0)
