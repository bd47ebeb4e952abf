"""What ends a run, or masks a play: wrong input, broken runs, failures of infrastructure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whet.types.rollouts import Rollout


class UsageError(ValueError):
    """Wrong input from a user.  One line: the field, its value and the remedy."""


class ContextFull(UsageError):
    """A prompt and a reply that have more tokens than the model has positions."""


class Fault(OSError):
    """Infrastructure failed, such as a server or a sandbox: the play is masked as a fault."""


class IntegrityError(RuntimeError):
    """A run that can no longer be believed.  It names what broke, and on which rollouts."""

    def __init__(self, message: str, rollouts: "Sequence[Rollout]" = ()) -> None:
        super().__init__(message)
        self.rollouts = tuple(rollouts)
