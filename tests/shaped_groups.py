"""Groups by hand for re-derived rewards: what a judge would say of a reply stands in the reply."""

import json
from dataclasses import dataclass, replace
from math import isnan

import pytest
from said import asked, replied

from whet.protocols import Reward
from whet.types import Decoding, Finish, Reason, Verdict


@dataclass(frozen=True, kw_only=True)
class Row:
    """One reply of a group: everything that a shaping reward may look at."""

    right: bool = False
    length: int = 10
    score: float | None = None  # of the inner reward; None: 1 where it is right, else 0
    opinion: float = 0.5  # of a model, or of a component
    second: float = 0.5  # of another one
    answer: str = "7"
    fault: bool = False
    finish: Finish = Finish.STOP

    @property
    def c(self):
        return 1.0 if self.right else 0.0

    @property
    def R(self):  # noqa: N802  (the letter of the equations)
        return self.c if self.score is None else self.score


class Told(Reward):
    """The inner reward: what the reply says of itself."""

    async def score(self, rollout):
        row = json.loads(rollout.reply)
        if row["fault"]:
            return Verdict.unjudged("asked for")
        grade = float(row["right"]) if row["score"] is None else row["score"]
        reason = Reason.OK if row["right"] else Reason.WRONG
        return Verdict(reason=reason, score=grade, correct=row["right"], answer=row["answer"])


class Heard(Reward):
    """A model: the opinion that stands in the reply."""

    name = "opinion"

    async def score(self, rollout):
        return Verdict(reason=Reason.PARTIAL, score=json.loads(rollout.reply)[self.name])


class Seconded(Heard):
    """Another one."""

    name = "second"


class Failing(Reward):
    """A judge that is down."""

    async def score(self, rollout):
        del rollout
        return Verdict.unjudged("down")


def rollouts(rows):
    return [
        replied(
            json.dumps(vars(row)),
            length=row.length,
            finish=row.finish,
            seed=i,
            decoding=Decoding(max_new_tokens=max(row.length, 1)),
        )
        for i, row in enumerate(rows)
    ]


def found(judge, rows, step=0):
    """Scores of a judge; None for a reply without one."""
    verdicts = asked(judge, rollouts(rows), step=step)
    return [None if isnan(v.score) else v.score for v in verdicts]


def among_judged(oracle):
    """The oracle of a group with faults: their rows have no score, and count for nothing."""

    def with_faults(rows, *settings):
        scores = iter(oracle([row for row in rows if not row.fault], *settings))
        return [None if row.fault else next(scores) for row in rows]

    return with_faults


R, W = Row(right=True), Row()
LONG, CUT, NONE = 10_000, Finish.LENGTH, 0
UP, DOWN = 0.1 + 0.2, 0.3  # one ulp apart


def lengths(row, *values):
    return [replace(row, length=value) for value in values]


GROUPS = {
    "nobody": [],
    "one right": [R],
    "one wrong": [W],
    "ties": [R, R, W, W],
    "all right": lengths(R, 5, 9, 30, 31),
    "all wrong": lengths(W, 5, 9, 30, 31),
    "all equally long": lengths(R, 7, 7, 7),
    "an empty reply": [replace(W, length=NONE), replace(R, length=12)],
    "only empty replies": [replace(W, length=NONE), replace(W, length=NONE)],
    "cut": [replace(W, length=LONG, finish=CUT), replace(R, length=800), R],
    "a fault": [R, W, replace(R, length=90), replace(R, fault=True, length=LONG, opinion=1.0)],
    "only faults": [replace(R, fault=True)] * 2,
    "a third right": [*lengths(R, 1500), *lengths(W, 700, 2500)],
    "two thirds right": [*lengths(R, 1500, 600), *lengths(W, 2500)],
    "half right": [*lengths(R, 1024, 1025), *lengths(W, 2048, 2049)],
    "six": [*lengths(R, 100, 200, 4096), *lengths(W, 4097, 50, LONG)],
    "graded": [replace(R, score=0.9, length=40), replace(W, score=0.6, length=3), W],
    "negative": [replace(R, score=1.0, length=40), replace(W, score=-1.0, length=3), W],
    "opinions": [replace(R, opinion=0.9), replace(R, opinion=0.1), replace(W, opinion=1.0), W],
    "one ulp": [replace(R, opinion=UP), replace(R, opinion=DOWN), replace(R, opinion=DOWN)],
    "one ulp, wrong": [replace(W, opinion=UP), replace(W, opinion=DOWN), R],
    "float32": [replace(R, opinion=0.10000000149011612), replace(R, opinion=0.1), W],
    "answers": [replace(R, answer=a) for a in ("42", "42", "43")] + [replace(W, answer="9"), W],
}


def everywhere(check):
    """A test that makes this check with every group."""

    def test():
        for name, rows in GROUPS.items():
            try:
                check(rows)
            except AssertionError as wrong:
                wrong.add_note(f"group {name!r}")
                raise

    test.__doc__ = check.__doc__
    return test


def agrees(judge, rows, wanted, step=0):
    """The judge's scores are these; None where there is none."""
    scores = found(judge, rows, step)
    assert [s is None for s in scores] == [w is None for w in wanted]
    pairs = [(s, w) for s, w in zip(scores, wanted, strict=True) if w is not None]
    assert [s for s, _ in pairs] == pytest.approx([w for _, w in pairs], abs=1e-9)


def rate(rows):
    """The share of right replies."""
    return sum(row.c for row in rows) / len(rows)
