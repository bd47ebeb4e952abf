"""Every labelled sibling of a known fault: choice, short answers, constraints."""

import json
from pathlib import Path

import pytest

from whet.rewards.verifiable.choice import Choice
from whet.rewards.verifiable.constraints import Constraints
from whet.rewards.verifiable.qa_exact import QaExact

FOLDER = Path(__file__).parents[3] / "benchmarks" / "labelled" / "siblings"
# wrong, but paid: the option or answer is a part of a longer name, such as `Mars bar`
PAID = {
    "choice": {330, 332, 336, 636, 739, 769},
    "qa": {859},
    "constraints": frozenset[int](),
}
# right, but refused: they have words that are neither the question's nor function words
REFUSED = {
    "choice": {254, 258, 384, 396, 580, 588, 667, 795},
    "qa": {
        211,
        259,
        311,
        320,
        407,
        435,
        454,
        478,
        495,
        496,
        497,
        549,
        579,
        582,
        593,
        620,
        744,
        747,
        773,
        792,
        813,
        845,
        865,
        882,
        969,
        973,
    },
    "constraints": frozenset[int](),
}


def cases(name):
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [pytest.param(row, id=row["id"]) for row in map(json.loads, lines)]


def agrees(row, verdict):
    name, _, number = row["id"].partition("-s")
    known = int(number) in (REFUSED if row["correct"] else PAID)[name]
    assert bool(verdict.correct) is (row["correct"] is not known) and not verdict.fault, (
        row["kind"],
        row["reply"],
    )


@pytest.mark.parametrize("row", cases("choice"))
def test_choice(rolled, row):
    rollout = rolled(row["reply"], row["gold"], prompt=row["question"], choices=row["options"])
    agrees(row, Choice().score(rollout))


@pytest.mark.parametrize("row", cases("qa"))
def test_short_answers(rolled, row):
    rollout = rolled(row["reply"], "", prompt=row["question"], answers=row["golds"])
    agrees(row, QaExact().score(rollout))


@pytest.mark.parametrize("row", cases("constraints"))
def test_constraints(rolled, row):
    asked = [
        {"id": name, "kwargs": kwargs}
        for name, kwargs in zip(row["instruction_id_list"], row["kwargs"], strict=True)
    ]
    agrees(row, Constraints().score(rolled(row["reply"], constraints=asked)))
