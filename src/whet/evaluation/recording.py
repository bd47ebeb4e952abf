"""Samples of rollouts: what an evaluation keeps of every reply."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import nan

import numpy as np

from whet.evaluation.samples import Sample
from whet.types import Group, Rollout, Task, Verdict

ChainCheck = Callable[[Task, str], bool | None]
"""Whether all steps of a reply to a task are correct; None where nothing can check them."""

_NONE = Verdict.unjudged("there is no verdict")  # the runner lets no such rollout pass


def unchecked(task: Task, reply: str) -> None:
    """The check of tasks whose steps nothing can check."""
    del task, reply


def named(tasks: Sequence[Task]) -> list[str]:
    """The names of the tasks in an evaluation: the id, and `ID#2` for the second task with it."""
    seen: Counter[str] = Counter()
    found: list[str] = []
    for task in tasks:
        seen[task.id] += 1
        found.append(task.id if seen[task.id] == 1 else f"{task.id}#{seen[task.id]}")
    return found


def recorded(
    name: str, group: Group, check: ChainCheck, *, split: str, greedy: bool
) -> tuple[Sample, ...]:
    """The samples of the replies to a task, numbered in order."""
    return tuple(
        _sample(name, rollout, index, check, split=split, greedy=greedy)
        for index, rollout in enumerate(group)
    )


def _sample(
    name: str, rollout: Rollout, index: int, check: ChainCheck, *, split: str, greedy: bool
) -> Sample:
    info, verdict, decoding = rollout.task.info, rollout.verdict or _NONE, rollout.decoding
    level, mask = info.get("level"), rollout.action_mask
    return Sample(
        problem=f"{name}@{rollout.seat}" if rollout.seat else name,
        index=index,
        greedy=greedy,
        family=str(info.get("family") or ""),
        level=level if isinstance(level, int) else None,
        split=split,
        seed=rollout.seed,
        temperature=0.0 if greedy else decoding.temperature,
        top_p=decoding.top_p,
        max_new_tokens=decoding.max_new_tokens,
        text=rollout.reply,
        extracted=verdict.answer,
        correct=verdict.correct,
        score=verdict.score if verdict.judged else nan,
        reason=verdict.reason,
        note=verdict.note,
        chain_correct=None if verdict.correct is None else check(rollout.task, rollout.reply),
        tokens=rollout.length,
        prompt_tokens=int(np.argmax(mask)) if mask.any() else len(mask),
        finish=rollout.finish,
        logp=float(rollout.behaviour_logp.sum(dtype=np.float64)),
        judge_milliseconds=verdict.cost_ms,
    )
