"""Checks of the training curves of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whet.training.curves import MetricCurve
from whet.training.doctor.findings import Finding, Row, note, wrong

_CHECKED = (
    "reward",
    "correct",
    "drift_max",
    "varied",
    "entropy",
    "truncated",
    "clipped",
    "length",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChecks:
    """The thresholds of the training curves.  They are our choices, and not measured."""

    drift: float = 1.0  # largest difference of one token's log-prob, in nats
    varied: float = 0.2  # share of groups with differing rewards at the end
    entropy: float = 0.1  # entropy at the end, relative to that at the start
    truncated: float = 0.2  # share of rollouts cut off at the end
    clipped: float = 0.5  # share of tokens without a gradient at the end
    # rise of the reward, relative to its range, with a rise of accuracy below a quarter of it
    hacked: float = 0.2
    grown: float = 3.0  # growth factor of the length, without a rise in accuracy

    def examine(self, steps: Sequence[Row], *, base_known: bool) -> Iterator[Finding]:
        """All checks of five steps or more.

        Where the base evaluation is known, and a later one, a hack is looked for there.
        """
        yield from self._trust(steps)
        yield from self._learning(steps)
        yield from self._spread(steps)
        if not base_known:
            yield from self._hacking(steps)
        yield from _unknown(steps)

    def _trust(self, steps: Sequence[Row]) -> Iterator[Finding]:
        drift = MetricCurve.of(steps, "drift_max")
        if drift.known:
            worst = max(drift.values)
            told = f"sampler and learner differ by at most {worst:.2g} nats per token{drift}"
            yield wrong(told) if worst > self.drift else note(told)

    def _learning(self, steps: Sequence[Row]) -> Iterator[Finding]:
        yield note(_progress(steps))
        entropy = MetricCurve.of(steps, "entropy")
        if entropy.known and entropy.late.value < self.entropy * entropy.early.value:
            before, after = entropy.early.value, entropy.late.value
            yield note(f"entropy fell from {before:.3f} to {after:.3f} nats per token{entropy}")
        cut = MetricCurve.of(steps, "truncated")
        if cut.known and cut.late.value > self.truncated:
            yield wrong(
                f"{cut.late.value:.0%} of rollouts are cut off at the end ({cut.late.hits} of "
                f"{cut.late.of:.0f}); raise sampling.decoding.max_new_tokens"
            )
        clipped = MetricCurve.of(steps, "clipped")
        if clipped.known and clipped.late.value > self.clipped:
            yield note(
                f"{clipped.late.value:.0%} of the tokens are clipped at the end "
                f"({clipped.late.hits} of {clipped.late.of:.0f}); the steps are too large"
            )
        if away := MetricCurve.of(steps, "kl").values:
            yield note(f"the policy is {away[-1]:.2g} nats per token away from the reference (k3)")

    def _spread(self, steps: Sequence[Row]) -> Iterator[Finding]:
        """Few groups with differing rewards: what is learned from then, by `taught`."""
        varied, admitted = MetricCurve.of(steps, "varied"), MetricCurve.of(steps, "admitted")
        if _gated(steps) and not MetricCurve.of(steps, "correct").points:
            yield note(
                "the reward gives no correctness, so a gate such as NonZeroSpread compares scores"
            )
        if not varied.known:
            return
        share = f"{varied.late.value:.0%} of the groups at the end"
        share += f" ({varied.late.hits} of {varied.late.of:.0f})"
        if varied.late.value < self.varied:
            yield note(f"rewards vary in only {share}{_taught(steps, self.varied)}")
        elif _gated(steps) and not admitted.late.hits:
            yield note(
                f"the gate admits 0 of {admitted.late.of:.0f} groups at the end, while rewards "
                f"vary in {share}: correctness does not; score_spread compares scores"
            )

    def _hacking(self, steps: Sequence[Row]) -> Iterator[Finding]:
        """Check for a rise in reward without a rise in `correct`, and for exploding lengths.

        The rise of the reward is relative to the range of all rewards.  So it is at most 1, as that
        of `correct` is.  If `correct` means only a reward of 1 or more, it can't contradict the
        reward; the finding is then a note and no problem.
        """
        reward, correct = MetricCurve.of(steps, "reward"), MetricCurve.of(steps, "correct")
        if not reward.known:
            return
        risen = (reward.late.value - reward.early.value) / _range(steps)
        lonely = threshold_only(steps)
        better = correct.late.value - correct.early.value if correct.known else None
        if better is not None and risen > self.hacked and better < risen / 4:
            told = f"reward {_went(reward)} while accuracy {_went(correct)}"
            if lonely:
                yield note(
                    f"{told}; correct means a reward of 1 or more here, so read some replies to "
                    "see whether the reward is hacked"
                )
            else:
                yield wrong(f"{told}: the reward may be hacked")
        yield from self._lengths(steps, risen, None if lonely else better)

    def _lengths(
        self, steps: Sequence[Row], risen: float, better: float | None
    ) -> Iterator[Finding]:
        """Check for lengths that grow without a gain in accuracy, or in reward without it."""
        length = MetricCurve.of(steps, "length")
        gained = risen if better is None else better
        if not length.known or gained >= max(risen, 0) / 4 + 1e-9:
            return
        short, long = length.early.value, length.late.value
        if long > self.grown * short:
            what = "reward" if better is None else "accuracy"
            yield wrong(f"length grew from {short:.0f} to {long:.0f} tokens without {what}")


def faults(steps: Sequence[Row]) -> Iterator[Finding]:
    """The rollouts without a verdict, if there are any."""
    failed = MetricCurve.of(steps, "faults")
    if not failed.points or not failed.whole.hits:
        return
    count, of = failed.whole.hits, round(failed.whole.of)
    told = f"{count} of {of} rollouts could not be judged; they were masked out"
    told += " (rollouts/ holds their notes)"
    yield wrong(told) if count == of else note(told)


def _unknown(steps: Sequence[Row]) -> Iterator[Finding]:
    """The metrics that too few steps have for a check."""
    curves = {name: MetricCurve.of(steps, name) for name in _CHECKED}
    absent = [f"{name} {len(c.points)}" for name, c in curves.items() if not c.known]
    if absent:
        yield note(f"known in too few of {len(steps)} steps, so not checked: {', '.join(absent)}")


def _gated(steps: Sequence[Row]) -> bool:
    """Whether a gate rejects groups at the end."""
    admitted = MetricCurve.of(steps, "admitted")
    return admitted.known and admitted.late.value < 1


def _taught(steps: Sequence[Row], few: float) -> str:
    """What low spread of the rewards means for the gradient, as far as it is known."""
    taught = MetricCurve.of(steps, "taught")
    if _gated(steps):
        return "; the gate rejects others; use harder tasks"
    if not taught.known or taught.late.value < few:
        return ", so few groups have a gradient; use harder tasks, or a gate"
    return (
        f", yet {taught.late.value:.0%} of the tokens have a gradient ({taught.late.hits} of "
        f"{taught.late.of:.0f}): of a penalty, or of an advantage that is not relative to the group"
    )


def _progress(steps: Sequence[Row]) -> str:
    """The change of the mean reward and of the accuracy over the run."""
    reward, correct = MetricCurve.of(steps, "reward"), MetricCurve.of(steps, "correct")
    if not reward.known:
        return f"the reward is not known: {len(reward.points)} of {len(steps)} steps have one"
    mean = f"the reward's mean {_went(reward)}{reward}"
    if not correct.points:
        return f"accuracy is not known: the reward gives scores only, without correctness; {mean}"
    if not correct.known:
        return (
            f"accuracy is not known: {len(correct.points)} of {len(steps)} steps have one; {mean}"
        )
    if not max(correct.values) and reward.late.value:
        return f"no reply counts as correct (score ≥ 1); {mean}"
    if min(correct.values) == 1 and threshold_only(steps):
        return f"every reply counts as correct, which means a score of 1 or more here; {mean}"
    judged, of = correct.whole.of, reward.whole.of
    part = f" (of {judged:.0f} of {of:.0f} scored rollouts)" if judged < of else ""
    return f"training accuracy {_went(correct)}{correct}{part}; {mean}"


def _went(curve: MetricCurve) -> str:
    early, late = curve.early.value, curve.late.value
    verb = "rose" if late > early else "fell" if late < early else "went"
    return f"{verb} from {early:.3f} to {late:.3f}"


def _range(steps: Sequence[Row]) -> float:
    """Largest minus least reward of all steps; 1 if that is unknown or 0."""
    lows, highs = (
        MetricCurve.of(steps, "reward_min").values,
        MetricCurve.of(steps, "reward_max").values,
    )
    return (max(highs) - min(lows) if lows and highs else 0.0) or 1.0


def threshold_only(steps: Sequence[Row]) -> bool:
    """Whether rewards are graded and `correct` means only a reward of 1 or more, or is missing.

    For binary rewards the two are the same, so the result is false.
    """
    graded, shaped = MetricCurve.of(steps, "graded").values, MetricCurve.of(steps, "shaped").values
    return max(graded, default=0.0) > 0 and not max(shaped, default=0.0)
