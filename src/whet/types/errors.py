"""What ends a run, or masks a play: wrong input, broken runs, failures of infrastructure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from whet.types.tasks import Finish

if TYPE_CHECKING:
    from whet.types.rollouts import Rollout


class UsageError(ValueError):
    """Wrong input from a user.  One line: the field, its value and the remedy."""


class Over(Exception):
    """A conversation has no tokens left for another reply.

    It is raised inside the environment that asks for one, again at every ask.  An environment may
    catch it and return a verdict of what was said so far.
    """

    finish: ClassVar[Finish]  # of a rollout that ends so


class ContextFull(Over, UsageError):
    """A prompt and a reply that have more tokens than the model has positions."""

    finish = Finish.CONTEXT


class EpisodeSpent(Over):
    """The replies of a conversation have `Decoding.max_episode_tokens` tokens."""

    finish = Finish.LENGTH


class Fault(OSError):
    """Infrastructure failed, such as a server or a sandbox: the play is masked as a fault."""


class WorkerLost(Exception):
    """The process that played a request has ended; the same request can be played elsewhere."""


_CAUSES = 16  # exceptions, each raised from the next, that are looked at


def raised_from(
    error: BaseException | None,
    kinds: tuple[type[BaseException], ...],
    but: tuple[type[BaseException], ...],
) -> bool:
    """Whether an exception is of these kinds, or was raised from one that is.

    The search ends at an exception of the kinds `but`.
    """
    for _ in range(_CAUSES):
        if error is None or isinstance(error, but):
            return False
        if isinstance(error, kinds):
            return True
        error = error.__cause__
    return False


class WorldBug(UsageError):
    """An environment failed by itself.  It has the rollouts of the play up to there."""

    def __init__(self, message: str, rollouts: "Sequence[Rollout]" = ()) -> None:
        super().__init__(message)
        self.rollouts = tuple(rollouts)


class IntegrityError(RuntimeError):
    """A run that can no longer be believed.  It names what broke, and on which rollouts."""

    def __init__(self, message: str, rollouts: "Sequence[Rollout]" = ()) -> None:
        super().__init__(message)
        self.rollouts = tuple(rollouts)
