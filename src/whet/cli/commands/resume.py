"""`whet resume RUN`: continue a run from its newest checkpoint."""

from collections.abc import Collection, Sequence
from pathlib import Path

from whet.cli.arguments import ResumeOptions
from whet.cli.options import parse
from whet.cli.parsing import amended, configured
from whet.cli.running import execute
from whet.front.dating import dated_as
from whet.front.training import go_on_there, load_run, started_in
from whet.invoked import command
from whet.training import card
from whet.training.as_json import to_json
from whet.training.inputs import role
from whet.training.resuming import AS_IT_IS, RECIPE, Resumption
from whet.training.run import Run
from whet.types import UsageError

_OWN = ("--accept", "--from")


def main(words: Sequence[str]) -> int:
    """Rebuild the run from its card, and continue it."""
    own, others = _sorted(words)
    asked = parse(ResumeOptions, own, "resume")
    how = Resumption(start=asked.from_, accept=listed(asked.accept))
    folder = Path(asked.run).absolute()
    run = amended(rebuilt(folder, how), others, command("resume", "--help"))
    return execute(lambda told, stop: go_on_there(run, folder, told, stop, how))


def listed(text: str) -> tuple[str, ...]:
    """The words of a list with commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _sorted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of the command itself, and the settings of the run that change."""
    named = 0 if words and words[0].startswith("-") else 1
    own, others, left = [*words[:named]], list[str](), [*words[named:]]
    while left:
        word = left.pop(0)
        mine = word.partition("=")[0] in _OWN
        (own if mine else others).append(word)
        if mine and "=" not in word and left:
            own.append(left.pop(0))
    return own, others


def rebuilt(folder: Path, how: Resumption = AS_IT_IS) -> Run:
    """The run of a folder's card.

    Raises `UsageError` if its recipe has changed since, unless `how` accepts "recipe".
    """
    run, held = load_run(folder, how), card.read(folder)
    if held["recipe"] and RECIPE not in how.accept:
        with started_in(held):
            made = dated_as(configured(held["recipe"], held["arguments"], "resume").run, held)
        known = {change["field"] for change in held.get("changes", ())}
        found = card.differences(held["run"], to_json(made))
        odd = [d for d in found if not (_among(known, d.field) or role(d.field) in how.accept)]
        if odd:
            raise UsageError(
                f"recipe {held['recipe']!r} has changed since the run began: {odd[0]}; restore it, "
                f"or go on as the run began with --accept {RECIPE}"
            )
    return run


def _among(known: Collection[str], field: str) -> bool:
    """Whether a field, or the part or list around it, is one of the changed ones."""
    return any(f"{field}.".startswith(f"{one}.") for one in known)
