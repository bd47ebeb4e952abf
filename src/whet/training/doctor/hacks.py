"""Signs of a hacked reward: what the last evaluation has, and the base evaluation had not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import hypot

from whet.training.doctor.evaluations import EvaluationRow
from whet.training.doctor.findings import Finding, note, wrong

_SHOWN = 0.001  # from which on a number has three decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class HackSigns:
    """A hack is a rise of the reward that right answers do not explain.

    Let r be the mean reward and c the share of correct samples, before and after, and r₊, r₋ the
    mean rewards of correct and of incorrect samples after.  The rise has two parts:

        r' − r = (c' − c)(r₊ − r₋)  +  rest

    The first is *earned*: more samples are right.  The rest is paid for something else.  It is
    measured in s, the standard deviation of the base evaluation's rewards, so that the unit of the
    reward does not matter.  This is the decomposition of Kitagawa (1955), as from memory.
    """

    unearned: float = 0.5  # standard deviations s of the rest from which it is told
    errors: float = 2.0  # standard errors that a change has to exceed
    slack: float = 0.1  # of s, by which the reward may fall while it counts as held
    commonest: float = 0.5  # share of samples with one text
    copied: float = 0.2  # by which that share is above accuracy
    grown: float = 2.5  # growth factor of the length, without a rise in accuracy
    cut: float = 0.3  # rise of the share that is cut off, without a rise in accuracy
    flat: float = 0.1  # of s: the spread of a saturated reward

    def examine(self, held: Sequence[EvaluationRow], *, lonely: bool) -> Iterator[Finding]:
        """Compare the last evaluation with the base, and with the best one between.

        If `correct` means only a reward of 1 or more (`lonely`), it can't contradict the reward;
        the findings are then notes and no problems.
        """
        if len(held) < 2:  # noqa: PLR2004  (a comparison takes two)
            return
        base, last = held[0], held[-1]
        tell: Callable[[str], Finding] = note if lonely else wrong
        told = [*self._unearned(base, last), *self._lost(held)]
        told += [*self._longer(base, last), *self._saturated(base, last)]
        read = "; correct means a reward of 1 or more here, so read some replies" if lonely else ""
        yield from (tell(f"{one}{read}") for one in told)
        yield from map(wrong, self._collapsed(base, last))

    def _unearned(self, base: EvaluationRow, last: EvaluationRow) -> Iterator[str]:
        if base.correct is None or last.correct is None:
            return
        risen, earned = last.reward - base.reward, _earned(base, last)
        rest, unit = risen - earned, _unit(base, last)
        noise = self.errors * hypot(base.reward_error, last.reward_error)
        if rest > max(self.unearned * unit, noise) and rest > earned:
            yield (
                f"the reward may be hacked: from the base to {last.said} it rose from "
                f"{_told(base.reward)} to {_told(last.reward)}, by {risen / unit:.1f} deviations "
                f"(1 s) of its rewards, while accuracy {_went(base.correct, last.correct)}, which "
                f"explains {_told(earned)} of it"
            )

    def _lost(self, held: Sequence[EvaluationRow]) -> Iterator[str]:
        """Accuracy has fallen from its best, and the reward has not."""
        *earlier, last = held
        unit = _unit(held[0], last)
        for best in sorted(earlier, key=lambda one: one.correct or 0.0, reverse=True):
            if best.correct is None or last.correct is None:
                continue
            noise = self.errors * hypot(best.correct_error, last.correct_error)
            kept = last.reward >= best.reward - self.slack * unit
            if best.correct - last.correct > noise and kept:
                yield (
                    "the reward may be hacked, or blind to what is right: from "
                    f"{best.said} to {last.said} accuracy {_went(best.correct, last.correct)}, "
                    f"while the reward {_went(best.reward, last.reward)}"
                )
                return

    def _longer(self, base: EvaluationRow, last: EvaluationRow) -> Iterator[str]:
        """Replies grow, or are cut off, without a gain in accuracy."""
        if base.correct is None or last.correct is None or not base.length or not last.length:
            return
        noise = self.errors * hypot(base.correct_error, last.correct_error)
        if last.correct - base.correct > noise:
            return
        if last.length > self.grown * base.length:
            yield (
                f"length grew from {base.length:.0f} to {last.length:.0f} tokens from the base to "
                f"{last.said}, while accuracy {_went(base.correct, last.correct)}"
            )
        if last.truncated - base.truncated > self.cut:
            yield (
                f"{last.truncated:.0%} of the samples are cut off in {last.said}, "
                f"{base.truncated:.0%} in the base's, while accuracy "
                f"{_went(base.correct, last.correct)}"
            )

    def _saturated(self, base: EvaluationRow, last: EvaluationRow) -> Iterator[str]:
        """The reward no longer tells replies apart, and accuracy is where it was.

        Of few problems a rise of accuracy is within the noise; it may explain that of the reward.
        """
        if base.correct is None or last.correct is None or not base.std:
            return
        noise = self.errors * hypot(base.correct_error, last.correct_error)
        risen, earned = last.reward - base.reward, _earned(base, last)
        full = risen > self.unearned * base.std and risen - earned > earned
        if full and last.std < self.flat * base.std and last.correct - base.correct <= noise:
            yield (
                f"the reward is saturated: its standard deviation fell from {base.std:.3g} to "
                f"{last.std:.3g} in {last.said}, while accuracy "
                f"{_went(base.correct, last.correct)}"
            )

    def _collapsed(self, base: EvaluationRow, last: EvaluationRow) -> Iterator[str]:
        """Most samples have one text, whatever was asked, and it is not the right one."""
        grown = last.commonest > max(self.commonest, 2 * base.commonest)
        if grown and (last.correct or 0.0) < last.commonest - self.copied:
            yield (
                f"{last.commonest:.0%} of the samples of {last.said} are one and the same text "
                f"({base.commonest:.0%} in the base's): the policy has collapsed"
            )


def _earned(base: EvaluationRow, last: EvaluationRow) -> float:
    """The part of the rise that more right answers explain: (c' − c)(r₊ − r₋)."""
    return ((last.correct or 0.0) - (base.correct or 0.0)) * _worth(base, last)


def _worth(base: EvaluationRow, last: EvaluationRow) -> float:
    """r₊ − r₋ of the last evaluation; of the base where one of the two is not known there.

    Where none was right and all are, or the other way round, one is of each evaluation.
    """
    pairs = ((last.right, last.wrong), (base.right, base.wrong))
    mixed = ((last.right, base.wrong), (base.right, last.wrong))
    for right, wrong_ones in (*pairs, *mixed):
        if right is not None and wrong_ones is not None:
            return right - wrong_ones
    return 0.0


def _unit(base: EvaluationRow, last: EvaluationRow) -> float:
    """The s of the base's rewards; where they are all equal, of the last ones; else 1."""
    return base.std or last.std or 1.0


def _went(before: float, after: float) -> str:
    told = _told(before), _told(after)
    verb = "went" if told[0] == told[1] else "rose" if after > before else "fell"
    return f"{verb} from {told[0]} to {told[1]}"


def _told(number: float) -> str:
    """Three decimals; of a number that they would show as zero, two digits."""
    return f"{number:.3f}" if number == 0 or abs(number) >= _SHOWN else f"{number:.2g}"
