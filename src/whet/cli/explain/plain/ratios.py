"""Ratios r in plain torch, by class."""

from typing import Any

from whet.cli.explain.plain.texts import Texts, lines, number


def _implied(part: Any) -> list[str]:
    return [f"r = {part.beta} * total(logp - b.reference_logp, b.row)"]


def _within_tv(part: Any) -> list[str]:
    return [
        "rise = logp.detach().exp() - b.behaviour_logp.exp()",
        f"gone = (A > 0) & (rise > {part.high}) | (A < 0) & (rise < -{part.low})",
        "r = torch.where(gone, 0.0, (logp - b.behaviour_logp).exp())",
    ]


def _within_kl(part: Any) -> list[str]:
    return [
        "p, q = b.behaviour_logp.exp(), logp.detach().exp()",
        "rest = (1 - p).clamp(min=0)",
        "kl = torch.xlogy(p, p / q) + torch.xlogy(rest, rest / (1 - q))",
        f"gone = (A > 0) & (q > p) & (kl > {part.high}) | (A < 0) & (q < p) & (kl > {part.low})",
        "r = torch.where(gone, 0.0, (logp - b.behaviour_logp).exp())",
    ]


def _within_log_ratio(part: Any) -> list[str]:
    return [
        "x = logp - b.behaviour_logp",
        f"r = torch.where((x < {part.low}) | (x > {part.high}), 0.0, x.exp())",
    ]


def _flipped(part: Any) -> list[str]:
    return [
        "rho = (logp.detach() - b.proximal_logp).exp()",
        f"clipped = torch.where(A > 0, rho > {1 + part.high}, rho < {1 - part.low})",
        f"weight = torch.where(A > 0, 1 / rho, rho).clamp(max={number(part.cap)})",
        "r = torch.where(clipped, 0.0, weight) * logp",
    ]


def _weighted(part: Any) -> list[str]:
    low, high = number(1 - part.low), number(1 + part.high)
    return [
        "rho = (logp.detach() - b.proximal_logp).exp()",
        f"r = rho.clamp({low}, {high}) * logp",
    ]


def _geometric(part: Any) -> list[str]:
    return [
        "d = logp - b.proximal_logp",
        f"d = torch.where(A > 0, d.clamp(max={part.high}), d.clamp(min=-{part.low}))",
        "r = mean(d, b.row).exp()",
    ]


def _around_shift(part: Any) -> list[str]:
    return [
        "rho, shift = (logp - b.behaviour_logp).exp(), (b.proximal_logp - b.behaviour_logp).exp()",
        f"rises, falls = rho.minimum(shift + {part.clip}), rho.maximum(shift - {part.clip})",
        "r = torch.where(A > 0, rises, falls)",
    ]


def _gamma(part: Any) -> list[str]:
    return [
        "x = total(logp.detach() - b.behaviour_logp, b.row)  # log W",
        f"raised = ({part.raised_power} * x + {part.raised_decay} * (1 - x.exp())).exp()",
        f"lowered = ({part.lowered_power} * x + {part.lowered_decay} * (1 - x.exp())).exp()",
        "r = torch.where(A < 0, lowered, raised) * logp",
    ]


RATIOS: Texts = {
    "LogLikelihood": lines("r = logp"),
    "TokenRatio": lines("r = (logp - b.proximal_logp).exp()"),
    "Probability": lines("r = logp.exp()"),
    "LogRatio": lines("r = logp - b.proximal_logp"),
    "SequenceProduct": lines("r = total(logp - b.proximal_logp, b.row).exp()"),
    "SequenceRatio": lines("r = mean(logp - b.proximal_logp, b.row).exp()"),
    "SequenceTokenRatio": lines(
        "s = mean(logp.detach() - b.proximal_logp, b.row).exp()\n"
        "r = s * (logp - logp.detach()).exp()  # the value of s, the gradient of the token"
    ),
    "AsLikelyAsItIs": lines("r = logp.detach().exp() * logp"),
    "Tapered": lines(
        "blamed = total(logp.detach() - b.behaviour_logp, b.row).clamp(max=0).exp()\n"
        "r = torch.where(A < 0, blamed, 1.0) * logp"
    ),
    "Consistency": _implied,
    "Evidence": _implied,
    "WithinTV": _within_tv,
    "WithinKL": _within_kl,
    "WithinLogRatio": _within_log_ratio,
    "FlippedWeight": _flipped,
    "WeightedLogLikelihood": _weighted,
    "ClippedGeometricMean": _geometric,
    "RatioAroundShift": _around_shift,
    "GammaWeighted": _gamma,
}
