"""An evaluation as lines of text, and as a JSON document."""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from whet.evaluation.intervals import Estimate
from whet.evaluation.measure import Scorecard


def lines(card: Scorecard) -> list[str]:
    """The lines of an evaluation: rewards, then correctness, with 95% intervals over problems."""
    rows = {
        "reward": f"{card.reward.mean}   {_spread(card)}",
        **({"greedy reward": str(card.greedy_reward)} if _parted(card) else {}),
        "greedy pass@1": f"{card.greedy}   length {card.greedy_length:.1f}",
        **{f"sampled pass@{k}": str(estimate) for k, estimate in card.pass_at.items()},
    }
    rows[f"sampled pass@{min(card.pass_at)}"] += f"   length {card.length:.1f}"
    return [*_aligned(rows), *_remarks(card)]


def changes(before: Scorecard, after: Scorecard) -> list[str]:
    """The lines of two evaluations, side by side."""
    rows = {
        "reward": f"{before.reward.mean} → {after.reward.mean}   "
        f"std {number(before.reward.std)} → {number(after.reward.std)}",
        **(
            {"greedy reward": f"{before.greedy_reward} → {after.greedy_reward}"}
            if _parted(before) or _parted(after)
            else {}
        ),
        "greedy pass@1": f"{before.greedy} → {after.greedy}",
        **{f"sampled pass@{k}": f"{e} → {after.pass_at[k]}" for k, e in before.pass_at.items()},
        "length": f"{before.length:.1f} → {after.length:.1f} tokens",
    }
    return [*_aligned(rows), *_remarks(after)]


def document(card: Scorecard) -> dict[str, Any]:
    """The JSON document of an evaluation, with null for missing estimates."""
    return {
        "reward": _bounds(card.reward.mean),
        "reward_std": _known(card.reward.std),
        "reward_std_within": _known(card.reward.std_within),
        "graded": _known(card.reward.graded),
        "greedy_reward": _bounds(card.greedy_reward),
        "greedy": _bounds(card.greedy),
        "pass_at": {str(k): _bounds(estimate) for k, estimate in card.pass_at.items()},
        "greedy_length": card.greedy_length,
        "length": card.length,
        "truncated": card.truncated,
        "faults": card.faults,
        "tokens": card.tokens,
        "seconds": round(card.seconds, 3),
    }


def number(value: float) -> str:
    """A number with three places, or a dash for NaN."""
    return f"{value:.3f}" if isfinite(value) else "–"


def mark(score: float | None, *, correct: bool | None) -> str:
    """The verdict of a reply as a sign: ✓ or ✗, a number for a graded reward, ? without one."""
    if score is None:
        return "?"
    if correct is None or score not in (0.0, 1.0):
        return f"{score:.2f}"
    return "✓" if correct else "✗"


def _spread(card: Scorecard) -> str:
    return f"std {number(card.reward.std)}, within a problem {number(card.reward.std_within)}"


def _parted(card: Scorecard) -> bool:
    """Is the greedy reward anything but the share of correct greedy replies?"""
    return card.greedy_reward != card.greedy


def _aligned(rows: Mapping[str, str]) -> list[str]:
    width = max(map(len, rows)) + 1
    return [f"  {name:{width}}{text}" for name, text in rows.items()]


def _remarks(card: Scorecard) -> list[str]:
    """Remarks on numbers that are easily misread."""
    remarks = []
    if card.reward.graded > 0:
        remarks.append(
            f"  rewards are graded: {card.reward.graded:.0%} of the samples have a reward "
            "other than 0 and 1; pass@k counts correct replies only"
        )
    if card.reward.samples and not card.pass_at[min(card.pass_at)].problems:
        remarks.append("  the reward gives scores only, without correctness")
    return remarks


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _bounds(estimate: Estimate) -> dict[str, Any]:
    held = asdict(estimate)
    return {name: _known(value) for name, value in held.items()}
