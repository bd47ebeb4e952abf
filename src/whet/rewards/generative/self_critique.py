"""Self-rewarding language models (arXiv:2401.10020, unconfirmed)."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, RewardContext
from whet.rewards.generative.pointwise import Pointwise, Stated
from whet.rewards.generative.policy_judge import Chat, PolicyJudge, PromptStyle
from whet.types import ChatDecoding, Group, Need, Verdict

_ADDITIVE = (
    "one point each for a reply that is relevant to the task; that answers a good part of it; that "
    "answers the basics of it usefully; that is complete, clear and well ordered; that an expert "
    "could not improve. The score is the sum of the points"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCritique(GroupReward):
    """The policy gives each of its replies 0 to 5 points: R = points / 5.

    The criteria are ours, after the paper's additive scale.  The paper makes DPO pairs of the best
    and the worst of four replies and repeats this with the new policy three times; here the points
    are the reward.
    """

    needs = frozenset({Need.POLICY})
    compares = False

    decoding: ChatDecoding = ChatDecoding()
    prompt_style: PromptStyle = Chat()

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        scale = Stated(low=0, high=5)
        points = Pointwise(criterion=_ADDITIVE, scale=scale, decoding=self.decoding)
        return await context.judge(PolicyJudge(judge=points, prompt_style=self.prompt_style), group)
