"""Steps of the optimizers of models that are trained beside the policy."""

import json
from pathlib import Path

from whet.protocols.engine import Learner, ValueModel
from whet.types import IntegrityError

_FILE = "optimizer-steps.json"


def note_steps(model: Learner | ValueModel, folder: Path) -> None:
    """Write beside the model how many steps its optimizer has taken."""
    (folder / _FILE).write_text(json.dumps(model.optimizer_steps), encoding="utf-8")


def check_steps(model: Learner | ValueModel, folder: Path, name: str) -> None:
    """The optimizer has taken as many steps as when the model was saved.

    Raises `IntegrityError` otherwise: its moments were lost, for example by a fresh optimizer
    after value pretraining.
    """
    due, found = json.loads((folder / _FILE).read_text("utf-8")), model.optimizer_steps
    if found != due:
        raise IntegrityError(
            f"optimizer of the {name}: it has taken {found} steps, but {due} when it was saved; "
            f"its moments were lost, so the {name} would be trained otherwise than in a run "
            "without a stop"
        )
