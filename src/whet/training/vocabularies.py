"""Tokenizers of a run: whatever reads the policy's token ids has the policy's tokenizer."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from whet.policy.extensions.teacher_weights import TeacherWeights
from whet.policy.inspection import walk
from whet.protocols import Learner, Player
from whet.training.run import Run
from whet.training.stepmodel.trained import TrainedSteps
from whet.types import Task, UsageError


def check_vocabularies(run: Run, player: Player, learner: Learner) -> None:
    """Raise `UsageError` for a model with another tokenizer than the policy's, by its field.

    These are the learner, and judges that score token ids.  Judges that read text may have a
    tokenizer of their own.
    """
    own = player.renderer.vocabulary
    for field, other in _others(run, learner):
        if own and other and other != own:
            raise UsageError(
                f"{field} has another tokenizer than the policy that samples (the digests of their "
                f"tokens are {other} and {own}), so it would read other words in the same ids; "
                "give a model that was trained from the policy's"
            )


def check_teachers(run: Run, own: str, tasks: Sequence[Task]) -> None:
    """Check the teachers of a run, without their weights; `own` is the policy's vocabulary.

    Raises `UsageError` for a folder that can't be opened, for another tokenizer, for an average of
    adapters, and for a training task without a teacher.
    """
    for teacher in (part for part in walk(run.objective) if isinstance(part, TeacherWeights)):
        teacher.check_run(run.engine, own, tasks)


def _others(run: Run, learner: Learner) -> Iterator[tuple[str, str]]:
    """The field of each model that reads the policy's ids, and the digest of its vocabulary."""
    yield "engine: the learner", learner.vocabulary
    for part in walk(run):
        if isinstance(part, TrainedSteps):
            yield f"steps.path {part.path!r}", part.engine.vocabulary(Path(part.path))
