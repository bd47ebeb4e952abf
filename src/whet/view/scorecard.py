"""An evaluation as lines of text, and as a JSON document."""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from whet.evaluation.intervals import Estimate
from whet.evaluation.measure import Scorecard
from whet.view.unknown import counts, named, remarks, texts, why


def lines(card: Scorecard) -> list[str]:
    """The lines of an evaluation: rewards, then correctness, with 95% intervals over problems."""
    text = texts(card)
    rows = {
        "reward": f"{text['reward']}   {_spread(card)}",
        **({"greedy reward": text["greedy_reward"]} if _parted(card) else {}),
        "greedy pass@1": f"{text['greedy']}   length {_tokens(card.greedy_length)}",
        **{f"sampled pass@{k}": text[f"pass@{k}"] for k in card.pass_at},
    }
    rows[f"sampled pass@{min(card.pass_at)}"] += f"   length {_tokens(card.length)}"
    return [*_aligned(rows), f"  {counts(card)}", *(f"  {remark}" for remark in remarks(card))]


def changes(before: Scorecard, after: Scorecard) -> list[str]:
    """The lines of two evaluations, side by side."""
    old, new = texts(before), texts(after)
    both = {name: _both(old[name], new[name]) for name in old if name in new}
    parted = _parted(before) or _parted(after)
    rows = {
        "reward": f"{both['reward']}   "
        f"std {number(before.reward.std)} → {number(after.reward.std)}",
        **({"greedy reward": both["greedy_reward"]} if parted else {}),
        "greedy pass@1": both["greedy"],
        **{f"sampled {name}": text for name, text in both.items() if name.startswith("pass@")},
        "length": f"{_tokens(before.length)} → {_tokens(after.length)} tokens",
    }
    return [*_aligned(rows), f"  {counts(after)}", *(f"  {remark}" for remark in remarks(after))]


def _both(old: str, new: str) -> str:
    """What is not known for one reason, before and after, is said once."""
    return new if old == new and new.startswith("not known") else f"{old} → {new}"


def tokens(card: Scorecard) -> str:
    """How many tokens were sampled, and in how many replies a server did not count them."""
    unknown = card.once.uncounted + card.often.uncounted
    told = f" (the server counted none of {unknown} of {sum(card.plays)} replies)"
    return f"{card.tokens:,} tokens" + (told if unknown else "")


def document(card: Scorecard) -> dict[str, Any]:
    """The JSON document of an evaluation, with null for what is not known.

    `problems` of an estimate are the known ones, `of` those that were asked.  The value lies
    between `least` and `most` whatever the missing verdicts are, and `why` says why they are.
    """
    of = {name: _bounds(estimate, why(card, name)) for name, estimate in named(card).items()}
    return {
        "reward": of["reward"],
        "reward_std": _known(card.reward.std),
        "reward_std_within": _known(card.reward.std_within),
        "graded": _known(card.reward.graded),
        "greedy_reward": of["greedy_reward"],
        "greedy": of["greedy"],
        "pass_at": {str(k): of[f"pass@{k}"] for k in card.pass_at},
        "greedy_length": _known(card.greedy_length),
        "length": _known(card.length),
        "truncated": _known(card.truncated),
        "faults": card.faults,
        "not_applicable": {"problems": card.not_applicable, "of": card.problems},
        "judged_samples": {"count": card.reward.samples, "of": card.reward.asked},
        "greedy_replies": asdict(card.once),
        "sampled_replies": asdict(card.often),
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
    reward = card.reward
    judged = "" if reward.samples == reward.asked else f" ({reward.samples} of {reward.asked})"
    return f"std {number(reward.std)}{judged}, within a problem {number(reward.std_within)}"


def _tokens(length: float) -> str:
    return f"{length:.1f}" if isfinite(length) else "–"


def _parted(card: Scorecard) -> bool:
    """Is the greedy reward anything but the share of correct greedy replies?"""
    return card.greedy_reward.value != card.greedy.value and card.greedy_reward.problems > 0


def _aligned(rows: Mapping[str, str]) -> list[str]:
    width = max(map(len, rows)) + 1
    return [f"  {name:{width}}{text}" for name, text in rows.items()]


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _bounds(estimate: Estimate, reason: str) -> dict[str, Any]:
    held = asdict(estimate)
    return {name: _known(value) for name, value in held.items()} | {"why": reason}
