"""Environments of TRL's `environment_factory`."""

import inspect
from collections.abc import Mapping
from typing import Any

from .plain import Misuse, awaited, number, taken

_OWN = ("reset", "get_reward", "close", "aclose")


class Source:
    """A factory, or a dictionary of factories by the row's field `environment`."""

    def __init__(self, made: Any) -> None:
        factories = made.values() if isinstance(made, Mapping) else (made,)
        if not all(map(callable, factories)):
            raise Misuse(
                f"environment.make is {type(made).__name__}; name a class, a function that makes "
                "an environment, or a dictionary of them"
            )
        self.made = made

    async def open(self, given: Mapping[str, Any]) -> "Episode":
        """A fresh environment for one episode."""
        row = dict(given)
        factory = self.made
        if isinstance(factory, Mapping):
            name = row.pop("environment", None)
            if name not in factory:
                raise Misuse(
                    f"a task has environment {name!r} in its info; give one of "
                    f"{', '.join(map(str, factory))}"
                )
            factory = factory[name]
        env = await awaited(factory())
        if not callable(getattr(env, "reset", None)):
            raise Misuse(f"{type(env).__name__} has no method reset; TRL calls it with the row")
        return Episode(env, row)


class Episode:
    """One environment and the row of its task."""

    def __init__(self, env: Any, row: Mapping[str, Any]) -> None:
        self.env = env
        self.row = row
        members = inspect.getmembers(type(env), predicate=inspect.isfunction)
        public = [name for name, _ in members if name not in _OWN and not name.startswith("_")]
        self.names = [name for name in public if inspect.getdoc(getattr(env, name))]

    async def reset(self) -> str | None:
        """What `reset(**row)` returns as text; None where it returns nothing."""
        told = await awaited(self.env.reset(**taken(self.env.reset, self.row)))
        if told is None or isinstance(told, str):
            return told
        if isinstance(told, list) and all(p.get("type") == "text" for p in told):
            return "".join(part["text"] for part in told)
        raise Misuse(
            f"reset of {type(self.env).__name__} returned {type(told).__name__}; return text, a "
            "list of parts of text, or None"
        )

    def tools(self) -> list[dict[str, Any]]:
        """The schemas of the public documented methods, by name."""
        from whet.calls.schemas import schema_of
        from whet.types.errors import UsageError

        try:
            return [schema_of(getattr(self.env, name)) for name in self.names]
        except UsageError as error:
            raise Misuse(str(error)) from error

    async def call(self, name: str, arguments: dict[str, Any]) -> dict[str, str]:
        """The text that a tool returns, or `error`: its exception, which the policy reads."""
        try:
            return {"text": str(await awaited(getattr(self.env, name)(**arguments)))}
        except Exception as error:  # noqa: BLE001 (a tool may raise anything; the policy is told)
            return {"error": f"{type(error).__name__}: {error}"}

    async def reward(self) -> dict[str, Any]:
        """Whether the environment has a reward, and the reward."""
        get = getattr(self.env, "get_reward", None)
        return {} if get is None else {"reward": number(await awaited(get()))}

    async def close(self) -> None:
        """Close the environment, if it can be closed."""
        for name in _OWN[2:]:
            if callable(close := getattr(self.env, name, None)):
                await awaited(close())
                return
