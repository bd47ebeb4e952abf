"""Whether a run learned nothing, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot

from whet.training.curves import MetricCurve
from whet.training.doctor.evaluations import EvaluationRow
from whet.training.doctor.findings import Finding, Row, note, wrong

_SOLVED = 0.95  # accuracy, or share of the reward's range, with little left to learn


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingLearned:
    """Neither reward nor accuracy has changed by more than noise; the metrics may say why.

    With a reason it is a problem of the run.  Without one it is a note.
    """

    errors: float = 2.0  # standard errors of a change between evaluations
    still: float = 0.02  # change of a training curve, where there are no evaluations
    rare: float = 0.05  # share up to which groups that vary, or are admitted, are too few
    most: float = 0.9  # share from which on cut-off, clipped or failed is nearly everything
    path: float = 1e-5  # Σ lr over the steps, the most that Adam moves a weight, about

    def examine(
        self, steps: Sequence[Row], held: Sequence[EvaluationRow], *, lonely: bool
    ) -> Iterator[Finding]:
        """At most one finding.

        Where `correct` means only a reward of 1 or more (`lonely`), it does not say that there is
        little left to learn; the height of the reward does.
        """
        told = self._unchanged(steps, held)
        if told is None:
            return
        if held and (_at_its_top(steps, held[-1]) if lonely else _solved(held[-1])):
            yield note(f"there was little left to learn: {told}")
            return
        reasons = [*self._weights(steps, held), *self._rewards(steps), *self._replies(steps)]
        if reasons:
            yield wrong(f"the run learned nothing: {told}; {'; '.join(reasons)}")
        else:
            yield note(f"the run may have learned nothing: {told}; the metrics do not say why")

    def unmoved(self, steps: Sequence[Row], held: Sequence[EvaluationRow]) -> Iterator[Finding]:
        """Of runs of a few steps: whether the weights are those that they began with."""
        if steps and (why := list(_same_weights(held))):
            yield note(f"the run learned nothing: {why[0]}")

    def _unchanged(self, steps: Sequence[Row], held: Sequence[EvaluationRow]) -> str | None:
        """What has not changed; None if something has, or if nothing is known."""
        if len(held) > 1:
            base, last = held[0], held[-1]
            return None if self._apart(base, last) else _said(base, last)
        reward, correct = MetricCurve.of(steps, "reward"), MetricCurve.of(steps, "correct")
        if not reward.known or any(
            abs(curve.late.value - curve.early.value) > self.still
            for curve in (reward, correct)
            if curve.known
        ):
            return None
        return f"the reward went from {reward.early.value:.3f} to {reward.late.value:.3f}"

    def _apart(self, base: EvaluationRow, last: EvaluationRow) -> bool:
        noise = self.errors * hypot(base.reward_error, last.reward_error)
        if abs(last.reward - base.reward) > noise:
            return True
        if base.correct is None or last.correct is None:
            return False
        noise = self.errors * hypot(base.correct_error, last.correct_error)
        return abs(last.correct - base.correct) > noise

    def _weights(self, steps: Sequence[Row], held: Sequence[EvaluationRow]) -> Iterator[str]:
        yield from _same_weights(held)
        taught = MetricCurve.of(steps, "taught")
        if taught.known and not taught.whole.hits:
            yield f"no token had a gradient (0 of {taught.whole.of:.0f})"
        rates = MetricCurve.of(steps, "lr").values
        if rates and sum(rates) < self.path:
            yield (
                f"the learning rates of {len(rates)} steps add up to {sum(rates):.2g}, and Adam "
                "moves no weight by much more; raise optimizer.lr"
            )

    def _rewards(self, steps: Sequence[Row]) -> Iterator[str]:
        varied, admitted = MetricCurve.of(steps, "varied"), MetricCurve.of(steps, "admitted")
        low = MetricCurve.of(steps, "reward_min").values
        high = MetricCurve.of(steps, "reward_max").values
        if low and high and min(low) == max(high):
            yield f"every reward was {low[0]:g}"
        elif varied.known and varied.whole.value <= self.rare and not _of_one(steps):
            hits, of = varied.whole.hits, varied.whole.of
            yield f"rewards varied in {hits} of {of:.0f} groups; use harder or easier tasks"
        if admitted.known and admitted.whole.value <= self.rare:
            yield f"the gate admitted {admitted.whole.hits} of {admitted.whole.of:.0f} groups"

    def _replies(self, steps: Sequence[Row]) -> Iterator[str]:
        told = {
            "truncated": "of the rollouts were cut off; raise sampling.decoding.max_new_tokens",
            "clipped": "of the tokens were clipped; lower optimizer.lr, or widen the clip",
            "faults": "of the rollouts could not be judged",
        }
        for name, words in told.items():
            curve = MetricCurve.of(steps, name)
            if curve.known and curve.whole.value >= self.most:
                yield f"{curve.whole.hits} of {curve.whole.of:.0f} {words}"


def _same_weights(held: Sequence[EvaluationRow]) -> Iterator[str]:
    if len(held) > 1 and held[0].digest and held[0].digest == held[-1].digest:
        yield "the weights are those of the base evaluation, by their digest"


def _solved(last: EvaluationRow) -> bool:
    return (last.correct or 0.0) >= _SOLVED


def _at_its_top(steps: Sequence[Row], last: EvaluationRow) -> bool:
    """Whether the reward is near the highest of the run, on the scale of those that there were."""
    low = MetricCurve.of(steps, "reward_min").values
    high = MetricCurve.of(steps, "reward_max").values
    if not low or not high or min(low) == max(high):
        return False
    return (last.reward - min(low)) / (max(high) - min(low)) >= _SOLVED


def _of_one(steps: Sequence[Row]) -> bool:
    """Whether groups have one rollout each, which can't vary and need not."""
    within = [row["metrics"].get("reward_std_within") for row in steps]
    return all(one is not None and not one["of"] for one in within)


def _said(base: EvaluationRow, last: EvaluationRow) -> str:
    told = f"the reward went from {base.reward:.3f} to {last.reward:.3f}"
    if base.correct is not None and last.correct is not None:
        told += f", accuracy from {base.correct:.3f} to {last.correct:.3f}"
    return f"{told}, within the noise of {base.problems} problems"
