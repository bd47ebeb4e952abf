"""Every metric that a run of an algorithm writes, against a hand count.

A metric without a hand count fails, and so does a hand count of a metric that is not written.
"""

import asyncio
from dataclasses import replace
from fnmatch import fnmatchcase
from math import isclose
from typing import Any

import pytest
from hand_counts import HAND, Counted, Step
from hand_extensions import HAND_EXTENSIONS
from hand_teachers import HAND_TEACHERS
from hand_updates import Update
from small import Repeats
from thinned import thinned
from witnessed import (
    ENGINE,
    LONGEST,
    LR,
    ROLLOUTS,
    SHAPE,
    TICKETS,
    Answering,
    Witness,
    objective_of,
    witnessed,
)
from witnessed_engine import Witnessed

from whet.policy.extensions.length_targets import LengthTargets
from whet.registry import names
from whet.training import glossary
from whet.training.ledger import Ledger
from whet.training.metrics import of_sft
from whet.training.run import Warmup
from whet.training.warmup import WarmupProgress, sft
from whet.types.optimizers import AdamW, LinearDecay

NAMES = sorted(names("algorithm"))
PROMPTS = {"tokens_prefilled", "tokens_shared", "tokens_reread"}
PASSED = PROMPTS | {"tokens_decoded"}
ELSEWHERE = {"forgotten"}  # test_forgetting checks its sign; the witness plays no second round


def same(told: dict[str, Any], found: Counted) -> bool:
    """Float32 against float64; the denominator exactly."""
    if told["of"] != found.of or (told["value"] is None) != (found.value is None):
        return False
    return found.value is None or isclose(told["value"], found.value, rel_tol=1e-4, abs_tol=3e-6)


def hand_count(step: Step, name: str) -> Counted:
    return (HAND | HAND_EXTENSIONS | HAND_TEACHERS)[name](step)


def wrong(witness: Witness) -> list[tuple[Any, ...]]:
    """The metrics of a run that differ from their hand count."""
    found = []
    for number, row in enumerate(witness.rows):
        step = Step(witness, number)
        for name, told in row["metrics"].items():
            known = glossary.metric("step", name)
            assert known is not None, name
            if not known.clock and name not in PASSED:
                counted = hand_count(step, name)
                found += [] if same(told, counted) else [(number, name, tuple(counted), told)]
        found += tokens_that_passed(witness, number, row["metrics"])
        found += clocks(row["metrics"])
    return found


def tokens_that_passed(
    witness: Witness, number: int, told: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Prompt tokens are read or computed, once or again; reply tokens are counted as they pass."""
    asked, decoded = witness.tokens[number]
    count = {name: told[name]["value"] for name in PASSED}
    right = sum(count[name] for name in PROMPTS) == asked and count["tokens_decoded"] == decoded
    assert all(told[name]["of"] == 1 and count[name] >= 0 for name in PASSED)
    return [] if right else [(number, "tokens", asked, decoded, count)]


def clocks(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Seconds are positive; rates are tokens over those seconds."""
    second = {name: told[f"seconds_{name}"]["value"] for name in ("play", "learn", "sync")}
    taught = told["taught"]["value"] * told["taught"]["of"]
    rates = [
        ("decoded_per_second", told["tokens_decoded"]["value"], second["play"]),
        ("learned_per_second", taught, second["learn"]),
    ]
    assert all(x > 0 for x in second.values())
    return [
        (name, told[name])
        for name, tokens, spent in rates
        if not (isclose(told[name]["value"] * spent, tokens) and told[name]["of"] == spent)
    ]


def named(witness: Witness) -> set[str]:
    return {name for row in witness.rows for name in row["metrics"]}


@pytest.mark.parametrize("name", thinned(NAMES, 4))
def test_every_metric_is_its_hand_count(name, tmp_path):
    witness = witnessed(objective_of(name), tmp_path)
    assert not wrong(witness)
    for step in witness.steps:  # the policy's own rollouts: no more and no fewer
        versions = {span.version for g in step.sampled for r in g for span in r.spans} - {None}
        assert [len(group) for group in step.sampled] == [ROLLOUTS] * TICKETS
        assert len(versions) == 1
        assert max(r.length for g in step.sampled for r in g) <= LONGEST


def test_what_the_world_says_is_counted(tmp_path):
    """Every reply but the last is answered with two tokens; each of them counts, whatever Â."""
    witness = witnessed(objective_of("echo"), tmp_path, environment=Answering(turns=3))
    assert not wrong(witness)
    [row] = witness.rows
    learned = [r for u in Step(witness, 0).taken for r in u.rollouts]
    assert row["metrics"]["observed_nll"]["of"] == 2 * 2 * len(learned) > 0
    assert row["metrics"]["taught"]["value"] == 1


def test_every_row_of_the_glossary_is_counted_here():
    """And no hand count is of a metric that the glossary lacks.

    Metrics of sampling parts are counted by the tests of those parts.
    """
    counted = {*HAND, *HAND_EXTENSIONS, *HAND_TEACHERS, *PASSED, *ELSEWHERE}
    rows = {m.name: m for m in (*glossary.STEP, *glossary.EXTENSIONS)}
    assert all(m.unit and m.says and m.of for m in rows.values())
    for name, row in rows.items():
        assert row.clock or any(fnmatchcase(one, name) for one in counted), name
    assert all(glossary.metric("step", name) for name in counted)


def test_supervised_metrics_are_their_hand_count(tmp_path):
    """Three steps: loss, its moving average, entropy, gradient and learning rate."""
    warmup = Warmup(
        teacher=Repeats(), steps=3, batch=4, optimizer=AdamW(lr=LR, decay=LinearDecay())
    )
    engine, ledger, average = Witnessed(**ENGINE), Ledger(tmp_path), None

    async def supervised() -> None:
        player, learner = await engine.open(SHAPE, 0)
        learner.reset_optimizer(warmup.optimizer)
        async for step in sft(warmup, learner, player.renderer, 0, WarmupProgress()):
            ledger.write("sft", (0, step.number), of_sft(step))

    asyncio.run(supervised())
    updates = [Update(seen) for seen in engine.kept.learners[0].seen]
    rows = [row["metrics"] for row in ledger.rows()]
    assert len(rows) == len(updates) == 3
    for number, (told, update) in enumerate(zip(rows, updates, strict=True)):
        tokens = sum(sum(r.action_mask.tolist()) for r in update.rollouts)
        loss = -update.exact.logp.sum().item() / tokens
        average = loss if average is None else 0.9 * average + 0.1 * loss
        entropy = update.exact.entropy.sum().item() / tokens
        found = {
            "loss": Counted(loss, 1),
            "average_loss": Counted(average, 1),
            "lr": Counted(LR * (1 - number / 3), 1),
            "entropy": Counted(entropy, tokens),
            "grad_norm": Counted(update.grad_norm, 1),
            "computed": Counted(update.seen.read / tokens, tokens),
        }
        assert told.keys() == found.keys() | {"seconds"} == {m.name for m in glossary.SUPERVISED}
        assert told["seconds"]["value"] > 0
        for name, counted in found.items():
            assert same(told[name], counted), (number, name, told[name], counted)


def test_the_budgets_of_length_are_their_hand_count(tmp_path):
    budgets = LengthTargets(targets=(5, 4, 3), least=1)
    objective = replace(objective_of("dapo"), companions=(budgets,))
    witness = witnessed(objective, tmp_path)
    assert not wrong(witness)
    assert {f"target_length_{n}" for n in range(3)} <= named(witness)
