"""Which dialect an object speaks, told by its attributes."""

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from .plain import Misuse

_FACTORY, _OLD = "environment_factory", "load_environment"  # names that TRL and verifiers 0 fix
_LOOKED_FOR = (
    "`reset` and `step` (gymnasium, GEM), `reset` with `get_reward` or documented methods (TRL), "
    "`load` of tasks (verifiers 1), `reset`, `step` and `state` (OpenEnv), `initial_observation` "
    "and `step` (Tinker)"
)


class Source:
    """The object of an import path, to be looked at."""

    def __init__(self, made: Any) -> None:
        self.made = made

    def told(self, label: str) -> dict[str, str]:
        """The dialect, and the name of the object in its module; "" for the module itself.

        A module offers what it names as its dialect fixes, or else the only class of its own that
        speaks one.  Raises `Misuse` for none and for several.
        """
        if not inspect.ismodule(self.made):
            return {"dialect": self._one(self.made, label), "name": ""}
        module = self.made
        if _is_taskset(module):
            return {"dialect": "verifiers", "name": ""}
        if hasattr(module, _OLD):
            return {"dialect": "verifiers_zero", "name": _OLD}
        if hasattr(module, _FACTORY):
            return {"dialect": "trl", "name": _FACTORY}
        found = {name: spoken(one) for name, one in _own_classes(module).items()}
        known = {name: kinds for name, kinds in found.items() if kinds}
        if len(known) != 1:
            what = f"has {', '.join(known)}" if known else "defines no class that speaks a dialect"
            name = next(iter(known), "NAME")
            raise Misuse(
                f"environment {label!r} {what}; write {label}:{name}, for something with "
                f"{_LOOKED_FOR}"
            )
        [name] = known
        return {"dialect": self._one(getattr(module, name), f"{label}:{name}"), "name": name}

    def _one(self, made: Any, label: str) -> str:
        if getattr(made, "__name__", "") == _OLD:
            return "verifiers_zero"
        kinds = spoken(made) or spoken(_made(made, label))
        if len(kinds) == 1:
            return kinds[0]
        if kinds:
            raise Misuse(
                f"environment {label!r} may be {' or '.join(kinds)}; say which by the name of its "
                f"adapter, such as --environment {ADAPTERS[kinds[0]]} --environment.make {label}"
            )
        has = ", ".join(n for n in dir(made) if not n.startswith("_"))[:200] or "nothing public"
        raise Misuse(
            f"environment {label!r} speaks no dialect that is known here; it has {has}, and what "
            f"was looked for is {_LOOKED_FOR}"
        )


ADAPTERS: Mapping[str, str] = {
    "reset_step": "reset_step",
    "trl": "trl_environment",
    "verifiers": "verifiers_taskset",
    "verifiers_zero": "verifiers_environment",
    "openenv": "open_env_object",
    "tinker": "tinker_env",
}


def spoken(made: Any) -> list[str]:
    """The dialects that an object, or a class, may speak."""
    if isinstance(made, Mapping):
        values = list(made.values())
        return ["trl"] if values and all(spoken(one) == ["trl"] for one in values) else []
    tests: Mapping[str, Callable[[Any], bool]] = {
        "tinker": lambda one: _has(one, "initial_observation", "step"),
        "verifiers": lambda one: _has(one, "load") and not _has(one, "reset"),
        "openenv": _is_openenv,
        "trl": _is_trl,
        "reset_step": _is_reset_step,
    }
    return [name for name, test in tests.items() if test(made)]


def _is_trl(one: Any) -> bool:
    """Whether TRL would take it: no `step`, or a reward that TRL alone asks for."""
    if not _has(one, "reset") or _has(one, "initial_observation"):
        return False
    kind = one if inspect.isclass(one) else type(one)
    members = inspect.getmembers(kind, predicate=inspect.isfunction)
    tools = [n for n, f in members if n not in ("reset", "get_reward") and inspect.getdoc(f)]
    return _has(one, "get_reward") or not _has(one, "step") and any(n[0] != "_" for n in tools)


def _is_reset_step(one: Any) -> bool:
    return _has(one, "reset", "step") and not _is_openenv(one) and not _has(one, "agent_iter")


def _is_openenv(one: Any) -> bool:
    """Whether its class declares `state`; an attribute of that name is one of gymnasium's, too."""
    kind = one if inspect.isclass(one) else type(one)
    return _has(one, "reset", "step") and hasattr(kind, "state") and not hasattr(kind, "render")


def _is_taskset(module: ModuleType) -> bool:
    offered = [getattr(module, name, None) for name in getattr(module, "__all__", ())]
    return sum(inspect.isclass(one) and spoken(one) == ["verifiers"] for one in offered) == 1


def _has(one: Any, *names: str) -> bool:
    return all(callable(getattr(one, name, None)) for name in names)


def _own_classes(module: ModuleType) -> dict[str, Any]:
    return {
        name: one
        for name, one in vars(module).items()
        if inspect.isclass(one) and one.__module__ == module.__name__ and not name.startswith("_")
    }


def _made(made: Any, label: str) -> Any:
    """What a function without required arguments makes, to be looked at."""
    if inspect.isclass(made) or not callable(made):
        return made
    needed = [p for p in _parameters(made) if p.default is p.empty and p.kind not in _VARIADIC]
    if needed:
        raise Misuse(
            f"environment {label!r} takes {', '.join(p.name for p in needed)}; say what it "
            f"makes by the name of an adapter ({', '.join(ADAPTERS.values())}), with "
            f"--environment.make {label} and --environment.arguments"
        )
    return made()


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _parameters(function: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # of a builtin
        return []
