"""A metric of the final evaluation, on held-out tasks."""

from dataclasses import dataclass

from whet.registry import nearest
from whet.studies.endpoint import Ended, Endpoint, Measurement
from whet.training.run import Run
from whet.types import IntegrityError, UsageError

_METRICS = ("reward", "greedy_reward", "greedy", "length", "truncated")
_BASE = "base "


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalMetric(Endpoint):
    """y = `metric` after the last step, of the evaluation on the test split.

    pass@k and `greedy` are shares of `Verdict.correct`, so an arm with a reward that keeps the
    checker's opinion beside its own score (`truth`) is measured by the checker.  Beside it: the
    other metrics, and those before the first step.
    """

    metric: str = "pass@1"

    def check_arm(self, run: Run) -> None:
        known = (*(f"pass@{k}" for k in run.evaluation.k), *_METRICS)
        if self.metric not in known:
            raise UsageError(
                f"endpoint.metric is {self.metric!r}, which the evaluation does not measure; "
                f"{nearest(self.metric, known)}"
            )

    async def measure(self, ended: Ended) -> Measurement:
        if self.metric not in ended.final:
            raise IntegrityError(f"the final evaluation has no {self.metric}: no reply was judged")
        wanted = (*(f"pass@{k}" for k in ended.run.evaluation.k), *_METRICS)
        after = {name: ended.final[name] for name in wanted if name in ended.final}
        before = {_BASE + name: ended.base[name] for name in wanted if name in ended.base}
        return Measurement(
            endpoint=ended.final[self.metric],
            secondary={**after, **before},
        )
