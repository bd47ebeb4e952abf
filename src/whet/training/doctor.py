"""What is wrong with a run, in words.  Signals, not verdicts: each names the numbers behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

Row = dict[str, Any]

_TAIL = 0.2  # of the steps, at both ends, are compared
_FEW = 5  # steps, before which nothing can be said


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at: `bad` where the run can't be believed as it stands."""

    bad: bool
    message: str


def note(message: str) -> Finding:
    """Worth knowing."""
    return Finding(bad=False, message=message)


def wrong(message: str) -> Finding:
    """Worth stopping for."""
    return Finding(bad=True, message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """Where a number becomes a finding.  Our choices, not measured ones."""

    drift: float = 1.0  # largest difference of one token's log-prob, in nats
    varied: float = 0.2  # share of groups whose rewards still vary at the end
    entropy: float = 0.1  # of what it was
    truncated: float = 0.2  # share of rollouts cut off at the end
    clipped: float = 0.5  # share of tokens without a gradient at the end
    hacked: float = 0.2  # rise of the reward in its range that accuracy doesn't follow by a quarter
    grown: float = 3.0  # times the length, without accuracy

    def examine(self, rows: Sequence[Row]) -> list[Finding]:
        """Read a ledger's rows."""
        steps = [row for row in rows if row["kind"] == "step"]
        finished = any(row["kind"] == "final" for row in rows)
        found = [note(f"{len(steps)} steps, {'finished' if finished else 'not finished'}")]
        if len(steps) < _FEW:
            return [*found, note("too few steps to say more")]
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
                f"rewards vary in only {varied:.0%} of the groups at the end, so little is left to "
                "learn from; harder tasks or a gate would save rollouts"
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
        """Reward up while `correct` stays; length that explodes.

        The rise of the reward is compared as a share of the range that rewards were seen in, that
        of `correct` as it is: both are 1 at most.  Where `correct` is nothing but a reward of 1 or
        more, it can't contradict the reward, and no alarm is made of it.
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
                f"{told}; correct is only a reward of 1 or more here, so nothing but the replies "
                "can tell whether the reward is hacked"
            )
        short, long = _ends(steps, "length")
        gained = risen if lonely else better
        if long > self.grown * short and gained < max(risen, 0) / 4 + 1e-9:
            what = "reward" if lonely else "accuracy"
            yield wrong(f"length grew from {short:.0f} to {long:.0f} tokens without {what}")


def _progress(steps: Sequence[Row]) -> str:
    """What was earned, and how much of it was right."""
    reward, correct = _ends(steps, "reward"), _values(steps, "correct")
    mean = f"the reward's mean {_went(*reward)}"
    if not correct:
        return f"{mean}; the judge gives scores alone and doesn't say what is correct"
    if not max(correct) and reward[1]:
        return f"no reply counts as correct (score ≥ 1); {mean}"
    early, late = _ends(steps, "correct")
    return f"training accuracy {_went(early, late)}; {mean}"


def _went(early: float, late: float) -> str:
    verb = "rose" if late > early else "fell" if late < early else "went"
    return f"{verb} from {early:.3f} to {late:.3f}"


def _range(steps: Sequence[Row]) -> float:
    """Largest minus least reward of all steps; 1 where that is not known, or nothing."""
    lows, highs = _values(steps, "reward_min"), _values(steps, "reward_max")
    return (max(highs) - min(lows) if lows and highs else 0.0) or 1.0


def _threshold_only(steps: Sequence[Row]) -> bool:
    """Are rewards graded, and is `correct` nothing but a reward of 1 or more, or nothing at all?

    Right-or-wrong rewards are not meant: there the two are one.
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
