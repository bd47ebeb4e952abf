"""The reward that each task names: every task of a mixed corpus is judged by its own rule."""

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import lru_cache

from whet.protocols import Judge, Reward
from whet.registry import names, nearest
from whet.rewards import load
from whet.types import Rollout, UsageError, Verdict

_OTHERS = ("declared", "script", "batch_script")  # itself, and those that can't do without settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(Reward):
    """The verdict of the reward that the task names in `info["verifier"]`, at its defaults.

    A task that names none, or an unknown one, is an error of the corpus and raises `UsageError`.
    """

    def score(self, rollout: Rollout) -> Verdict | Awaitable[Verdict]:
        task = rollout.task
        name = str(task.info.get("verifier") or "")
        judge = _judge(name)
        if not isinstance(judge, Reward):
            named = f"names verifier {name!r}" if name else "names no info['verifier']"
            raise UsageError(f"task {task.id!r} {named}; {_remedy(name)}")
        return judge.score(rollout)


def _remedy(name: str) -> str:
    if name:
        return nearest(name, _known())
    return "choose a reward that judges all tasks, such as --reward math"


def _known() -> list[str]:
    return [name for name in names("reward") if name not in _OTHERS]


@lru_cache(maxsize=64)
def _judge(name: str) -> Judge | None:
    return load(name) if name in _known() else None
