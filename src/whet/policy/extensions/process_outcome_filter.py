"""PROF: a filter on rollouts by the agreement of step scores and outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whet.policy.extensions.groups import by_policy, judgement, subset
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.rewards.dense.consistency import consistent
from whet.types import AdvantageInputs, Group, Need, Rollout, Ticket, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOutcomeFilter(Companion):
    """A filter that drops rollouts with step scores that disagree with their outcome.

    As in PROF (arXiv:2509.03403; the number of dropped rollouts is unconfirmed). Of a group's
    correct replies the share `drop` with the lowest step scores is dropped, of the wrong ones the
    share with the highest. Then the larger side is reduced to the size of the smaller. The step
    score is the verdict's `part`: mean_step of the reward process_model, steps of the reward
    process. Faults, demonstrations and replies without a step score stay.
    """

    needs = frozenset({Need.CORRECTNESS})

    part: str = "mean_step"
    drop: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.drop < 1:
            raise UsageError(f"ProcessOutcomeFilter.drop is {self.drop}; give a share in [0, 1)")

    async def open(self, setup: SetupContext) -> "LiveProcessOutcomeFilter":
        del setup
        return LiveProcessOutcomeFilter(self)


@dataclass(slots=True)
class LiveProcessOutcomeFilter(Extension):
    """Filters each group on its own, so the order of tickets does not matter."""

    settings: ProcessOutcomeFilter
    known: bool = False  # True once any verdict had the part

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Each group without the dropped rollouts."""
        del context, ticket
        return [self._chosen(group) for group in groups]

    def _chosen(self, group: Group) -> Group:
        part = self.settings.part
        verdicts = [judgement(r) if by_policy(r) else None for r in group]
        known = {i: v for i, v in enumerate(verdicts) if v is not None and part in v.parts}
        self.known = self.known or bool(known)
        correct = [bool(v.correct) for v in known.values()]
        steps = [v.parts[part] for v in known.values()]
        kept = dict(zip(known, consistent(correct, steps, self.settings.drop), strict=True))
        return subset(group, [kept.get(i, True) for i in range(len(group))])

    async def add_columns(
        self, context: StepContext, inputs: AdvantageInputs, rollouts: Sequence[Rollout]
    ) -> AdvantageInputs:
        """Raises `UsageError` if no verdict of the run so far had the part."""
        del context
        judged = [v for r in rollouts if by_policy(r) and (v := judgement(r))]
        if judged and not self.known:
            raise UsageError(
                f"ProcessOutcomeFilter.part is {self.settings.part!r}, but verdicts have "
                f"{sorted(judged[0].parts)}; give a reward that scores steps, such as "
                f"process_model, or one of its parts"
            )
        return inputs

    def state_dict(self) -> dict[str, Any]:
        return {"known": self.known}

    async def load_state_dict(self, state: dict[str, Any], context: StepContext) -> None:
        del context
        self.known = state["known"]
