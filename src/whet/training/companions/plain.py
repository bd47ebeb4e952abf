"""Rollouts as plain values, for states that are saved and loaded without running any code."""

from dataclasses import fields, replace
from typing import Any

from whet.types import Finish, Reason, Rollout, Task, Verdict


def as_plain(rollout: Rollout) -> dict[str, Any]:
    """Numbers, texts, lists and dictionaries."""
    held = _held(rollout) | {"finish": str(rollout.finish), "task": _held(rollout.task)}
    verdict = rollout.verdict
    if verdict is not None:
        held["verdict"] = _held(verdict) | {"reason": str(verdict.reason)}
    return held


def from_plain(held: dict[str, Any]) -> Rollout:
    """And back."""
    verdict = held["verdict"]
    if verdict is not None:
        verdict = Verdict(**verdict | {"reason": Reason(verdict["reason"])})
    return Rollout(
        **held
        | {"finish": Finish(held["finish"]), "task": Task(**held["task"]), "verdict": verdict}
    )


def _held(value: Any) -> dict[str, Any]:
    return {f.name: _bare(getattr(value, f.name)) for f in fields(value)}


def _bare(value: Any) -> Any:
    return dict(value) if hasattr(value, "items") else value


def remembered(rollout: Rollout) -> Rollout:
    """Fit to be kept: what only its own step needed is left out."""
    return replace(rollout, certainty=())
