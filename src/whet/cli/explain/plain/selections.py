"""Selections of tokens in plain torch, by class: lines, and an expression for the mask."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from whet.cli.explain.plain.texts import no_text


class Mask(NamedTuple):
    """The lines that an expression needs, and the expression."""

    before: tuple[str, ...]
    mask: str


def _both(part: Any) -> Mask:
    one, other = mask_of(part.one), mask_of(part.other)
    return Mask((*one.before, *other.before), f"({one.mask}) & ({other.mask})")


def _not(part: Any) -> Mask:
    inner = mask_of(part.of)
    return Mask(inner.before, f"~({inner.mask})")


def _in_reply(part: Any) -> Mask:
    at = f"[b.entropy[b.row == i].quantile({1 - part.share}) for i in b.row]"
    return Mask((f"edge = torch.stack({at})",), "b.entropy >= edge")


def _policy_and_high_entropy(part: Any) -> Mask:
    lines = (
        "edge = torch.zeros_like(b.entropy)",
        "for i in b.row[b.external].unique():",
        "    mine = b.external & (b.row == i)",
        f"    edge[mine] = b.entropy[mine].quantile({1 - part.share})",
    )
    return Mask(lines, "~b.external | (b.entropy >= edge)")


_COVARIANCE = "cov = (A - A.mean()) * (b.learner_logp - b.learner_logp.mean())"


def _most_covariant(part: Any) -> Mask:
    count = f"max(int({part.share} * len(cov)), 1)"
    lines = (
        _COVARIANCE,
        "most = torch.zeros_like(cov, dtype=torch.bool)",
        f"most[cov.argsort(stable=True, descending=True)[:{count}]] = True",
    )
    return Mask(lines, "most")


def _covariant(part: Any) -> Mask:
    lines = (
        _COVARIANCE,
        "rho = (b.learner_logp - b.proximal_logp).exp()",
        f"out = (A > 0) & (rho > {1 + part.above}) | (A < 0) & (rho < {1 - part.below})",
        f"found = ((cov > {part.low}) & (cov < {part.high}) & ~out).nonzero()[:, 0]",
        f"rng = torch.Generator().manual_seed({part.seed} + len(cov))",
        "drawn = torch.randperm(len(found), generator=rng)"
        f"[: max(int({part.share} * len(cov)), 1)]",
        "chosen = torch.zeros_like(out)",
        "chosen[found[drawn]] = True",
    )
    return Mask(lines, "chosen")


def _second_moment(part: Any) -> Mask:
    among = mask_of(part.among)
    lines = (
        *among.before,
        f"among = {among.mask}",
        "square = (b.learner_logp - b.behaviour_logp) ** 2",
        "kept = [s for s in square[among]"
        f" if square[among & (square <= s)].mean() <= {part.budget}]",
    )
    return Mask(lines, "among & (square > max(kept, default=-1.0))")


_MASKS: Mapping[str, Callable[[Any], Mask]] = {
    "Correct": lambda part: Mask((), "b.correct[b.row]"),
    "External": lambda part: Mask((), "b.external"),
    "PolicyTokens": lambda part: Mask((), "~b.external"),
    "Taught": lambda part: Mask((), "b.taught & ~b.external"),
    "NonZeroAdvantage": lambda part: Mask((), "A != 0"),
    "Outward": lambda part: Mask((), "A * (b.learner_logp - b.behaviour_logp) > 0"),
    "LowProbability": lambda part: Mask((), f"b.proximal_logp.exp() < {part.below}"),
    "HighEntropy": lambda part: Mask((), f"b.entropy >= b.entropy.quantile({1 - part.share})"),
    "Both": _both,
    "Not": _not,
    "HighEntropyInReply": _in_reply,
    "PolicyAndHighEntropy": _policy_and_high_entropy,
    "MostCovariant": _most_covariant,
    "Covariant": _covariant,
    "BeyondSecondMoment": _second_moment,
}


def mask_of(selection: Any) -> Mask:
    """The mask of a selection. Raises `NoTextError` for one without a text."""
    name = type(selection).__name__
    if name not in _MASKS:
        raise no_text(selection)
    return _MASKS[name](selection)
