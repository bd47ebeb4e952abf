"""`whet train RECIPE`: train a model with a recipe, in a new run folder."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from whet import registry
from whet.cli.parsing import configured
from whet.cli.running import execute
from whet.front.dating import dated
from whet.front.training import begin
from whet.training.card import card, with_chat
from whet.training.preflight import examined
from whet.training.run_name import checked
from whet.types import UsageError


def main(words: Sequence[str]) -> int:
    """Train the recipe that the first word names; `--name` names the run folder."""
    recipe, rest = named(words, "train")
    asked = configured(recipe, rest, "train")
    stem = Path(recipe.partition(":")[0]).stem
    name = f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}" if asked.name is None else asked.name
    run, folder = dated(asked.run), Path(asked.runs) / checked(name)
    held = card(run, recipe, asked.arguments)
    found = asyncio.run(examined(run))
    held = with_chat(held, found.chat)
    return execute(lambda told, stop: begin(run, folder, held, told, stop), found.notes)


def named(words: Sequence[str], command: str) -> tuple[str, Sequence[str]]:
    """The recipe, and the words after it."""
    if not words or words[0].startswith("-"):
        names = ", ".join(registry.names("recipe"))
        raise UsageError(f"whet {command} needs a recipe: {names}, or a path to a .py file")
    return words[0], words[1:]
