"""The judge that each task names: mixed corpora, each task judged by its own rule."""

from dataclasses import dataclass
from functools import lru_cache

from whet.protocols import Reward
from whet.registry import nearest
from whet.rewards import load, modules
from whet.types import Refusal, Rollout, Verdict

_OTHERS = ("declared", "script")  # itself, and one that can't do without settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The verdict of the judge that the task names in `info["verifier"]`, at its defaults."""

    def score(self, rollout: Rollout) -> Verdict:
        """Ask it."""
        task = rollout.task
        name = task.info.get("verifier", "")
        known = [other for other in modules() if other not in _OTHERS]
        if name not in known:
            named = f"names verifier {name!r}" if name else "names no info['verifier']"
            raise Refusal(f"task {task.id!r} {named}; {nearest(str(name), known)}")
        return _judge(name).score(rollout)


@lru_cache(maxsize=64)
def _judge(name: str) -> Reward:
    return load(name)
