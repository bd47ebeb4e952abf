"""Rules beside the model: verifiable rewards that a criterion or a verifier refers to."""

from collections.abc import Mapping
from functools import lru_cache
from json import dumps, loads
from typing import Any

from whet.protocols import Judge, Reward
from whet.registry import nearest
from whet.rewards import load, modules
from whet.rewards.judging import verdicts
from whet.types import Group, Refusal, Request, Rollout, Verdict


class Undecided(RuntimeError):
    """A rule that had to decide could not."""


async def ruled(rollout: Rollout, rule: Reward) -> Verdict:
    """What the rule says; its faults are verdicts too."""
    [found] = await verdicts((rollout,), rule, _nobody_plays)
    return found


async def satisfied(rollout: Rollout, name: str, parameters: Mapping[str, Any]) -> bool:
    """Does the reply satisfy the verifiable reward of that name?  Raises `Undecided` on a fault."""
    verdict = await ruled(rollout, _rule(name, dumps(dict(parameters), sort_keys=True)))
    if verdict.fault:
        raise Undecided(f"{name}: {verdict.note}")
    return verdict.score >= 1


@lru_cache(maxsize=256)
def _rule(name: str, parameters: str) -> Reward:
    """A task may name a verifiable reward and nothing else: no file, and no other model."""
    known = [n for n, where in modules().items() if where.startswith("whet.rewards.verifiable.")]
    if name not in known:
        raise Refusal(f"rubric names the rule {name!r}; {nearest(name, known)}")
    try:
        found: Judge = load(name, **loads(parameters))
    except TypeError as error:
        raise Refusal(f"rubric gives {name!r} the parameters {parameters}: {error}") from None
    if not isinstance(found, Reward):
        raise Refusal(f"rubric names the rule {name!r}, which can't judge a single rollout")
    return found


async def _nobody_plays(request: Request) -> Group:
    raise AssertionError(f"a rule plays nothing: {request}")
