"""Checks of a run for problems.  Each finding is a hint, and states its numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

Row = dict[str, Any]

_TAIL = 0.2  # share of the steps, at the start and at the end, that are compared
_FEW = 5  # number of steps needed for the checks


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check; `bad` marks a problem with the run."""

    bad: bool
    message: str


def note(message: str) -> Finding:
    """A finding that is no problem by itself."""
    return Finding(bad=False, message=message)


def wrong(message: str) -> Finding:
    """A finding that is a problem with the run."""
    return Finding(bad=True, message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """The thresholds of the findings.  They are our choices, and not measured."""

    drift: float = 1.0  # largest difference of one token's log-prob, in nats
    varied: float = 0.2  # share of groups with differing rewards at the end
    entropy: float = 0.1  # entropy at the end, relative to that at the start
    truncated: float = 0.2  # share of rollouts cut off at the end
    clipped: float = 0.5  # share of tokens without a gradient at the end
    # rise of the reward, relative to its range, with a rise of accuracy below a quarter of it
    hacked: float = 0.2
    grown: float = 3.0  # growth factor of the length, without a rise in accuracy

    def examine(self, rows: Sequence[Row]) -> list[Finding]:
        """Run all checks on the rows of a ledger."""
        steps = [row for row in rows if row["kind"] == "step"]
        finished = any(row["kind"] == "final" for row in rows)
        found = [note(f"{len(steps)} steps, {'finished' if finished else 'not finished'}")]
        if len(steps) < _FEW:
            return [*found, note("too few steps for the other checks")]
        return [*found, *self._trust(steps), *self._learning(steps), *self._hacking(steps)]

    def _trust(self, steps: Sequence[Row]) -> Iterator[Finding]:
        faults = _sum(steps, "faults")
        if faults:
            yield note(f"{faults:.0f} rollouts could not be judged; they were masked out")
        worst = max(_values(steps, "drift_max"), default=0.0)
        told = f"sampler and learner differ by at most {worst:.2g} nats per token"
        yield wrong(told) if worst > self.drift else note(told)

    def _learning(self, steps: Sequence[Row]) -> Iterator[Finding]:
        yield note(_progress(steps))
        if (varied := _ends(steps, "varied")[1]) < self.varied:
            yield note(
                f"rewards vary in only {varied:.0%} of the groups at the end, so few groups have a "
                "gradient; use harder tasks, or a gate"
            )
        before, after = _ends(steps, "entropy")
        if after < self.entropy * before:
            yield note(f"entropy fell from {before:.3f} to {after:.3f} nats per token")
        if (truncated := _ends(steps, "truncated")[1]) > self.truncated:
            yield wrong(
                f"{truncated:.0%} of rollouts are cut off; raise sampling.decoding.max_new_tokens"
            )
        if (clipped := _ends(steps, "clipped")[1]) > self.clipped:
            yield note(f"{clipped:.0%} of the tokens are clipped; the steps are too large")
        if away := _values(steps, "kl"):
            yield note(f"the policy is {away[-1]:.2g} nats per token away from the reference (k3)")

    def _hacking(self, steps: Sequence[Row]) -> Iterator[Finding]:
        """Check for a rise in reward without a rise in `correct`, and for exploding lengths.

        The rise of the reward is relative to the range of all rewards.  So it is at most 1, as that
        of `correct` is.  If `correct` means only a reward of 1 or more, it can't contradict the
        reward; the finding is then a note and no problem.
        """
        reward, correct = _ends(steps, "reward"), _ends(steps, "correct")
        risen, better = (reward[1] - reward[0]) / _range(steps), correct[1] - correct[0]
        told = f"reward rose from {reward[0]:.3f} to {reward[1]:.3f} while accuracy went from "
        told += f"{correct[0]:.3f} to {correct[1]:.3f}"
        lonely = _threshold_only(steps)
        if risen > self.hacked and better < risen / 4 and not lonely:
            yield wrong(f"{told}: the reward may be hacked")
        elif risen > self.hacked and better < risen / 4:
            yield note(
                f"{told}; correct means a reward of 1 or more here, so read some replies to see "
                "whether the reward is hacked"
            )
        short, long = _ends(steps, "length")
        gained = risen if lonely else better
        if long > self.grown * short and gained < max(risen, 0) / 4 + 1e-9:
            what = "reward" if lonely else "accuracy"
            yield wrong(f"length grew from {short:.0f} to {long:.0f} tokens without {what}")


def _progress(steps: Sequence[Row]) -> str:
    """The change of the mean reward and of the accuracy over the run."""
    reward, correct = _ends(steps, "reward"), _values(steps, "correct")
    mean = f"the reward's mean {_went(*reward)}"
    if not correct:
        return f"{mean}; the reward gives scores only, without correctness"
    if not max(correct) and reward[1]:
        return f"no reply counts as correct (score ≥ 1); {mean}"
    early, late = _ends(steps, "correct")
    return f"training accuracy {_went(early, late)}; {mean}"


def _went(early: float, late: float) -> str:
    verb = "rose" if late > early else "fell" if late < early else "went"
    return f"{verb} from {early:.3f} to {late:.3f}"


def _range(steps: Sequence[Row]) -> float:
    """Largest minus least reward of all steps; 1 if that is unknown or 0."""
    lows, highs = _values(steps, "reward_min"), _values(steps, "reward_max")
    return (max(highs) - min(lows) if lows and highs else 0.0) or 1.0


def _threshold_only(steps: Sequence[Row]) -> bool:
    """Whether rewards are graded and `correct` means only a reward of 1 or more, or is missing.

    For binary rewards the two are the same, so the result is false.
    """
    graded = max(_values(steps, "graded"), default=0.0)
    return graded > 0 and not max(_values(steps, "shaped"), default=0.0)


def _values(steps: Sequence[Row], metric: str) -> list[float]:
    found = (row["metrics"].get(metric, {}).get("value") for row in steps)
    return [value for value in found if value is not None]


def _sum(steps: Sequence[Row], metric: str) -> float:
    held = (row["metrics"].get(metric) for row in steps)
    return sum(m["value"] * m["of"] for m in held if m and m["value"] is not None)


def _ends(steps: Sequence[Row], metric: str) -> tuple[float, float]:
    values = _values(steps, metric) or [0.0]
    size = max(1, round(_TAIL * len(values)))
    return fmean(values[:size]), fmean(values[-size:])
