"""Tasksets of verifiers 1, each task answered by one reply."""

import inspect
from collections.abc import Iterator, Mapping
from itertools import islice
from types import SimpleNamespace
from typing import Any

from .plain import Misuse, awaited, dumped

COMPLETED = "agent_completed"  # why a trace stopped
_MOST = 100_000  # tasks that are counted


class Source:
    """A taskset: an object with `load()`, its class, or the module that exports one."""

    def __init__(self, made: Any) -> None:
        self.taskset = _taskset(made)
        shared = getattr(self.taskset, "toolsets", None)
        if shared is not None and shared(getattr(self.taskset, "config", None)):
            raise Misuse(_refused("toolsets, which run as servers of tools"))
        self.loaded: list[Any] = []
        self.rest: Iterator[Any] = iter(_tasks(self.taskset))

    def size(self) -> int | None:
        """The number of tasks; None where there are too many to count."""
        self._reach(_MOST)
        return None if len(self.loaded) > _MOST else len(self.loaded)

    def task(self, index: int) -> dict[str, Any]:
        """The prompt of a task and its other data."""
        task = self._at(index)
        data = task.data
        prompt = _messages(data.prompt)
        if not prompt:
            raise Misuse(_refused("a task without a prompt, whose user opens the conversation"))
        if system := getattr(data, "system_prompt", None):
            prompt = [{"role": "system", "content": system}, *prompt]
        return {"prompt": prompt, "name": getattr(data, "name", None) or ""}

    def open(self, given: Mapping[str, Any]) -> "Episode":
        """One task, to be judged."""
        return Episode(self._at(given["index"]))

    def _at(self, index: int) -> Any:
        self._reach(index)
        if index >= len(self.loaded):
            raise Misuse(f"a task has index {index}, but the taskset has {len(self.loaded)} tasks")
        return self.loaded[index]

    def _reach(self, index: int) -> None:
        for task in islice(self.rest, max(0, index + 1 - len(self.loaded))):
            _check(task)
            self.loaded.append(task)


class Episode:
    """A task and the judging of a conversation about it."""

    def __init__(self, task: Any) -> None:
        self.task = task

    async def score(self, messages: list[dict[str, str]], asked: int, stop: str) -> dict[str, Any]:
        """The rewards by name, each with its weight, of a chat whose first `asked` are the prompt.

        `stop` is why it stopped, in verifiers' words.

        A task that has `score`, as all of verifiers have, judges a trace of verifiers itself.
        """
        if hasattr(self.task, "score"):
            trace = _trace(self.task, messages, asked, stop)
            await self.task.score(trace)
            rewards = {name: one for name, one in trace.rewards.items() if one is not None}
            return {name: [float(r.score), float(r.weight)] for name, r in rewards.items()}
        found = dict[str, list[float]]()
        offered = {"trace": _plain_trace(self.task, messages, asked, stop), "task": self.task.data}
        for name in _marked(self.task):
            method = getattr(self.task, name)
            names = inspect.signature(method).parameters
            value = await awaited(method(**{k: x for k, x in offered.items() if k in names}))
            weight = float(getattr(method, "_vf_weight", 1.0))
            keyed = value.items() if isinstance(value, Mapping) else [(name, value)]
            found |= {key: [float(score), weight] for key, score in keyed}
        return found

    def close(self) -> None:
        """Nothing is held."""


def _taskset(made: Any) -> Any:
    if inspect.ismodule(made):
        offered = [getattr(made, name) for name in getattr(made, "__all__", ())]
        classes = [one for one in offered if inspect.isclass(one) and hasattr(one, "load")]
        if len(classes) != 1:
            raise Misuse(
                f"{made.__name__} exports {len(classes)} classes with `load` in __all__; name one"
            )
        made = classes[0]
    if inspect.isclass(made):
        made = made(*_configured(made))
    if not callable(getattr(made, "load", None)):
        raise Misuse(f"{type(made).__name__} has no method load; name a taskset of verifiers 1")
    return made


def _configured(kind: type) -> list[Any]:
    """The default configuration of a taskset's class, of the type that the class declares."""
    parameters = [p for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
    if not parameters:
        return []
    from verifiers.v1.configs.taskset import TasksetConfig  # pyright: ignore[reportMissingImports]
    from verifiers.v1.taskset import Taskset  # pyright: ignore[reportMissingImports]
    from verifiers.v1.utils.generic import (  # pyright: ignore[reportMissingImports]
        concrete_type,
    )

    return [(concrete_type(kind, TasksetConfig, origin=Taskset) or TasksetConfig)()]


def _tasks(taskset: Any) -> Any:
    return taskset if hasattr(taskset, "__iter__") else taskset.load()


def _check(task: Any) -> None:
    """Refuse what needs more than one reply, or a program's runtime."""
    own = getattr(task, "toolsets", None)
    if own is not None and own(getattr(task, "config", None)):
        raise Misuse(_refused("toolsets, which run as servers of tools"))
    judged = task.hooks("reward") if hasattr(task, "hooks") else _methods(task)
    for method in judged:
        needed = inspect.signature(method).parameters.get("runtime")
        if needed is not None and needed.default is inspect.Parameter.empty:
            raise Misuse(_refused(f"the reward {method.__name__}, which needs a runtime"))


def _methods(task: Any) -> list[Any]:
    return [getattr(task, name) for name in _marked(task)]


def _marked(task: Any) -> list[str]:
    """The methods with `@reward`, those with the highest priority first."""
    kind = type(task)
    names = {name for base in kind.__mro__ for name in vars(base)}
    marked = [n for n in names if getattr(getattr(kind, n, None), "reward", None) is True]
    return sorted(marked, key=lambda n: (-getattr(getattr(kind, n), "reward_priority", 0), n))


def _messages(prompt: Any) -> list[dict[str, str]]:
    if prompt is None or isinstance(prompt, str):
        return [{"role": "user", "content": prompt}] if prompt else []
    found = [dumped(message) for message in prompt]
    if not all(isinstance(message.get("content"), str) for message in found):
        raise Misuse(_refused("a prompt that is no text"))
    return [{"role": message["role"], "content": message["content"]} for message in found]


def _trace(task: Any, messages: list[dict[str, str]], asked: int, stop: str) -> Any:
    """A trace of verifiers with these messages, as its runner leaves it for the rewards."""
    from verifiers.v1 import graph, trace, types  # pyright: ignore[reportMissingImports]

    kinds = {"system": types.SystemMessage, "user": types.UserMessage}
    nodes = []
    for place, message in enumerate(messages):
        kind = kinds.get(message["role"], types.AssistantMessage)
        nodes.append(
            graph.MessageNode(
                parent=place - 1 if place else None,
                message=kind(content=message["content"]),
                sampled=place >= asked and message["role"] == "assistant",
            )
        )
    about = trace.TraceTask.model_construct(type=type(task).__name__, data=task.data)
    made = trace.Trace.model_construct(task=about, agent=None, nodes=nodes)
    made.stop(stop)
    return made


def _plain_trace(task: Any, messages: list[dict[str, str]], asked: int, stop: str) -> Any:
    """The attributes of a trace that most rewards read, for a task that is not verifiers' own."""
    listed = [SimpleNamespace(**message) for message in messages]
    said = [message for message in listed[asked:] if message.role == "assistant"]
    return SimpleNamespace(
        task=SimpleNamespace(data=task.data),
        messages=listed,
        assistant_messages=said,
        last_reply=said[-1].content.strip() if said else "",
        num_turns=len(said),
        is_truncated=stop != COMPLETED,
        info={},
    )


def _refused(what: str) -> str:
    return (
        f"environment.make has {what}; only tasks that one reply answers are played here, so give "
        "a taskset without it"
    )
