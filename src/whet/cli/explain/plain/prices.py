"""Prices k and corrections c in plain torch, by class."""

from math import log
from typing import Any

from whet.cli.explain.plain.selections import mask_of
from whet.cli.explain.plain.texts import Texts, no_text, text_of

_ANCHORS = {
    "Reference": "b.reference_logp",
    "Proximal": "b.proximal_logp",
    "Behaviour": "b.behaviour_logp",
    "Rehearsed": "b.behaviour_logp",
}


def _distance(part: Any) -> str:
    name = type(part.anchor).__name__
    if name not in _ANCHORS:
        raise no_text(part.anchor)
    return f"x = logp - {_ANCHORS[name]}"


def _k2(part: Any) -> list[str]:
    return [_distance(part), f"k = {part.beta} * x**2 / 2"]


def _k3(part: Any) -> list[str]:
    return [_distance(part), f"k = {part.beta} * ((-x).exp() - 1 + x)"]


def _absolute(part: Any) -> list[str]:
    return [_distance(part), f"k = {part.beta} * x.abs()"]


def _jensen_shannon(part: Any) -> list[str]:
    return [
        _distance(part),
        "u = x.exp()",
        f"k = {part.beta} * (u * x - (u + 1) * ((u + 1) / 2).log())",
    ]


def _convex(part: Any) -> list[str]:
    return [
        "x, y = logp - b.reference_logp, logp - b.proximal_logp",
        f"far, near = {part.share} * ((-x).exp() - 1 + x), {1 - part.share} * ((-y).exp() - 1 + y)",
        f"k = {part.beta} * (far + near)",
    ]


def _drift(part: Any) -> list[str]:
    return [
        "rho = (logp.detach() - b.proximal_logp).exp()",
        f"k = {part.alpha} * (rho - 1).clamp(max={part.most}) * logp",
    ]


def _squared_move(part: Any) -> list[str]:
    return [
        "moved = total(logp - b.proximal_logp, b.row)",
        f"k = {part.tau / 2} * moved**2 / total(torch.ones_like(logp), b.row)",
    ]


def _within(part: Any) -> list[str]:
    before, mask = mask_of(part.of)
    *inner, last = text_of(PRICES, part.price)
    return [*before, *inner, last, f"k = torch.where({mask}, k, 0.0)"]


def _teacher(part: Any) -> list[str]:
    name = type(part.divergence).__name__
    if name not in ("ReverseDivergence", "ForwardDivergence", "MixtureDivergence"):
        raise no_text(part.divergence)
    both = "p, t = b.candidate_logp, b.candidate_teacher_logp  # candidates, a bin for the rest"
    if name == "ReverseDivergence":
        return [both, f"k = {part.weight} * (p.exp() * (p - t)).sum(-1)"]
    if name == "ForwardDivergence":
        return [both, f"k = {part.weight} * (t.exp() * (t - p)).sum(-1)"]
    share = part.divergence.beta
    return [
        both,
        f"m = ({share} * t.exp() + {1 - share} * p.exp()).log()",
        f"of_teacher = {share} * (t.exp() * (t - m)).sum(-1)",
        f"of_policy = {1 - share} * (p.exp() * (p - m)).sum(-1)",
        f"k = {part.weight} * (of_teacher + of_policy)",
    ]


PRICES: Texts = {
    "K2": _k2,
    "K3": _k3,
    "Absolute": _absolute,
    "JensenShannon": _jensen_shannon,
    "ConvexK3": _convex,
    "Drift": _drift,
    "SquaredMove": _squared_move,
    "Within": _within,
    "TeacherDivergence": _teacher,
    "EntropyBonus": lambda part: [f"k = -{part.beta} * b.learner_entropy"],
}


def _masked(part: Any) -> list[str]:
    return [
        "rho = (b.proximal_logp - b.behaviour_logp).exp()",
        f"c = torch.where(rho <= {part.cap}, rho, 0.0)",
    ]


def _without(part: Any) -> list[str]:
    before, mask = mask_of(part.of)
    return [*before, f"c = 1 - ({mask}).to(A)"]


def _by_entropy(part: Any) -> list[str]:
    return [f"c = {part.scale} * ({part.slope} * mean(b.entropy, b.row)).exp()"]


def _future(part: Any) -> list[str]:
    return [
        "x = b.learner_logp - b.proximal_logp",
        "n = torch.arange(len(x))  # the tokens of a rollout are neighbours",
        "gap = (n[None, :] - n[:, None]).masked_fill(b.row[None, :] != b.row[:, None], -1)",
        f"decay = torch.where(gap >= 0, {2 ** (-1 / part.half_life)} ** gap.to(x), 0.0)",
        f"future = decay @ torch.where(x > {log(part.floor)}, 0.0, x)",
        f"c = future.exp().clamp({1 - part.low}, {1 + part.high})",
        f"c = torch.where((A < 0) & (x > {log(part.harsh)}), c.clamp(0.8, 1.0), c)",
    ]


CORRECTIONS: Texts = {
    "ConstantWeight": lambda part: [f"c = {part.factor}"],
    "Masked": _masked,
    "Without": _without,
    "ByEntropy": _by_entropy,
    "FutureInfluence": _future,
}
