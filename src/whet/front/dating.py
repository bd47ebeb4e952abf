"""The date of a run, which its chat template prints, and the settings of that template."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from whet.engines.models import Folder
from whet.training import card
from whet.training.as_json import from_json
from whet.training.run import Run


def dated(run: Run) -> Run:
    """The run with the present day for its chat template, unless it has a day.

    The card keeps it, so that resumed steps and evaluations have the same prompts.
    """
    return _on(run, date.today().isoformat())


def dated_as(run: Run, held: Mapping[str, Any]) -> Run:
    """The run with the day of a card, unless it has one."""
    model = held["run"].get("model")
    return _on(run, model.get("today", "") if isinstance(model, Mapping) else "")


def as_of_run(model: Folder, checkpoint: Path) -> Folder:
    """The model of a checkpoint, with the day and the chat settings on the card of its run.

    The model as it is where there is no card.
    """
    folder = checkpoint.absolute().parent.parent
    if not card.exists(folder):
        return model
    held = card.read(folder)["run"].get("model")
    if not isinstance(held, Mapping):
        return model
    chat = from_json(held["chat"], "model.chat") if "chat" in held else model.chat
    return replace(model, today=held.get("today", ""), chat=chat)


def _on(run: Run, today: str) -> Run:
    model = run.model
    if not isinstance(model, Folder) or model.today:
        return run
    return replace(run, model=replace(model, today=today))
