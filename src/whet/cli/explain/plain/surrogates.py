"""Surrogates f(r, A) in plain torch, by the class of the clipping."""

from math import log1p
from typing import Any

from whet.cli.explain.plain.texts import Texts, lines, no_text


def _clipped(part: Any) -> list[str]:
    return [f"f = torch.minimum(r * A, r.clamp({1 - part.low}, {1 + part.high}) * A)"]


def _dual(part: Any) -> list[str]:
    return [*_clipped(part), f"f = torch.where(A < 0, f.maximum({part.floor} * A), f)"]


def _log_clipped(part: Any) -> list[str]:
    low, high = log1p(-part.low), log1p(part.high)
    return [f"f = torch.minimum(r * A, r.clamp({low}, {high}) * A)"]


def _preserving(part: Any) -> list[str]:
    least, most = 1 - part.low, 1 + part.high
    return [
        "one = r / r.detach()  # 1, with a gradient",
        f"f = torch.where((A > 0) & (r > {most}), {part.above * most} * one, r)",
        f"f = torch.where((A < 0) & (r < {least}), {part.below * least} * one, f) * A",
        f"f = torch.where(A < 0, f.maximum({part.floor} * A), f)",
    ]


def _gate(part: Any) -> list[str]:
    return [
        f"tau = torch.full_like(A, {part.down}).masked_fill(A > 0, {part.up})",
        "f = 4 / tau * torch.sigmoid(tau * (r - 1)) * A",
    ]


def _implicit_negative(part: Any) -> list[str]:
    if type(part.by).__name__ != "ByFailures":
        raise no_text(part.by)
    return [
        "q = (-A).clamp(min=0)  # the success rate of a wrong reply's group",
        "left = (1 - q * r) / (1 - q)  # the implicit negative policy's ratio",
        f"left = left - left.detach() + left.detach().clamp(min={part.floor})",
        "wrong = torch.where(A == 0, 0.0, (1 - q) * left.log())",
        "f = torch.where(A > 0, A * r.log(), wrong)",
    ]


SURROGATES: Texts = {
    "Unclipped": lines("f = r * A"),
    "Imitation": lines("f = r"),
    "Silent": lines("f = 0 * A"),
    "SquaredError": lines("f = -((r - A) ** 2)"),
    "LogSigmoid": lines("f = torch.nn.functional.logsigmoid(A * r)"),
    "Shaped": lambda part: [f"f = r / (r + {part.gamma}) * A"],
    "Clipped": _clipped,
    "DualClipped": _dual,
    "LogClipped": _log_clipped,
    "GradientPreserving": _preserving,
    "SoftGate": _gate,
    "ImplicitNegative": _implicit_negative,
}
AGGREGATIONS: Texts = {
    "TokenMean": lines("w = 1 / len(logp)"),
    "SelectedTokenMean": lines("w = 1 / len(logp)"),  # of a term without a selection
    "GroupTokenMean": lines("w = 1 / (b.totals.groups * b.group_tokens[b.row].to(logp))"),
    "SequenceMean": lines("w = 1 / (b.totals.rollouts * total(torch.ones_like(logp), b.row))"),
    "SequenceSum": lines("w = 1 / b.totals.rollouts"),
    "FixedLength": lambda part: [f"w = 1 / (b.totals.rollouts * {part.length})"],
    "PerThousand": lines("w = 1 / (1000 * b.totals.rollouts)"),
}
