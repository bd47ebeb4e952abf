"""The order in which an algorithm names two companions: where it matters, the table says why."""

from itertools import combinations
from pathlib import Path
from typing import Any

from policy.extensions.company import COMPANY
from policy.extensions.tiny_run import Outcome, TinyRun, finished

from whet.policy.extensions.together import refuse_rivals
from whet.types import Refusal, Rollout


def rivals(one: Any, other: Any) -> bool:
    try:
        refuse_rivals((one, other))
    except Refusal:
        return True
    return False


PAIRS = list(combinations(COMPANY, 2))
TOGETHER = [pair for pair in PAIRS if not rivals(*pair)]
NAMES = {frozenset(type(c).__name__ for c in pair): pair for pair in PAIRS}


async def outcomes(folder: Path, *companions: Any) -> list[Outcome]:
    folder.mkdir(exist_ok=True)
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
