"""SEELE: a hint per task and round that lets about half of the rollouts succeed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from whet.protocols import Now, SamplingSetup
from whet.sampling.exploration.hinting import LiveHintSchedule, PrefixSchedule, begun_with
from whet.sampling.exploration.partial import PartialSolutions
from whet.sampling.exploration.response_curve import ItemResponse
from whet.sampling.outcomes import task_metric
from whet.types import Group, Metrics, Request, RunSpec, Ticket, UsageError

Results = tuple[tuple[float, float], ...]
"""A pair per rollout: the share of the solution that it was told, and its task metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seele(PrefixSchedule):
    """The replies of a round begin with the share p of the solution that makes accuracy a*.

    acc(p) = b + (1 − b) / (1 + e^{−k (p + μ)});  p = acc⁻¹(a*),  and 0 where a* ≤ b

    k, μ and b are fitted by least squares to the task's rounds of this visit. The first round of a
    task has p = `first`; that of a later visit, what its last visit has led to. a* = `target` = 1/2
    maximises the variance a (1 − a), which bounds the progress of a step.

    It needs a size with rounds: `--sampling.size fixed_rounds --sampling.schedules seele`. All
    rounds are one group with one baseline. The paper also imitates the hint's tokens with weight
    γ = 0.001. That is the `extra` term of the algorithm `uft` (beta = 0.001), without its companion
    `Hints`: `--algorithm uft --objective.companions none`. Rounds say how hard the bare task is
    only where p was 0.

    Source: SEELE (arXiv:2509.06923), its abstract read, equation and defaults second-hand. That a
    later visit begins with the p that follows from all rounds before, instead of the last one
    played, is ours. Cost: the rounds of a step come one after the other (see `fixed_rounds`), and
    the hint counts in the length of the reply. Known failure: with a steep curve and few rollouts,
    a round succeeds always or never, and the fit learns little from it.
    """

    target: float = 0.5  # a*
    first: float = 0.9  # p of the first round of an unknown task

    def __post_init__(self) -> None:
        if not 0 < self.target < 1:
            raise UsageError(
                f"sampling.schedules.seele.target is {self.target}; give more than 0, less than 1"
            )
        if not 0 <= self.first <= 1:
            raise UsageError(f"sampling.schedules.seele.first is {self.first}; give one in [0, 1]")

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of sizes with a single round."""
        if spec.rounds:
            return ""
        return (
            "sampling.schedules Seele chooses its hint from round to round, and groups are sampled "
            "in one round; give --sampling.size fixed_rounds"
        )

    def open(self, setup: SamplingSetup) -> "LiveSeele":
        return LiveSeele(settings=self, solutions=PartialSolutions(setup))


@dataclass(slots=True, kw_only=True)
class LiveSeele(LiveHintSchedule):
    """The state is the share that each visited task is told next."""

    settings: Seele
    solutions: PartialSolutions
    next_shares: dict[str, float] = field(default_factory=dict)  # by task
    visits: dict[tuple[int, int], Results] = field(default_factory=dict)  # by landed ticket

    def apply(self, request: Request, now: Now) -> Request:
        del now
        share = self._share(request)
        told = self.solutions.tokens(request.task, share)
        return replace(request, plays=tuple(begun_with(play, told) for play in request.plays))

    def _share(self, request: Request) -> float:
        known = self.next_shares.get(request.task.id, self.settings.first)
        if request.completes is None:
            return known
        results = self.visits.get(request.completes.key, ())
        return self._led_to(results, known)

    def _led_to(self, results: Results, known: float) -> float:
        """The share that follows from the rounds of a visit; the known one where none counts."""
        return ItemResponse.fitted(results).inverse(self.settings.target) if results else known

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> None:
        """Add a round to its visit."""
        LiveHintSchedule.observe(self, ticket, groups)
        request = ticket.request
        before = () if request.completes is None else self.visits.pop(request.completes.key, ())
        own = (r for group in groups for r in group if not r.joined)
        pairs = ((r.hint, task_metric(r)) for r in own)
        results = (*before, *((hint, metric) for hint, metric in pairs if metric is not None))
        self.visits[ticket.key] = results
        known = self.next_shares.get(request.task.id, self.settings.first)
        self.next_shares[request.task.id] = self._led_to(results, known)

    def step_ended(self, now: Now) -> Metrics:
        """The metrics of hints; the visits of the step are over."""
        self.visits = {}
        return LiveHintSchedule.step_ended(self, now)

    def state_dict(self) -> dict[str, Any]:
        return {"next_shares": dict(self.next_shares)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.next_shares = dict(state["next_shares"])
