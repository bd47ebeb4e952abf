"""The date of a run, which its chat template prints."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from whet.engines.models import Folder
from whet.training import card
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


def day_of_run(checkpoint: Path) -> str:
    """The day on the card of the run that has this checkpoint; empty where there is no card."""
    folder = checkpoint.absolute().parent.parent
    if not card.exists(folder):
        return ""
    model = card.read(folder)["run"].get("model")
    return model.get("today", "") if isinstance(model, Mapping) else ""


def _on(run: Run, today: str) -> Run:
    model = run.model
    if not isinstance(model, Folder) or model.today:
        return run
    return replace(run, model=replace(model, today=today))
