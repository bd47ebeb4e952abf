"""ReMix: a schedule of the weights of two KL penalties."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from whet.policy.domains import AT_LEAST_0, COUNT, SHARE, check
from whet.policy.extensions.adapted import adapted
from whet.policy.regularisers import ConvexK3
from whet.protocols.algorithm import Algorithm, Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, RunSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvexKL(Companion):
    """Weight λ of the first of two KL penalties, by step (ReMix, arXiv:2507.06892).

    λ(t) = max(1 − 0.1 ⌈max(t − 50, 0) / 10⌉, ½)
    """

    begin: int = 50
    every: int = 10
    fall: float = 0.1
    least: float = 0.5

    def __post_init__(self) -> None:
        check(self, begin=AT_LEAST_0, every=COUNT, fall=SHARE, least=SHARE)

    def share(self, step: int) -> float:
        """The weight λ at a step."""
        return max(1 - self.fall * ceil(max(step - self.begin, 0) / self.every), self.least)

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a schedule that begins behind the run's last step."""
        if self.begin < spec.steps - 1:
            return ""
        return (
            f"convex_kl.begin is {self.begin}, but the run has {spec.steps} steps, so the weight "
            "stays 1; give less"
        )

    async def open(self, setup: SetupContext) -> "LiveConvexKL":
        del setup
        return LiveConvexKL(self)


@dataclass(slots=True)
class LiveConvexKL(Extension):
    """Sets λ of the current step; it has no state."""

    settings: ConvexKL

    async def adapt_objective(
        self, context: StepContext, objective: Algorithm, groups: Sequence[Group]
    ) -> Algorithm:
        """The objective with this step's λ."""
        del groups
        return adapted(objective, ConvexK3, share=self.settings.share(context.step))
