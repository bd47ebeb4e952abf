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
from whet.training.run import Run
from whet.types import UsageError


def main(words: Sequence[str]) -> int:
    """Rebuild the run from its card, and continue it."""
    named = 0 if words and words[0].startswith("-") else 1
    folder = Path(parse(ResumeOptions, words[:named], "resume").run).absolute()
    run = amended(rebuilt(folder), words[named:], command("resume", "--help"))
    return execute(lambda told, stop: go_on_there(run, folder, told, stop))


def rebuilt(folder: Path) -> Run:
    """The run of a folder's card.  Raises `UsageError` if its recipe has changed since."""
    run, held = load_run(folder), card.read(folder)
    if held["recipe"]:
        with started_in(held):
            made = dated_as(configured(held["recipe"], held["arguments"], "resume").run, held)
        known = {change["field"] for change in held.get("changes", ())}
        found = card.differences(held["run"], to_json(made))
        odd = [difference for difference in found if not _among(known, difference.field)]
        if odd:
            raise UsageError(f"recipe {held['recipe']!r} has changed since the run began: {odd[0]}")
    return run


def _among(known: Collection[str], field: str) -> bool:
    """Whether a field, or the part or list around it, is one of the changed ones."""
    return any(f"{field}.".startswith(f"{one}.") for one in known)
