"""Rollouts as the rows of a parquet file, one a rollout."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

import pyarrow as pa

from whet.training.as_json import to_json
from whet.types import Rollout, Span, UsageError, Verdict

NAME = b"name"  # in the file: the name of the file itself, by which one in its place is known

_SPAN = pa.struct([("tokens", pa.int32()), ("version", pa.int32()), ("digest", pa.string())])
_ACT = pa.struct(
    [
        ("start", pa.int32()),
        ("stop", pa.int32()),
        ("message", pa.int32()),
        ("state", pa.string()),
        ("finish", pa.string()),
    ]
)

SCHEMA = pa.schema(
    [
        ("step", pa.int32()),
        ("group", pa.int32()),
        ("task_id", pa.string()),
        ("id", pa.string()),
        ("seat", pa.string()),
        ("parent", pa.string()),
        ("forked_at", pa.int32()),
        ("turns", pa.list_(pa.string())),
        ("messages", pa.string()),  # JSON
        ("acts", pa.list_(_ACT)),
        ("task", pa.string()),  # JSON, in the first row of its group
        ("shown", pa.string()),  # JSON
        ("play_seed", pa.int64()),
        ("answer", pa.string()),
        ("token_ids", pa.list_(pa.int32())),
        ("action_mask", pa.list_(pa.bool_())),
        ("behaviour_logp", pa.list_(pa.float32())),
        ("entropy", pa.list_(pa.float32())),
        ("spans", pa.list_(_SPAN)),
        ("advantage", pa.list_(pa.float32())),
        ("temperature", pa.float32()),
        ("max_episode_tokens", pa.int32()),
        ("finish", pa.string()),
        ("seed", pa.int64()),
        ("score", pa.float32()),
        ("correct", pa.bool_()),
        ("reason", pa.string()),
        ("note", pa.string()),
        ("parts", pa.string()),
        ("turn_rewards", pa.list_(pa.float32())),
        ("cost_ms", pa.float32()),
    ]
)


def table_of(
    name: str,
    step: int,
    groups: Sequence[Iterable[Rollout]],
    advantages: Mapping[str, Sequence[float]],
) -> pa.Table:
    """All rollouts of a step.  `advantages` are given per rollout, by its id."""
    rows = [
        {**_row(step, number, rollout, advantages.get(rollout.id)), "task": task}
        for number, group in enumerate(groups)
        for rollout, task in _with_task(group)
    ]
    return pa.Table.from_pylist(rows, SCHEMA).replace_schema_metadata({NAME: name.encode()})


def _row(
    step: int, group: int, rollout: Rollout, advantage: Sequence[float] | None
) -> dict[str, Any]:
    verdict = rollout.verdict
    return {
        "step": step,
        "group": group,
        "task_id": rollout.task.id,
        "turns": rollout.turns,
        "messages": _as_json(rollout.messages),
        "acts": [asdict(act) for act in rollout.acts],
        "shown": _as_json(rollout.shown),
        "play_seed": rollout.play_seed,
        "answer": rollout.task.answer,
        "id": rollout.id,
        "seat": rollout.seat,
        "parent": rollout.parent,
        "forked_at": rollout.forked_at,
        "token_ids": rollout.token_ids,
        "action_mask": rollout.action_mask,
        "behaviour_logp": rollout.behaviour_logp,
        "entropy": rollout.entropy,
        "spans": [_span(span) for span in rollout.spans],
        "advantage": advantage,
        "temperature": rollout.decoding.logp_temperature,
        "max_episode_tokens": rollout.decoding.max_episode_tokens,
        "finish": str(rollout.finish),
        "seed": rollout.seed,
        "score": rollout.score if verdict else None,
        "correct": verdict.correct if verdict else None,
        "reason": str(verdict.reason) if verdict else None,
        "note": verdict.note if verdict else None,
        "parts": _parts(verdict) if verdict else None,
        "turn_rewards": verdict.turn_rewards if verdict else None,
        "cost_ms": verdict.cost_ms if verdict else None,
    }


def _with_task(group: Iterable[Rollout]) -> Iterator[tuple[Rollout, str | None]]:
    """Each rollout, the first one with its task as JSON."""
    for number, rollout in enumerate(group):
        yield rollout, None if number else _as_json(rollout.task)


def _as_json(value: Any) -> str | None:
    """A value as JSON; None for one that JSON can't hold, such as a task of a user's own type."""
    try:
        return json.dumps(to_json(value), ensure_ascii=True)
    except UsageError:
        return None


def _parts(verdict: Verdict) -> str:
    """The number, or None (null in JSON) for NaN."""
    return json.dumps({name: x if isfinite(x) else None for name, x in verdict.parts.items()})


def _span(span: Span) -> dict[str, Any]:
    """The policy version of each token; null for tokens that the policy did not sample."""
    version = span.version
    return {
        "tokens": span.tokens,
        "version": None if version is None else version.step,
        "digest": None if version is None else version.digest,
    }
