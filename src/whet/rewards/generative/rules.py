"""Verifiable rewards that decide a criterion in place of the model."""

from collections.abc import Mapping
from functools import lru_cache
from json import dumps, loads
from typing import Any

from whet.protocols import Judge, Reward
from whet.registry import names, nearest
from whet.rewards import load
from whet.rewards.judging import verdict
from whet.types import Rollout, UsageError


class Undecided(RuntimeError):
    """A rule that decides a criterion gave no score."""


async def satisfied(rollout: Rollout, name: str, parameters: Mapping[str, Any]) -> bool:
    """Whether the reply scores 1 under the reward of that name.  Raises `Undecided` without a
    score.
    """
    found = await verdict(rollout, _rule(name, dumps(dict(parameters), sort_keys=True)))
    if not found.judged:
        raise Undecided(f"{name}: {found.note}")
    return found.score >= 1


@lru_cache(maxsize=256)
def _rule(name: str, parameters: str) -> Reward:
    """A verifiable reward by its name; a task may name neither a file nor another model."""
    known = [n for n, place in names("reward").items() if place.family == "verifiable"]
    if name not in known:
        raise UsageError(f"rubric names the rule {name!r}; {nearest(name, known)}")
    try:
        found: Judge = load(name, **loads(parameters))
    except TypeError as error:
        raise UsageError(f"rubric gives {name!r} the parameters {parameters}: {error}") from None
    if not isinstance(found, Reward):
        raise UsageError(f"rubric names the rule {name!r}, which can't judge a single rollout")
    return found
