"""Samples of rollouts: what an evaluation keeps of every reply."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Protocol, runtime_checkable

import numpy as np

from whet.evaluation.journal import Journal, Planned, Unwritten
from whet.evaluation.samples import Sample
from whet.types import Group, Rollout, Task, Verdict
from whet.types.completions import COUNTED

ChainCheck = Callable[[Task, str], bool | None]
"""Whether all steps of a reply to a task are correct; None where nothing can check them."""

_NO_SELECTIONS: Mapping[str, float] = {}
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


@runtime_checkable
class Scorer(Protocol):
    """A number for each rollout, the larger the better.  NaN: it has none."""

    async def scores(self, rollouts: Sequence[Rollout]) -> Sequence[float]:
        """One number per rollout."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecorder:
    """Makes the samples of an evaluation, each with what was evaluated, and keeps them."""

    model: str = ""
    policy: str = ""  # digest of the weights
    setting: str = ""  # digest of all that decides on a reply besides, and of the reward
    split: str = ""
    check: ChainCheck = unchecked
    journal: Journal = Unwritten()
    scorer: Scorer | None = None  # by which best of n selects

    def planned(
        self, name: str, seeds: tuple[int, ...], *, greedy: bool, strategy: str = ""
    ) -> Planned:
        """A task that is about to be played."""
        return Planned(
            name=name,
            greedy=greedy,
            seeds=seeds,
            model=self.model,
            policy=self.policy,
            setting=self.setting,
            strategy=strategy,
        )

    async def selections(self, seats: Sequence[Group]) -> Mapping[str, float]:
        """The scorer's number of each rollout that is no fault, by its id; none without one."""
        rollouts = [
            rollout
            for group in seats
            for rollout in group
            if rollout.verdict is None or not rollout.verdict.fault
        ]
        if self.scorer is None or not rollouts:
            return _NO_SELECTIONS
        numbers = await self.scorer.scores(rollouts)
        return {rollout.id: x for rollout, x in zip(rollouts, numbers, strict=True)}

    def samples(
        self,
        planned: Planned,
        seats: Sequence[Group],
        selections: Mapping[str, float] = _NO_SELECTIONS,
    ) -> tuple[Sample, ...]:
        """The samples of a task, seat by seat, numbered in order."""
        rows = sum(map(len, seats))
        return tuple(
            replace(
                self._sample(planned, rollout, index, rows),
                selection=selections.get(rollout.id, nan),
            )
            for group in seats
            for index, rollout in enumerate(group)
        )

    def _sample(self, planned: Planned, rollout: Rollout, index: int, rows: int) -> Sample:
        info, decoding = rollout.task.info, rollout.decoding
        prompt_tokens, tokens = _token_counts(rollout)
        verdict, level = rollout.verdict or _NONE, info.get("level")
        known = verdict.correct is not None
        return Sample(
            problem=f"{planned.name}@{rollout.seat}" if rollout.seat else planned.name,
            index=index,
            greedy=planned.greedy,
            seat=rollout.seat,
            rows=rows,
            model=self.model,
            policy=self.policy,
            setting=self.setting,
            family=str(info.get("family") or ""),
            level=level if isinstance(level, int) else None,
            split=self.split,
            seed=rollout.seed,
            temperature=0.0 if planned.greedy else decoding.temperature,
            top_p=decoding.top_p,
            max_new_tokens=decoding.max_new_tokens,
            text=rollout.reply,
            extracted=verdict.answer,
            correct=verdict.correct,
            score=verdict.score if verdict.judged else nan,
            reason=verdict.reason,
            note=verdict.note,
            chain_correct=self.check(rollout.task, rollout.reply) if known else None,
            tokens=tokens,
            prompt_tokens=prompt_tokens,
            finish=rollout.finish,
            logp=float(rollout.behaviour_logp.sum(dtype=np.float64)),
            judge_milliseconds=verdict.cost_ms,
            strategy=planned.strategy,
        )


def _token_counts(rollout: Rollout) -> tuple[int | None, int | None]:
    """The tokens of the prompt and of the replies; None where they are not known."""
    if (told := rollout.columns.get(COUNTED)) is None:
        mask = rollout.action_mask
        return int(np.argmax(mask)) if mask.any() else len(mask), rollout.length
    prompts, replies = told[told[:, 0] != 0].T.tolist()  # a place for each reply
    return prompts[0] if prompts[0] >= 0 else None, sum(replies) if min(replies) >= 0 else None
