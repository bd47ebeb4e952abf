"""Environments with `reset` and `step`: gymnasium, GEM, and what looks like them."""

from collections.abc import Callable, Mapping
from enum import EnumMeta
from typing import Any

from .loading import found
from .plain import Misuse, awaited, dumped, maker, taken, text_of

_FIVE, _FOUR = 5, 4  # items of what `step` returns; the older form has no `truncated`
_PAIR = 2


class Source:
    """A class or function that makes environments."""

    def __init__(self, made: Any) -> None:
        self.make = maker(made)

    async def open(self, given: Mapping[str, Any]) -> "Episode":
        """An environment of its own for one episode."""
        env = await awaited(self.make(**given["arguments"]))
        lacking = [name for name in ("reset", "step") if not callable(getattr(env, name, None))]
        if lacking:
            raise Misuse(
                f"environment.make made an object of {type(env).__name__}, which has no "
                f"{' and no '.join(lacking)}; name what makes an environment"
            )
        return Episode(env, given)


class Episode:
    """One environment: texts of its observations, and actions of texts."""

    def __init__(self, env: Any, given: Mapping[str, Any]) -> None:
        self.env = env
        self.describe = found(given["describe"]) if given["describe"] else None
        self.read = found(given["read"]) if given["read"] else None
        self.names, self.first = self._actions(given["options"])
        self.legal: list[str] = []

    def _actions(self, given: list[str]) -> tuple[list[str], int]:
        """The names of discrete actions, and the number of the first; none for texts."""
        space = getattr(self.env, "action_space", None)
        if self.read is not None or space is None or type(space).__name__ == "Text":
            return given, 0
        size = getattr(space, "n", None)
        if size is None:
            raise Misuse(
                f"environment.make has actions of {type(space).__name__}, which no text names; "
                "give environment.read, a function of environment and text that returns an action"
            )
        if given and len(given) != size:
            raise Misuse(f"environment.options has {len(given)} names for {size} actions; give all")
        return given or _named(self.env, int(size)), int(getattr(space, "start", 0))

    async def reset(self, seed: int) -> dict[str, Any]:
        """The first observation."""
        reset = self.env.reset
        returned = await awaited(reset(**taken(reset, {"seed": seed})))
        pair = isinstance(returned, tuple) and len(returned) == _PAIR
        observation, info = returned if pair else (returned, {})
        return self._shown(observation, info)

    async def step(self, text: str) -> dict[str, Any]:
        """What follows on an action; `illegal` says why it can't be read."""
        action, why = self._action(text)
        if why:
            return {"illegal": why}
        returned = await awaited(self.env.step(action))
        if not isinstance(returned, tuple) or len(returned) not in (_FOUR, _FIVE):
            raise Misuse(
                f"step of {type(self.env).__name__} returned {type(returned).__name__}; it returns "
                "(observation, reward, terminated, truncated, info), or without truncated"
            )
        known = list(returned)
        if len(known) == _FOUR:
            known.insert(3, False)
        observation, reward, ended, cut, info = known
        shown = self._shown(observation, info)
        return shown | {"reward": float(reward or 0.0), "ended": bool(ended), "cut": bool(cut)}

    async def close(self) -> None:
        """Close the environment, if it can be closed."""
        close: Callable[[], Any] | None = getattr(self.env, "close", None)
        if close is not None:
            await awaited(close())

    def _action(self, text: str) -> tuple[Any, str]:
        if self.read is not None:
            try:
                return self.read(self.env, text), ""
            except ValueError as error:
                return None, str(error)
        if not self.names or getattr(self.env, "action_space", None) is None:
            return text, ""
        known = {name.casefold(): n for n, name in enumerate(self.names)}
        numbers = {str(n + self.first): n for n in range(len(self.names))}
        place = known.get(text.casefold(), numbers.get(text))
        if place is None:
            return None, f"{text[:80]!r} is no action"
        if self.names[place] not in self.legal:
            return None, f"{self.names[place]} is not legal now"
        return place + self.first, ""

    def _shown(self, observation: Any, info: Any) -> dict[str, Any]:
        mask = info.get("action_mask") if isinstance(info, Mapping) else None
        known = [True] * len(self.names) if mask is None else mask
        self.legal = [name for name, legal in zip(self.names, known, strict=False) if legal]
        return {"text": self._text(observation), "options": self.legal}

    def _text(self, observation: Any) -> str:
        if self.describe is not None:
            return text_of(self.describe(self.env, observation))
        if getattr(self.env, "render_mode", None) == "ansi":
            return text_of(self.env.render())
        inner = getattr(self.env, "unwrapped", self.env)
        if isinstance(observation, Mapping) and hasattr(inner, "pprint_grid"):  # of MiniGrid
            return f"{observation.get('mission', '')}\n{inner.pprint_grid()}"
        tolist = getattr(observation, "tolist", None)
        return text_of(dumped(observation if tolist is None else tolist()))


def _named(env: Any, size: int) -> list[str]:
    """The names of an enum `actions` of the environment, else numbers."""
    actions = getattr(getattr(env, "unwrapped", env), "actions", None)
    if isinstance(actions, EnumMeta) and len(list(actions)) == size:
        return [str(getattr(one, "name", one)) for one in actions]
    first = int(getattr(env.action_space, "start", 0))
    return [str(n + first) for n in range(size)]
