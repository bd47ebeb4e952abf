"""The pages on settings: the spellings of flags, and every dotted path of a run."""

import re
from collections.abc import Callable, Iterator, Sequence
from inspect import getdoc, getsource
from types import NoneType
from typing import Any

from whet.cli import choices, values
from whet.cli.changes import CHANGES
from whet.cli.overrides import paths, settings_of
from whet.cli.spellings import SPELLINGS, USUAL, Answer, Changes, Means, Spelling
from whet.recipes.rlvr import rlvr
from whet.training.run import Run

_COMMENT = re.compile(r"^    (\w+): [^#\n]*?  # (.+)$", re.MULTILINE)
_PAGES = {"objective": "algorithms.md", "reward": "rewards.md"}


def flags() -> Iterator[str]:
    """The usual flags, the spellings of other trainers, and what has no counterpart."""
    yield from ("# Flags", "")
    yield "A flag is the dotted path of a field ([configuration](configuration.md)), a parameter"
    yield "of the recipe, or one of the spellings below. Hyphen and underscore are the same."
    yield ""
    yield from ("## Usual flags", "", *_table(["flag", "path", "what"]))
    yield from (row([f"`{u.flag}`", f"`{u.where}`", u.about]) for u in USUAL)
    yield from ("", "## Spellings of TRL, veRL and OpenRLHF", "", *_table(["spellings", "here"]))
    answers = []
    for means, words in _spellings():
        if isinstance(means, Answer):
            answers.append(row([_flagged(words), means.says]))
        else:
            yield row([_flagged(words), _meaning(means)])
    yield from ("", "## Spellings without a counterpart", "")
    yield "Each is answered with one line that says what to do instead."
    yield from ("", *_table(["spellings", "answer"]), *answers)


def configuration() -> Iterator[str]:
    """Every path of a run, by the fields of `Run`, and the parts that each slot takes."""
    run = rlvr(model="path/to/model", data="lock")
    known = list(paths(run))
    yield from ("# Configuration", "")
    yield "Every setting of a run has a dotted path. It is given on the command line"
    yield "(`--sampling.size.rollouts 16`), in a file (`--config mine.toml`), or in Python with"
    yield "`dataclasses.replace`. A part is chosen by its name (`--sampling.gate non_zero_spread`)"
    yield "and its fields are set below its path (`--sampling.gate.max_rounds 5`)."
    yield from ("", "The values are those of `whet train rlvr --model path/to/model --data lock`;")
    yield "`whet train RECIPE --help-all` prints the same for another recipe."
    for name in settings_of(Run):
        of = [one for one in known if one[0].partition(".")[0] == name]
        yield from ("", f"## {name}", "", *_table(["path", "type", "value", "meaning", "choices"]))
        yield from (_path(run, *one) for one in of)
    yield from ("", "## Parts", "", "The parts that a slot takes, with their fields and defaults.")
    yield from _parts([(path, hint) for path, hint, _ in known])


def row(cells: Sequence[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _table(names: Sequence[str]) -> tuple[str, str]:
    return row(names), row(["---"] * len(names))


def _spellings() -> list[tuple[Spelling, list[str]]]:
    """Spellings with the same meaning, together."""
    found: list[tuple[Spelling, list[str]]] = []
    for word, means in SPELLINGS.items():
        same = next((words for other, words in found if other == means), None)
        if same is None:
            found.append((means, [word]))
        else:
            same.append(word)
    return found


def _flagged(words: Sequence[str]) -> str:
    return ", ".join(f"`--{word.replace('_', '-')}`" for word in words)


def _meaning(means: Means | Changes) -> str:
    if isinstance(means, Changes):
        return " ".join((getdoc(CHANGES[means.name]) or "").partition("\n\n")[0].split())
    found = " and ".join(f"`--{p}`" for p in (means.path, means.also) if p)
    recipes = f"`--{means.parameter}`" if means.parameter else ""
    if recipes and found:
        recipes = f"the recipe's {recipes}"
    translated = "; ".join(f"`{old}` is `{new}`" for old, new in means.texts)
    return ", ".join(filter(None, (", else ".join(filter(None, (recipes, found))), translated)))


def _path(run: Run, path: str, hint: Any, held: Any) -> str:
    outer, _, name = path.rpartition(".")
    slot = _slot(hint)
    kind = values.accepted(hint) if slot is None else _kind(slot)
    cells = [f"`{path}`", kind, f"`{_shown(held)}`", _says(_at(run, outer), path, name, held)]
    return row([*cells, "" if slot is None else _offered(path, slot)])


def _at(run: Run, path: str) -> Any:
    found: Any = run
    for name in filter(None, path.split(".")):
        found = found[int(name)] if name.isdigit() else getattr(found, name)
    return found


def _slot(hint: Any) -> Any:
    """The declared type of the part, or of each of several parts; None for a value."""
    item = values.item_of(hint)
    if item is not None and choices.slot_types(item):
        return item
    return hint if choices.slot_types(hint) else None


def _kind(slot: Any) -> str:
    names = [of.__name__ for of in choices.slot_types(slot)]
    return f"part: {' or '.join(names)}{' or none' if NoneType in values.arms(slot) else ''}"


def _shown(held: Any) -> str:
    if isinstance(held, tuple) and held and hasattr(held[0], "__dataclass_fields__"):
        return ",".join(choices.snake(type(one).__name__) for one in held)
    if hasattr(held, "__dataclass_fields__"):
        return choices.snake(type(held).__name__)
    return values.shown(held)


def _says(owner: Any, path: str, name: str, held: Any) -> str:
    """The comment behind the field; else a sentence of a docstring that is about it."""
    if said := "" if isinstance(owner, tuple) else _comments(type(owner)).get(name, ""):
        return said
    if hasattr(held, "__dataclass_fields__"):
        return first_sentence(type(held))
    told = " ".join((getdoc(type(owner)) or "").split())
    about = [s for s in re.split(r"(?<=[.;])\s+(?=[A-Z`])", told) if f"`{name}`" in s]
    usual = (u.about for u in USUAL if u.where == path and not u.about.startswith("--"))
    return " ".join(about) or next(usual, "")


def _comments(kind: type) -> dict[str, str]:
    return dict(_COMMENT.findall(getsource(kind)))


def first_sentence(kind: Callable[..., Any]) -> str:
    """The first paragraph of a docstring, in one line; nothing for one that is its signature."""
    said = " ".join((getdoc(kind) or "").partition("\n\n")[0].split())
    return "" if said.startswith(f"{kind.__name__}(") else said


def _offered(path: str, slot: Any) -> str:
    known = choices.offered(slot)
    if path in _PAGES:
        return f"{len(known)}: [{path}]({_PAGES[path]})"
    if len(known) <= 1 and NoneType not in values.arms(slot):
        return ""
    return f"{len(known)}: [below](#{_title(slot)})"


def _title(slot: Any) -> str:
    return "-or-".join(of.__name__.lower() for of in choices.slot_types(slot))


def _parts(slots: Sequence[tuple[str, Any]]) -> Iterator[str]:
    """Of every slot where there is a choice, once, however many paths have it."""
    found: dict[str, tuple[Any, list[str]]] = {}
    for path, hint in slots:
        slot = _slot(hint)
        if slot is not None and path not in _PAGES and "[below]" in _offered(path, slot):
            found.setdefault(_title(slot), (slot, []))[1].append(path)
    for slot, at in found.values():
        yield from ("", f"### {' or '.join(of.__name__ for of in choices.slot_types(slot))}", "")
        yield from (f"Of {', '.join(f'`{path}`' for path in at)}.", "")
        yield from (_part(slot, name) for name in choices.offered(slot))


def _part(slot: Any, name: str) -> str:
    found = choices.choose(slot, name, name)
    kind = type(found.part) if isinstance(found, choices.Built) else found.make
    fields = ", ".join(_field(key, setting.default) for key, setting in settings_of(kind).items())
    if isinstance(found, choices.Built) and hasattr(found.part, "family"):
        kind, fields = type(found.part.family), ""  # a family of tasks, by its name
    of = f" ({fields})" if fields else ""
    return f"- `{name}`{of}: {first_sentence(kind)}".rstrip(": ")


def _field(name: str, default: Any) -> str:
    missing = type(default).__name__ == "_MISSING_TYPE"
    return f"`{name}`" if missing else f"`{name} = {_shown(default)}`"
