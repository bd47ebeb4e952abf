"""From words and files to a run: a recipe, its parameters, and settings that are overridden."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass
from typing import Any

from whet import invoked, recipes
from whet.cli import config
from whet.cli.changes import CHANGES, SETS
from whet.cli.choices import Built, choose
from whet.cli.flags import (
    CONFIG,
    FLAG,
    Flag,
    check_agree,
    flags,
    match,
    merged,
    nearest_path,
    path_of,
)
from whet.cli.overrides import Setting, changed, made, paths, settings_of, tree
from whet.cli.spellings import SPELLINGS, Answer, spelled
from whet.cli.values import value
from whet.protocols import Algorithm, Corpus, Environment, Judge, Sampling
from whet.training.run import Run
from whet.types import UsageError

RUNS, RUNS_VARIABLE = "runs", "WHET_RUNS"
_OWN = ("name", "runs")
# a recipe's parameters of these names are parts, by name or path
_PARTS: Mapping[str, Any] = {
    "algorithm": Algorithm,
    "corpus": Corpus,
    "environment": Environment,
    "reward": Judge,
    "sampling": Sampling,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A run, with the name and the parent of its folder."""

    run: Run
    name: str | None = None
    runs: str = RUNS  # the folder of run folders
    arguments: tuple[str, ...]  # the command line that gives the same run, without settings files


def configured(recipe: str, words: Sequence[str], command: str) -> Asked:
    """The run of a recipe, with the words' choices and overrides, and the name it was given.

    A recipe's parameters are flags of their own (`--model PATH`); every field and every part of
    the run that it returns can be overridden by its dotted path (`--sampling.size.rollouts 8`,
    `--sampling.gate non_zero_spread`), here or in a file (`--config FILE`).
    """
    typed = flags(words)
    files = [flag.insist() for flag in typed if flag.path == CONFIG]
    layers = [*map(config.read, files), [flag for flag in typed if flag.path != CONFIG]]
    run, said, mine = _built(recipe, layers, command)
    return Asked(
        run=run,
        name=mine.get("name"),
        runs=_folder_of_runs(mine),
        arguments=tuple(flag.word for flag in said) if files else tuple(words),
    )


def run_of(recipe: str, layers: Sequence[Sequence[Flag]]) -> Run:
    """The run of a recipe with layers of settings, of which the later ones win.

    Raises `UsageError` for a setting that no run has, such as the name of a run folder.
    """
    run, _, mine = _built(recipe, layers, "train")
    if mine:
        raise UsageError(
            f"{min(mine)} is a flag of whet train, not a setting of a run; leave it out"
        )
    return run


def _built(
    recipe: str, layers: Sequence[Sequence[Flag]], command: str
) -> tuple[Run, list[Flag], dict[str, str]]:
    """The run, the flags that it was made of, and those of the command itself."""
    make = recipes.find(recipe)
    own = settings_of(make)
    said = merged((_resolved(layer, own) for layer in layers), _sets(own))
    mine, chosen, others = _sorted(said, own)
    program = f"{invoked.program()} {command} {recipe}"
    run = make(**_choices(own, chosen, f"{program} --help"))
    return _overridden(run, others, [*own, *_OWN], f"{program} --help-all"), said, mine


def amended(run: Run, words: Sequence[str], advice: str) -> Run:
    """A run with fields set by flags, in any spelling.  `advice` is a command that lists them."""
    return _overridden(run, merged([_resolved(flags(words), {})]), _OWN, advice)


def _folder_of_runs(mine: Mapping[str, str]) -> str:
    runs = mine.get("runs", os.environ.get(RUNS_VARIABLE, RUNS))
    if not runs.strip():
        raise UsageError(f"runs is {runs!r}; give the folder of run folders, such as {RUNS}")
    return runs


def _resolved(layer: Sequence[Flag], own: Mapping[str, Setting]) -> list[Flag]:
    """Flags replaced by the paths that they stand for.

    A flag of one path wins over a flag of several.  Raises `UsageError` for two that disagree.
    """
    known, single, several = settings_of(Run), [], []
    for flag in layer:
        head = flag.path[0]
        plain = match(head, (*own, *known)) or flag.dotted in _OWN
        found = None if plain else spelled(flag, own)
        targets = found or [flag]
        (several if len(targets) > 1 else single).extend(targets)
    for alike in (several, single):
        check_agree(alike, _sets(own))
    return [*several, *single]


def _sets(own: Mapping[str, Setting]) -> Mapping[str, str]:
    return {change: path for change, path in SETS.items() if change not in own}


def _sorted(
    said: Sequence[Flag], own: Mapping[str, Setting]
) -> tuple[dict[str, str], list[Flag], list[Flag]]:
    """The flags of the command, of the recipe's parameters, and all others."""
    mine = {
        flag.dotted: flag.insist()
        for flag in said
        if flag.dotted in _OWN and flag.dotted not in own
    }
    rest = [flag for flag in said if flag.dotted not in mine]
    named = {flag.dotted: flag.text for flag in rest}
    chosen = [flag for flag in rest if _is_choice(flag, own, named)]
    return mine, chosen, [flag for flag in rest if flag not in chosen]


def _is_choice(flag: Flag, own: Mapping[str, Setting], named: Mapping[str, str]) -> bool:
    """Whether a flag is a parameter of the recipe, or a setting of the part that it names.

    Where the run has a field of the parameter's name, too, what the named part doesn't take is
    that field's: `--reward math --reward.longest 64`.
    """
    name = flag.path[0]
    if name not in own or len(flag.path) == 1:
        return name in own
    if name not in settings_of(Run):
        return True
    return name in _PARTS and name in named and flag.path[1] in _settings(name, named[name])


def _settings(name: str, text: str) -> Mapping[str, Setting]:
    """The settings of the part that a parameter names."""
    found = choose(_PARTS[name], text, name)
    return settings_of(type(found.part) if isinstance(found, Built) else found.make)


def _choices(own: Mapping[str, Setting], chosen: Sequence[Flag], advice: str) -> dict[str, Any]:
    """The arguments of the recipe."""
    root = tree(chosen).inner
    needed = [name for name, setting in own.items() if setting.default is MISSING]
    missing = [f"--{name}" for name in needed if name not in root]
    if missing:
        raise UsageError(f"missing {', '.join(missing)} ({advice})")
    found = {}
    for name, node in root.items():
        text = _text(node.flag, own[name]) if node.flag else own[name].default
        if node.inner:
            found[name] = _part(name, text, node.inner)
        else:
            found[name] = text if name in _PARTS else value(text, own[name].hint, name)
    return found


def _text(flag: Flag, setting: Setting) -> str:
    return flag.text if setting.hint is bool else flag.insist()


def _part(name: str, text: str, inner: Mapping[str, Any]) -> Any:
    """The part of a parameter's name, with settings of its own."""
    if name not in _PARTS:
        raise UsageError(f"{name} is a value, so there is no {name}.{next(iter(inner))}")
    found = choose(_PARTS[name], text, name)
    if isinstance(found, Built):
        return changed(found.part, inner, name)
    return made(found.make, found.name, inner, name)


def _overridden(run: Run, said: Sequence[Flag], besides: Sequence[str], advice: str) -> Run:
    """The run with its fields set, and then changed as a whole."""
    known = settings_of(Run)
    fields = [flag for flag in said if match(flag.path[0], known)]
    whole = {flag.dotted: flag for flag in said if flag not in fields}
    for name, flag in whole.items():
        if name not in CHANGES:
            raise UsageError(f"{_unknown(flag, run, besides)} ({advice})")
    run = changed(run, tree(fields).inner)
    for name, change in CHANGES.items():
        run = change(run, whole[name].text) if name in whole else run
    return run


def _unknown(flag: Flag, run: Run, besides: Sequence[str]) -> str:
    """The nearest path to a flag that is neither a path nor a known flag."""
    if flag.dotted != ".".join(path_of(flag.said)) and flag.said.startswith(FLAG):
        return f"{flag.said} means {FLAG}{flag.dotted}, which this run doesn't have"
    usual = [word for word, means in SPELLINGS.items() if not isinstance(means, Answer)]
    near = nearest_path(flag.dotted, [*(path for path, _, _ in paths(run)), *besides, *usual])
    return "; ".join(filter(None, [f"{flag.said} is unknown", near]))
