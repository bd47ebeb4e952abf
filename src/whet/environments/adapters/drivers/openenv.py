"""OpenEnv's clients and environments, as Python objects."""

import inspect
import json
from collections.abc import Mapping
from typing import Any, get_args

from .plain import awaited, dumped, maker, taken

_KEPT = ("reward", "done", "metadata")  # fields that are not shown to the policy


class Source:
    """A class or function that makes a client or an environment."""

    def __init__(self, made: Any) -> None:
        self.make = maker(made)

    async def open(self, given: Mapping[str, Any]) -> "Episode":
        """A client or an environment of its own for one episode."""
        env = await awaited(self.make(**given["arguments"]))
        if callable(connect := getattr(env, "connect", None)):
            await awaited(connect())
        return Episode(env)


class Episode:
    """One client or environment."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.kind = _action_class(env)

    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of an action; None where the object takes dictionaries."""
        return None if self.kind is None else self.kind.model_json_schema()

    async def reset(self, seed: int) -> dict[str, Any]:
        """What the first observation holds."""
        reset = self.env.reset
        return _told(await awaited(reset(**taken(reset, {"seed": seed}))))

    async def step(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What follows on an action with these fields; `illegal` says why they are none."""
        action: Any = fields
        if self.kind is not None:
            try:
                action = self.kind(**fields)
            except (ValueError, TypeError) as error:  # pydantic's is a ValueError
                return {"illegal": " ".join(str(error).split())[:200]}
        return _told(await awaited(self.env.step(action)))

    async def close(self) -> None:
        """Close the client, if it can be closed."""
        if callable(close := getattr(self.env, "close", None)):
            await awaited(close())


def _told(result: Any) -> dict[str, Any]:
    """`observation`, `reward` and `done` of a step's result, or of an observation that has them."""
    inner = getattr(result, "observation", None)
    shown = dumped(result if inner is None else inner)
    if not isinstance(shown, Mapping):
        shown = {"observation": shown}
    fields = {name: value for name, value in shown.items() if name not in _KEPT}
    reward = getattr(result, "reward", None)
    return {
        "observation": json.loads(json.dumps(fields, default=str)),
        "reward": None if reward is None else float(reward),
        "done": bool(getattr(result, "done", False)),
    }


def _action_class(env: Any) -> Any:
    """The class of actions that a client or an environment declares; None for dictionaries."""
    step = inspect.signature(env.step).parameters
    hints = [p.annotation for p in list(step.values())[:1]]
    for base in getattr(type(env), "__orig_bases__", ()):
        hints += get_args(base)[:1]
    return next((h for h in hints if hasattr(h, "model_json_schema")), None)
