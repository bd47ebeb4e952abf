"""Math-Shepherd (arXiv:2312.08935): a step's label is the success rate of its continuations."""

from dataclasses import dataclass, replace

from whet.protocols import RewardContext
from whet.rewards.dense.cutting import spans
from whet.rewards.dense.monte_carlo import Label, PlayedOn, Soft
from whet.rewards.dense.placing import AtEnd, last_reply
from whet.rewards.shaping.rescoring import right
from whet.types import Rollout, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Shepherd(PlayedOn):
    """y_k at the last token of step k, from N = `count` continuations of the chain up to there.

    A soft label is the share of right continuations; a hard label is 1 where any is right.  The
    last step's label is 1 for a right reply, else 0.  Right is what the inner reward calls correct,
    on whatever scale it scores.  N = 8 is unconfirmed.  A policy that repairs wrong steps labels
    them as good; a value that rises after a wrong step shows it.

    These are labels, to train a model of steps with.  As rewards they add up: many small steps
    from a promising beginning earn more than a right answer in one step.  To learn from steps,
    take `process_model` with its min-form, or `vine`, whose advantages add up to R − V̂.
    """

    count: int = 8
    label: Label = Soft()
    weight: float = 1.0

    async def credited(self, rollout: Rollout, verdict: Verdict, context: RewardContext) -> Verdict:
        """Labels every step by the continuations from its end."""
        cuts = self.places(rollout)
        played = await self.verdicts(rollout, cuts, context)
        labels = [self.label([right(v) for v in found]) for found in (*played, [verdict])]
        steps = spans(cuts, last_reply(rollout))
        credit = AtEnd()([self.weight * label for label in labels], steps, rollout.length)
        parts = {"steps": float(len(labels)), "first_label": labels[0]}
        return replace(verdict, credit=credit, parts={**verdict.parts, **parts})
