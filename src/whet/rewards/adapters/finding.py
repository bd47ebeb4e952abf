"""From the text of `--reward` to a reward: names, files, modules, and sums of several."""

import ast
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from whet import registry
from whet.protocols import GroupReward, Judge, Reward
from whet.rewards import load
from whet.rewards.adapters.batch_script import BatchScript
from whet.rewards.adapters.dialects import FormError, form_of
from whet.rewards.adapters.late_imports import refuse_missing
from whet.rewards.adapters.script import Script
from whet.rewards.adapters.sources import Function, Source, located, parameters
from whet.rewards.adapters.written import loaded
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.scripts import imported
from whet.types import UsageError

USUAL = ("score", "compute_score", "reward_func")  # whet's, veRL's, OpenRLHF's
LIST = "reward_funcs"  # TRL's: several functions, whose sum is the reward
WEIGHTS = "reward_weights"


def resolve(text: str) -> Judge:
    """The reward that the text means; see `whet.rewards.find`."""
    pieces = [piece.strip() for piece in text.split(",")]
    weighted = [_weighted(piece) for piece in pieces]
    if len(pieces) == 1 and weighted[0][1] is None:
        return _one(pieces[0])
    names, weights = zip(*weighted, strict=True)
    known = tuple(w for w in weights if w is not None)
    if known and len(known) < len(weights):
        raise UsageError(f"reward {text!r} has a weight for some; give each one a weight, or none")
    return WeightedSum(rewards=tuple(map(_one, names)), weights=known, names=_labels(names))


def _weighted(piece: str) -> tuple[str, float | None]:
    name, equals, weight = piece.rpartition("=")
    if not equals:
        return piece, None
    try:
        return name.strip(), float(weight)
    except ValueError:
        raise UsageError(
            f"reward {piece!r} has the weight {weight!r}; give a number, such as {name}=0.5"
        ) from None


def _labels(names: tuple[str, ...]) -> tuple[str, ...]:
    """Short names for the parts of a verdict: the function's, or the file's, or the reward's."""
    short = [name.rpartition(":")[2] for name in names]
    return tuple(Path(name).stem if name.endswith(".py") else name for name in short)


def _one(text: str) -> Judge:
    path, colon, name = text.partition(":")
    if not path.endswith(".py") and not colon:
        return load(text)
    source = Source.read(path)
    name = name or _default(source)
    return _listed(source) if name == LIST else _named(source, name)


def _named(source: Source, name: str) -> Judge:
    return _part(source, name) or _function(source, name)


def _function(source: Source, name: str) -> Script | BatchScript:
    """A function of the user's, loaded once so that a broken file is refused at the start."""
    source.form(name)
    refuse_missing(source, name)
    kind = BatchScript if loaded(source.place(name)).batched else Script
    return kind(path=source.path, function=name)


def _listed(source: Source) -> Judge:
    """TRL's `reward_funcs`: the sum of several functions, with `reward_weights` or 1 each.

    An item may be anything that is called: a name, a lambda, an object, a function of a module.
    """
    value = source.assigned(LIST)
    if isinstance(value, ast.Name | ast.Attribute | ast.Lambda):  # TRL takes one function, too
        return _named(source, value.id if isinstance(value, ast.Name) else LIST)
    if not isinstance(value, ast.List | ast.Tuple) or not value.elts:
        raise UsageError(
            f"{LIST} of {source.path} is not a list of functions; write [one, another]"
        )
    odd = [item for item in value.elts if isinstance(item, ast.Starred | ast.Constant)]
    if odd:
        raise UsageError(
            f"{LIST} of {source.path} has {ast.unparse(odd[0])}; write out functions, one by one"
        )
    places = [
        item.id if isinstance(item, ast.Name) else f"{LIST}.{i}"
        for i, item in enumerate(value.elts)
    ]
    rewards = tuple(_named(source, place) for place in places)
    return WeightedSum(
        rewards=rewards, weights=_weights(source, len(places)), names=tuple(_told(value.elts))
    )


def _told(items: list[ast.expr]) -> list[str]:
    """A name for each item of a list: its own, or its place."""
    own = [getattr(item, "id", None) or getattr(item, "attr", None) for item in items]
    return [name or f"{LIST}_{i}" for i, name in enumerate(own)]


def _weights(source: Source, count: int) -> tuple[float, ...]:
    given = source.assigned(WEIGHTS)
    try:
        weights = None if given is None else ast.literal_eval(given)
        return (1.0,) * count if weights is None else tuple(float(weight) for weight in weights)
    except (ValueError, TypeError):
        raise UsageError(
            f"{WEIGHTS} of {source.path} is not a list of numbers; write it out"
        ) from None


def _default(source: Source) -> str:
    """The name that is meant where only a file is given."""
    usual = [name for name in (LIST, *USUAL) if source.binds(name)]
    if usual:
        return usual[0]
    stem = Path(source.path).stem
    named = [name for name in (stem, registry.camel(stem)) if source.binds(name)]
    rewards = [name for name in source.definitions() if _may_be_part(source, name)]
    functions = _functions(source)
    for choice in (named, rewards, functions):
        if len(choice) == 1:
            return choice[0]
        if choice:
            several = ", ".join(choice)
            raise UsageError(
                f"reward {source.path!r} has several rewards, {several}; write "
                f"{source.path}:{choice[0]}, or a list such as "
                f"{','.join(f'{source.path}:{name}' for name in choice[:2])}"
            )
    return USUAL[0]


def _functions(source: Source) -> list[str]:
    """The public functions whose parameters have a form; if none has, all public functions."""
    public = {
        name: node
        for name, node in source.definitions().items()
        if isinstance(node, Function) and not name.startswith("_")
    }
    return [name for name, node in public.items() if _has_form(node)] or list(public)


def _has_form(node: Function) -> bool:
    names, needed = parameters(node)
    try:
        return bool(names) and form_of(names, needed, node.name) is not None
    except FormError:
        return False


def _may_be_part(source: Source, name: str) -> bool:
    """Whether the name may be a reward built of whet's classes, as far as the text tells."""
    imports = [n for n in source.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    if not any("whet" in ast.unparse(n).replace(".", " ").split() for n in imports):
        return False
    node = source.definitions().get(name)
    if isinstance(node, ast.ClassDef):
        return bool(node.bases)
    return node is None and isinstance(source.assigned(name), ast.Call)


def _part(source: Source, name: str) -> Judge | None:
    """A `Reward` or `GroupReward` of the user's file, imported into this process.

    None where the name is a function, which runs in worker processes.
    """
    if not _may_be_part(source, name):
        return None
    value = _imported(source, name)
    if isinstance(value, type) and issubclass(value, Reward | GroupReward):
        return _built(value, f"{source.path}:{name}")
    return value if isinstance(value, Reward | GroupReward) else None


def _imported(source: Source, name: str) -> Any:
    if source.path.endswith(".py"):
        return getattr(imported(source.path, "reward"), name)
    root = str(located(source.path)[1])
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        return getattr(import_module(source.path), name)
    except Exception as error:  # a user's module may raise anything
        line = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise UsageError(f"reward {source.path!r} can't be imported: {line}; mend it") from error


def _built(kind: type[Any], what: str) -> Judge:
    missing = [p.name for p in signature(kind).parameters.values() if p.default is p.empty]
    if missing:
        raise UsageError(
            f"reward {what!r} needs {', '.join(missing)}; assign an object of it to a name in the "
            "file and give that name"
        )
    return kind()
