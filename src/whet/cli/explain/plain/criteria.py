"""Losses of the whole batch in plain torch, by class."""

from typing import Any

from whet.cli.explain.plain.texts import Texts, no_text

_REPLIES = (
    "def reply(x, b):  # the sum over each rollout",
    "    return x.new_zeros(len(b.group)).index_add(0, b.row, x)",
)
_SCORES = {
    "SumLogRatio": "h = {beta} * reply(logp - b.reference_logp, b)",
    "MeanLikelihood": "h = {beta} * reply(logp, b) / reply(torch.ones_like(logp), b).clamp(min=1)",
}
_SAID = "said = reply(torch.ones_like(logp), b) > 0"


def helpers() -> tuple[str, ...]:
    """What the texts below call."""
    return _REPLIES


def _pairwise(part: Any) -> list[str]:
    score = type(part.score).__name__
    if score not in _SCORES:
        raise no_text(part.score)
    return [
        _SAID,
        _SCORES[score].format(beta=part.score.beta),
        "right, wrong = b.correct & said, ~b.correct & said",
        "pair = (b.group[:, None] == b.group) & right[:, None] & wrong",
        "d = (h[:, None] - h)[pair]  # right less wrong, of every pair of a group",
        f"return ({_link(part.link)}).sum() / max(len(d), 1)",
    ]


def _link(link: Any) -> str:
    if type(link).__name__ == "Squared":
        return f"(d - {1 / (2 * link.tau)}) ** 2"
    if type(link).__name__ != "Logistic":
        raise no_text(link)
    d = f"(d - {link.margin})" if link.margin else "d"
    sigmoid = "torch.nn.functional.logsigmoid"
    if not link.smoothing:
        return f"-{sigmoid}({d})"
    return f"-{1 - link.smoothing} * {sigmoid}({d}) - {link.smoothing} * {sigmoid}(-{d})"


def _unpaired(part: Any) -> list[str]:
    if type(part.anchor).__name__ != "KLAnchor":
        raise no_text(part.anchor)
    return [
        _SAID,
        "h = reply(logp - b.reference_logp, b)",
        "z = (h.detach() * said).sum().clamp(min=0) / said.sum().clamp(min=1)",
        f"right = {part.right} * torch.sigmoid(-{part.beta} * (h - z))",
        f"wrong = {part.wrong} * torch.sigmoid({part.beta} * (h - z))",
        "each = torch.where(b.correct, right, wrong)",
        "return (each * said).sum() / said.sum().clamp(min=1)",
    ]


def _discriminative(part: Any) -> list[str]:
    if type(part.score).__name__ != "LikelihoodScore":
        raise no_text(part.score)
    against = "s[bad].mean()"
    if type(part.against).__name__ == "Hardest":
        tau = part.against.tau
        against = f"{tau} * ((s[bad] / {tau}).logsumexp(0) - bad.sum().to(s).log())"
    return [
        "count = reply(torch.ones_like(logp), b)",
        "s, gain = reply(logp, b) / count.clamp(min=1), 0.0",
        "for g in b.group.unique():",
        "    good, bad = ((b.group == g) & (count > 0) & x for x in (b.correct, ~b.correct))",
        "    if good.any() and bad.any():",
        f"        gain = gain + s[good].mean() - {against}",
        "loss = -gain / max(b.totals.groups, 1)",
        *_constraint(part.constraint),
    ]


def _constraint(hinge: Any) -> list[str]:
    if hinge is None:
        return ["return loss"]
    return [
        "kl = (b.proximal_logp - logp).mean()",
        f"return loss + {hinge.beta} * (kl.detach() - {hinge.delta}).clamp(min=0) * kl",
    ]


def _stale(part: Any) -> list[str]:
    if type(part.aggregation).__name__ != "TokenMean":
        raise no_text(part.aggregation)
    return [
        "A, x = b.advantage, logp - b.behaviour_logp",
        "d, r = x.detach(), x.exp()",
        "far = d.abs().sort().values",
        f"q = far[math.ceil({part.tail} * len(far) * (1 - 1e-12)) - 1]",
        f"kappa = torch.where(d.abs() > q, 1 / (1 + (d.abs() / q) ** {part.power}), 1.0)",
        f"least = 1 - {part.low} * torch.where(d < 0, kappa, 1.0)",
        f"most = 1 + {part.high} * torch.where(d > 0, kappa, 1.0)",
        "return -torch.minimum(r * A, r.clamp(least, most) * A).mean()",
    ]


CRITERIA: Texts = {
    "PairwiseLoss": _pairwise,
    "Unpaired": _unpaired,
    "Discriminative": _discriminative,
    "StalenessAdaptive": _stale,
}
