"""A study that kills its own process: `python dying.py PLACE COUNT words of whet…`."""

import os
import signal
import sys

from whet.cli.main import main
from whet.engines.embedded.learner import EmbeddedLearner
from whet.front.studying import Laboratory
from whet.studies.rows import RowFile
from whet.training.checkpoint import Checkpoints

PLACES = {
    "learning": (EmbeddedLearner, "_backward"),
    "saving": (Checkpoints, "_identity"),
    "between": (Laboratory, "_add"),
    "writing": (RowFile, "append"),
}


def die_at(place: str, number: int) -> None:
    """Kill this process at a call of a method, before it does anything."""
    owner, name = PLACES[place]
    original, left = getattr(owner, name), iter(range(number))

    def dying(*given, **named):
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*given, **named)

    setattr(owner, name, dying)


if __name__ == "__main__":
    die_at(sys.argv[1], int(sys.argv[2]))
    sys.exit(main(sys.argv[3:]))
