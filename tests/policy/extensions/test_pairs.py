"""The order in which an algorithm names two companions: where it matters, the table says why."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from policy.extensions.company import COMPANY
from policy.extensions.tiny_run import Outcome, TinyRun, finished
from thinned import thinned

from whet.policy.extensions.together import refuse_rivals
from whet.types import Rollout, UsageError


def rivals(one: Any, other: Any) -> bool:
    try:
        refuse_rivals((one, other))
    except UsageError:
        return True
    return False


PAIRS = list(combinations(COMPANY, 2))
TOGETHER = [pair for pair in PAIRS if not rivals(*pair)]
NAMES = {frozenset(type(c).__name__ for c in pair): pair for pair in PAIRS}


async def outcomes(folder: Path, *companions: Any) -> list[Outcome]:
    folder.mkdir(parents=True, exist_ok=True)
    run = TinyRun(folder=folder)
    extensions = await run.open(*companions)
    return [await run.step(extensions, n) for n in range(3)]


def content(rollout: Rollout) -> tuple[Any, ...]:
    """What a rollout is, without its id, which tells where it joined."""
    verdict = rollout.verdict
    judged = None if verdict is None else (round(verdict.score, 9), verdict.correct)
    tokens = tuple(rollout.token_ids.tolist())
    return (rollout.task.id, rollout.seed, tokens, rollout.spans, judged)


def told(outcome: Outcome) -> list[tuple[Any, ...]]:
    """All groups, and with each rollout what advantages are made of; in any order."""
    inputs = outcome.inputs
    lengths = [r.length for r in outcome.rollouts]
    columns = [inputs.reward, inputs.baseline]
    per_rollout = [x.tolist() if x is not None else [None] * len(lengths) for x in columns]
    tokens = [inputs.value, inputs.dense, inputs.segment]
    per_token = [
        [y.tolist() for y in x.split(lengths)] if x is not None else [None] * len(lengths)
        for x in tokens
    ]
    rows = [
        (str(content(r)), str([x[i] for x in per_rollout + per_token]))
        for i, r in enumerate(outcome.rollouts)
    ]
    groups: dict[int, list[Any]] = {}
    for row, group in zip(rows, inputs.group.tolist(), strict=True):
        groups.setdefault(group, []).append(row)
    return sorted(tuple(sorted(mine)) for mine in groups.values())


def commutes(pair: tuple[Any, Any], folder: Path) -> bool:
    one = finished(outcomes(folder / "one", *pair))
    other = finished(outcomes(folder / "other", *reversed(pair)))
    return [told(o) for o in one] == [told(o) for o in other]


LATE = {"Hints", "ExtraRound", "Branches", "Replay", "Eepo"}  # they bring rollouts of the policy
JUDGES = {"Coevolving", "PathConsistency", "LengthTargets"}
CHOOSERS = {"ProcessOutcomeFilter", "Distinct"}
HELPERS = {"DemonstrationFallback", "Branches", "ExtraRound", "AnswerHints", "SFTBuffer"}

# Why the order matters, and between which of the one and which of the other kind.
REASONS: tuple[tuple[str, set[str], set[str]], ...] = (
    ("what joins after a judge is not judged by it", JUDGES, LATE),
    ("what joins after a choice is not chosen from", CHOOSERS, LATE),
    ("a judge compares, and learns from, what an earlier choice left", CHOOSERS, JUDGES | CHOOSERS),
    ("PathConsistency's score replaces what others added", {"PathConsistency"}, JUDGES),
    ("each helps where a task is still unsolved when it is asked", HELPERS, HELPERS | LATE),
    ("a group that is replaced loses what had joined it", {"Branches"}, LATE | {"Demonstrations"}),
    ("memories are of what the memory was shown", {"Replay"}, LATE),
    ("hints join old groups as well", {"PastBatches"}, LATE),
    ("old groups meet the judge of now, or bring the verdict of then", {"PastBatches"}, JUDGES),
    (
        "what was replaced was not learned from, and is no past",
        {"PastBatches"},
        {"DemonstrationFallback"},
    ),
    (
        "a verifier that is asked first learns from the solved tasks too",
        {"Rehearsal"},
        {"Coevolving"},
    ),
    ("a group that was dropped gets no second half", {"Rehearsal"}, {"Eepo"}),
)


def reasons(pair: tuple[Any, Any]) -> list[str]:
    one, other = (type(c).__name__ for c in pair)
    return [
        why
        for why, these, those in REASONS
        if (one in these and other in those) or (other in these and one in those)
    ]


@pytest.mark.parametrize(
    "pair", thinned(TOGETHER, 3), ids=lambda p: "-".join(type(c).__name__ for c in p)
)
def test_a_pair_commutes_or_the_table_says_why_not(pair, tmp_path):
    assert commutes(pair, tmp_path) or reasons(pair)


@pytest.mark.parametrize("why", REASONS, ids=lambda why: why[0])
def test_every_reason_has_a_pair_that_shows_it(why, tmp_path):
    only = [p for p in TOGETHER if why[0] in reasons(p) and len(reasons(p)) == 1]
    some = only or [p for p in TOGETHER if why[0] in reasons(p)]
    shown = (not commutes(pair, tmp_path / str(i)) for i, pair in enumerate(some))
    assert any(shown)


def test_pairs_that_give_the_same_column_are_refused():
    refused = {k for k, pair in NAMES.items() if rivals(*pair)}
    baselines = ("Greedy", "Tracker", "MovingMean", "ReferenceValues")
    assert refused == {
        frozenset({"Critic", "MonteCarloValues"}),
        *map(frozenset, combinations(baselines, 2)),
    }


def test_probes_give_their_values_before_and_after_length_targets(tmp_path):
    """A beginning is worth what its continuations earn; no token has the value 0 by default."""
    probes, lengths = NAMES[frozenset({"MonteCarloValues", "LengthTargets"})]
    orders = ((probes, lengths), (lengths, probes))
    found = [finished(outcomes(tmp_path / str(i), *pair)) for i, pair in enumerate(orders)]
    for one, other in zip(*found, strict=True):
        assert one.inputs.value.tolist() == other.inputs.value.tolist()
        assert one.inputs.segment.tolist() == other.inputs.segment.tolist()
    first = found[0][0]
    for group in range(3):
        mine = first.inputs.group == group
        mean = first.inputs.reward[mine].mean().item()
        rows = mine.nonzero()[:, 0].tolist()
        for row in rows:
            assert first.inputs.value is not None
            value = first.inputs.value[first.inputs.row == row]
            assert value[:2].tolist() == pytest.approx([mean, mean])
    assert first.inputs.value.count_nonzero() > 0
