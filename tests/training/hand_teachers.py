"""The metrics of teachers, counted again."""

from collections.abc import Callable

from hand_counts import Counted, Step, mean
from hand_extensions import correct
from plain_reading import read

from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.teacher_contexts import Corrected, Demonstrated, SamePrompt
from whet.types import Rollout


def teacher_words(step: Step, rollout: Rollout, group: list[Rollout]) -> str | None:
    """What the context of the run's teacher puts before a prompt; None where it teaches nothing."""
    context = step.witness.settings(ScoringTeacher).context
    if isinstance(context, Demonstrated):
        return rollout.task.answer * 2
    right = [r for r in group if correct(r) and r.id != rollout.id]
    return right[0].reply if isinstance(context, Corrected) and right else None


def teacher_share(step: Step) -> Counted:
    """Tokens of rollouts with a demonstration, or with a right sibling among those with a score."""
    if isinstance(step.witness.settings(ScoringTeacher).context, SamePrompt):
        size = len(step.witness.steps[step.number].batch.tokens.row)
        return Counted(1.0, size)
    taught = everything = 0
    for group in step.groups:
        scored = [r for r in group if r.verdict is not None and r.verdict.judged]
        for rollout in scored:
            size = sum(rollout.action_mask.tolist())
            everything += size
            taught += size * (teacher_words(step, rollout, scored) is not None)
    return Counted(taught / everything, everything)


def teacher_kl(step: Step) -> Counted:
    """The teacher is the initial policy with the same prompt."""
    policy = step.witness.kept.learners[0]
    rollouts = list(step.witness.steps[step.number].batch.rollouts)
    own = read(step.witness.updates(step.number)[0].weights, rollouts).logp.tolist()
    base = read(policy.seen[0].weights, rollouts).logp.tolist()
    return mean([a - b for a, b in zip(own, base, strict=True)])


HAND_TEACHERS: dict[str, Callable[[Step], Counted]] = {
    "teacher_kl": teacher_kl,
    "teacher_share": teacher_share,
}
