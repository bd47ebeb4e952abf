"""What a run has written stays where it was, while it writes more."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from whet.durable import StorageError
from whet.training.ledger import METRICS
from whet.training.lock import insist_owned

CHECKPOINTS = "checkpoints"


@dataclass(slots=True)
class FolderGuard:
    """A run's folder as its process has left it, looked at before every write."""

    folder: Path
    _seen: set[str] = field(default_factory=set)

    def check(self) -> None:
        """Raise `StorageError` if the folder is another run's by now, or its files are gone.

        To write on would damage the other run, or leave one without its first rows and checkpoints.
        """
        insist_owned(self.folder)
        for part in (METRICS, CHECKPOINTS):
            path = self.folder / part
            if os.path.lexists(path):
                self._seen.add(part)
            elif part in self._seen:
                raise StorageError(f"{str(path)!r} is gone while the run writes; restore it")
