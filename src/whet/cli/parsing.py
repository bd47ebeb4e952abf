"""From words to values, by tyro; what doesn't fit is one line."""

import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import field, make_dataclass, replace
from inspect import Parameter, signature
from io import StringIO
from itertools import groupby
from typing import Annotated, Any, TypeVar, get_type_hints

import tyro

from whet import invoked, recipes
from whet.cli.narrowing import narrowed, restored
from whet.training.run import Run
from whet.types import UsageError

T = TypeVar("T")
_PARTS = (tyro.conf.AvoidSubcommands, tyro.conf.SuppressFixed)
_BOX = re.compile(r"[│╭╮╰╯─|+]+|-{3,}")  # tyro draws in ASCII where it has to


def parse(kind: Callable[..., T], words: Sequence[str], command: str, **more: Any) -> T:
    """The value that the words describe.  Raises `UsageError` with tyro's reason in one line."""
    said = StringIO()
    try:
        with redirect_stderr(said):
            return tyro.cli(kind, args=list(words), prog=f"whet {command}", config=_PARTS, **more)
    except SystemExit as end:
        if not end.code:
            raise
        told = f"{_condensed(said.getvalue())} ({invoked.program()} {command} --help)"
        raise UsageError(told) from None


def _condensed(text: str) -> str:
    """What a box says above its first rule, unwrapped, and the nearest name that it suggests."""
    every = [_BOX.sub("", line).strip() for line in text.splitlines()]
    lines = [line for line in every if line]
    between = [list(some) for full, some in groupby(every, bool) if full]
    title, after = (*between, [], [])[:2]  # where boxes are drawn in ASCII, the title is ruled too
    reason = " ".join(title[1:] or after) or "the arguments can't be read"
    if reason.startswith("Missing from"):
        words = [word for line in lines for word in line.split() if word.startswith("--")]
        return f"missing {', '.join(word for word in words if word != '--help')}"
    if "Perhaps you meant:" in lines:
        near = lines[lines.index("Perhaps you meant:") + 1].split()[0]
        return f"{reason}; perhaps you meant {near}"
    return re.sub(r"^Error parsing run[\w.]*: ", "", reason)


def configured(recipe: str, words: Sequence[str], command: str) -> tuple[Run, str]:
    """The run of a recipe, with the words' choices and overrides, and the name it was given.

    A recipe's parameters are words of their own (`--model PATH`); every field of the run that it
    returns, but for its warm-ups, can be overridden by its dotted path
    (`--sampling.size.rollouts 8`).
    """
    make = recipes.find(recipe)
    choices = _choices(make, words, command, recipe)
    run = make(**choices)
    hints = get_type_hints(make)
    fields: list[tuple[str, Any, Any]] = [
        ("run_name", Annotated[str, tyro.conf.arg(name="name", help="of the run folder")], "")
    ]
    fields += [
        (f"choice_{name}", Annotated[hints[name], tyro.conf.arg(name=name)], value)
        for name, value in choices.items()
    ]
    bare = replace(run, warmup=())  # a recipe's own business, and too many flags
    shown = narrowed(bare)
    fields.append(("run", Annotated[type(shown), tyro.conf.arg(name="")], shown))
    shape = make_dataclass(
        "Words", [(name, kind, field(default=value)) for name, kind, value in fields]
    )
    shape.__doc__ = make.__doc__
    found: Any = parse(shape, words, f"{command} {recipe}")
    return replace(restored(found.run, bare), warmup=run.warmup), found.run_name


def _choices(
    make: Callable[..., Run], words: Sequence[str], command: str, recipe: str
) -> dict[str, Any]:
    """The recipe's own parameters, read before the run exists.

    Where help is asked for and the run can't be made yet, the help is about these parameters.
    """
    parameters = signature(make).parameters.values()
    needed = {f"--{p.name}" for p in parameters if p.default is Parameter.empty}
    if needed <= {word.partition("=")[0] for word in words}:
        words = [word for word in words if word not in {"-h", "--help"}]
    hints = get_type_hints(make)
    missing = tyro.MISSING
    fields = [
        (
            p.name,
            hints[p.name],
            field(default=missing if p.default is Parameter.empty else p.default),
        )
        for p in parameters
    ]
    if not fields:
        return {}
    shape = make_dataclass("Choices", fields, kw_only=True)
    found, _ = parse(shape, words, f"{command} {recipe}", return_unknown_args=True)
    return {p.name: getattr(found, p.name) for p in parameters}
