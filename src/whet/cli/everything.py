"""`--help-all`: every dotted path of a run, its value, and the parts that it takes."""

from collections.abc import Iterator, Sequence
from types import NoneType
from typing import Any

from whet.cli.choices import offered, slot_types, snake
from whet.cli.overrides import paths
from whet.cli.parsing import configured
from whet.cli.values import accepted, arms, item_of, shown
from whet.training.run import Run

_MANY = 8  # names of parts in one line


def every_path(recipe: str, words: Sequence[str], command: str) -> str:
    """The text of `--help-all`: every path, grouped by the fields of the run."""
    run = configured(recipe, words, command).run
    return "\n".join([f"whet {command} {recipe}: every path, its value, its choices", *_lines(run)])


def _lines(run: Run) -> Iterator[str]:
    group = ""
    for path, hint, held in paths(run):
        head = path.partition(".")[0]
        if head != group:
            yield ""
        group = head
        yield f"--{path} {_held(held)}{_choices(hint)}"


def _held(held: Any) -> str:
    if isinstance(held, tuple) and held and hasattr(held[0], "__dataclass_fields__"):
        return ",".join(snake(type(one).__name__) for one in held)
    if hasattr(held, "__dataclass_fields__"):
        return snake(type(held).__name__)
    return shown(held)


def _choices(hint: Any) -> str:
    of = item_of(hint) if item_of(hint) is not None and slot_types(item_of(hint)) else hint
    if not slot_types(of):
        return f"   ({accepted(hint)})"
    known = offered(of)
    if len(known) == 1 and NoneType not in arms(of):
        return ""  # a slot for one part only
    more = f", … {len(known)} in all" if len(known) > _MANY else ""
    return f"   (of {', '.join(known[:_MANY])}{more})"
