"""Words for what an evaluation does not know, and why."""

from collections.abc import Iterator
from math import isfinite

from whet.evaluation.intervals import Estimate
from whet.evaluation.measure import Scorecard
from whet.evaluation.replies import SCORE_ONLY, Missing, Replies

SCORES_ONLY = "the reward gives scores only"
_NOTE = 100  # characters of a note


def named(card: Scorecard) -> dict[str, Estimate]:
    """The estimates of an evaluation with the names of the ledger."""
    first = {"reward": card.reward.mean, "greedy_reward": card.greedy_reward, "greedy": card.greedy}
    return first | {f"pass@{k}": estimate for k, estimate in card.pass_at.items()}


def texts(card: Scorecard) -> dict[str, str]:
    """Every estimate with its interval, or that it is not known, and why."""
    return {
        name: str(estimate) if estimate.problems else f"not known: {_cause(card, name, estimate)}"
        for name, estimate in named(card).items()
    }


def why(card: Scorecard, name: str) -> str:
    """The reason why something of an estimate is not known; empty where all of it is."""
    estimate = named(card)[name]
    if estimate.of and estimate.exact:
        return ""
    missing = _missing(card, name)
    if not estimate.of or not missing or _scores_only(card, name):
        return _cause(card, name, estimate)
    replies = _replies(card, name)
    count, asked = sum(m.count for m in missing), replies.count - replies.not_applicable
    kind = "greedy replies" if replies is card.once else "samples"
    told = "; ".join(map(_told, missing))
    return f"the verdicts on {count} of {asked} {kind} are missing ({told})"


def brief(card: Scorecard, name: str) -> str:
    """An estimate without its interval, and n/N where some problems are unknown."""
    estimate = named(card)[name]
    if not estimate.problems:
        return "not known (scores only)" if _scores_only(card, name) else "not known"
    known = "" if estimate.problems == estimate.of else f" ({estimate.problems}/{estimate.of})"
    return f"{estimate.value:.3f}{known}"


def counts(card: Scorecard) -> str:
    """How many replies were cut off or met a fault, and how many problems are not covered."""
    return (
        f"cut off {_cut(card.often, 'samples')}, {_cut(card.once, 'greedy')}; "
        f"faults {card.faults} of {sum(card.plays)} replies; "
        f"not applicable {card.not_applicable} of {card.problems} problems"
    )


def _cut(replies: Replies, kind: str) -> str:
    share = f" ({replies.cut:.0%})" if replies.truncated else ""
    return f"{replies.truncated} of {replies.count} {kind}{share}"


def remarks(card: Scorecard) -> list[str]:
    """Remarks on numbers that are easily misread."""
    return [*_on_rewards(card), *_on_missing(card), *_on_truncated(card)]


def _on_rewards(card: Scorecard) -> Iterator[str]:
    reward = card.reward
    if reward.graded > 0:
        yield (
            f"rewards are graded: {reward.graded:.0%} of {reward.samples} samples have a reward "
            "other than 0 and 1; pass@k counts correct replies only"
        )
    if any(_scores_only(card, name) for name in named(card)):
        yield f"accuracy is not known: {SCORES_ONLY}, without correctness"
    if reward.limits.assumed and not (reward.mean.exact and card.greedy_reward.exact):
        yield (
            "a missing reward may be anything; the least and the largest one observed, "
            f"{reward.limits.least:.3g} and {reward.limits.most:.3g}, stand for it"
        )


def _on_missing(card: Scorecard) -> Iterator[str]:
    """A line for each reason, and below it one for each estimate."""
    causes: dict[str, list[str]] = {}
    for name, estimate in named(card).items():
        if estimate.of and not estimate.exact and not _scores_only(card, name):
            causes.setdefault(why(card, name), []).append(_left_open(name, estimate))
    for cause, below in causes.items():
        yield cause
        yield from (f"  {line}" for line in below)


def _left_open(name: str, estimate: Estimate) -> str:
    said = name.replace("_", " ")
    if unknown := estimate.of - estimate.problems:
        said += f" of {unknown} of {estimate.of} problems is unknown"
    if not isfinite(estimate.least):
        return said
    return f"{said}: between {estimate.least:.3f} and {estimate.most:.3f}"


def _on_truncated(card: Scorecard) -> Iterator[str]:
    right = card.once.right + card.often.right
    if cut := card.once.right_truncated + card.often.right_truncated:
        yield f"{cut} of {right} correct replies were cut off"


def _cause(card: Scorecard, name: str, estimate: Estimate) -> str:
    if not estimate.of:
        return "the reward is not applicable" if card.not_applicable else "there is no reply"
    if not _missing(card, name):
        return "the problems have too few samples"
    return SCORES_ONLY if _scores_only(card, name) else "verdicts are missing"


def _scores_only(card: Scorecard, name: str) -> bool:
    """Whether no verdict says what is correct, and some have a score."""
    replies, missing = _replies(card, name), _missing(card, name)
    silent = sum(m.count for m in missing) == replies.count - replies.not_applicable
    return silent and any(m.reason == SCORE_ONLY for m in missing)


def _missing(card: Scorecard, name: str) -> list[Missing]:
    """What an estimate lacks; a reward lacks no correctness."""
    rewarded = name.endswith("reward")
    return [m for m in _replies(card, name).missing if m.reason != SCORE_ONLY or not rewarded]


def _replies(card: Scorecard, name: str) -> Replies:
    return card.once if name.startswith("greedy") else card.often


def _told(missing: Missing) -> str:
    note = " ".join(missing.note.split())
    short = note if len(note) <= _NOTE else f"{note[:_NOTE]}…"
    return f"{missing.count} {missing.reason}" + (f": {short}" if short else "")
