"""Parts of a run that never acted, by the rows of its ledger.  Each finding is one sentence."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from whet.policy.inspection import walk
from whet.protocols import GroupReward
from whet.protocols.algorithm import Bounded
from whet.rollouts.correctness import reader
from whet.sampling.dynamic.admit_all import AdmitAll
from whet.sampling.standard import Standard
from whet.training.run import Run
from whet.types import Need

Row = Mapping[str, Any]

_FEW = 5  # number of steps needed for a finding


def idle_parts(rows: Sequence[Row], run: Run | None = None) -> list[str]:
    """What never acted in the steps of a ledger.

    Without the run, nothing is said of its clip, its gate and its shaping, which it may not have.
    """
    steps = [row for row in rows if row["kind"] == "step"]
    if len(steps) < _FEW:
        return []
    found = [*_rewards(steps, run)]
    if run is not None:
        found += [
            *_labels(steps, run),
            *_clip(steps, run),
            *_observations(steps, run),
            *_teacher(steps),
            *_gate(steps, run),
            *_shaping(steps, run),
            *_sampling(steps, run),
        ]
    return found


def _rewards(steps: Sequence[Row], run: Run | None) -> Iterator[str]:
    """Groups of equal rewards, of two rollouts or more, where the advantage compares them."""
    compares = run is None or Need.GROUP in run.objective.needs
    if compares and _never(steps, "varied") and _values(steps, "reward_std_within"):
        taught = "an advantage within the group" if run is None else "they"
        yield (
            f"rewards were equal in every group of all {len(steps)} steps, so {taught} taught "
            "nothing; read some replies, and use easier or harder tasks"
        )


def _labels(steps: Sequence[Row], run: Run) -> Iterator[str]:
    """Only where rewards vary: a spread of 0 is told by `_rewards`."""
    if Need.PAIRS not in run.objective.needs or _never(steps, "varied"):
        return
    if _never(steps, "correct_varied"):
        yield (
            f"{reader(run.objective)} compares correct with wrong replies of a task, and no group "
            f"of {len(steps)} steps has both, though rewards vary; let the reward return "
            "`correct`, or 1 for what is right"
        )


def _clip(steps: Sequence[Row], run: Run) -> Iterator[str]:
    bounds = [part for part in walk(run.objective) if isinstance(part, Bounded)]
    kinds = [type(part).__name__ for part in bounds if part.silences]
    if kinds and _never(steps, "clipped"):
        yield (
            f"{kinds[0]} clipped no token in {len(steps)} steps (minibatches is "
            f"{run.minibatches}), so it had no effect"
        )


def _observations(steps: Sequence[Row], run: Run) -> Iterator[str]:
    """Only where the objective predicts observations, and there was none."""
    if Need.OBSERVED in run.objective.needs and not _values(steps, "observed_nll"):
        yield (
            f"nothing was observed after a reply in {len(steps)} steps, so the objective's sum "
            "over observation tokens had no effect; choose an environment of several turns, or "
            "read why its plays end with the first reply"
        )


def _teacher(steps: Sequence[Row]) -> Iterator[str]:
    """Only where the objective has a teacher, and it scored no token."""
    if _never(steps, "teacher_share"):
        yield (
            f"the teacher scored no token in {len(steps)} steps, so nothing was learned from it: "
            "no task had a demonstration, no rollout a right sibling or feedback, or all texts "
            "were longer than ScoringTeacher.longest"
        )


def _gate(steps: Sequence[Row], run: Run) -> Iterator[str]:
    gate = run.sampling.gate
    admitted = _values(steps, "admitted")
    if admitted and min(admitted) >= 1 and not isinstance(gate, AdmitAll):
        yield f"sampling.gate {type(gate).__name__} admitted every group of {len(steps)} steps"


def _shaping(steps: Sequence[Row], run: Run) -> Iterator[str]:
    """Only where scores were 0 and 1 in all steps, although a reward is there to change them."""
    if not isinstance(run.reward, GroupReward) or not hasattr(run.reward, "inner"):
        return
    if _never(steps, "graded") and _never(steps, "shaped"):
        yield (
            f"reward {type(run.reward).__name__} changed no score in {len(steps)} steps: all "
            "scores were 0 or 1, as those of its inner reward"
        )


_ACTS = {  # a metric that is 0 in every step in which a sampling part does nothing
    "skipped": "Greso skipped no task",
    "replayed": "PromptReplay drew no prompt from its buffer",
    "recalled": "sampling.replay recalled nothing",
    "reused": "PuctReuse showed no earlier solution",
    "hinted": "sampling.schedules gave no rollout a hint",
    "qualified": "no task of TwoPhase qualified for further rollouts",
    "exited": "no task of ReinforceAda met its exit rule",
    "removed": "DropSolved removed no task",
    "tree_saved": "no rollouts of sampling.shape shared a token",
}


def _sampling(steps: Sequence[Row], run: Run) -> Iterator[str]:
    """Sampling parts without effect, and schedules that changed neither temperature nor length."""
    for metric, told in _ACTS.items():
        if _never(steps, metric):
            yield f"{told} in {len(steps)} steps"
    sizes = [*_values(steps, "size_min"), *_values(steps, "size_max")]
    if sizes and len(set(sizes)) == 1:
        yield f"sampling.size gave every task {sizes[0]:g} rollouts in {len(steps)} steps"
    schedules = run.sampling.schedules if isinstance(run.sampling, Standard) else ()
    if any(one.sets for one in schedules) and len(set(_values(steps, "temperature"))) == 1:
        yield f"sampling.schedules left the temperature as it was in all {len(steps)} steps"


def _never(steps: Sequence[Row], metric: str) -> bool:
    """Whether a metric is known and 0 in every step that has it."""
    values = _values(steps, metric)
    return bool(values) and not any(values)


def _values(steps: Sequence[Row], metric: str) -> list[float]:
    found = (row["metrics"].get(metric, {}).get("value") for row in steps)
    return [value for value in found if value is not None]
