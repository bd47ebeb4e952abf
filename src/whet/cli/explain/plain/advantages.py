"""Advantages A in plain torch, by class; each token has that of its rollout, `[a.row]`."""

from typing import Any

from whet.cli.explain.plain.texts import Texts, lines, no_text, text_of

GROUPED = (
    "def group_mean(x, a):  # over the rollouts of the group",
    "    return torch.stack([x[a.group == g].mean() for g in a.group])",
)


def _standardised(part: Any) -> list[str]:
    least = f"max((a.group == g).sum() - {part.ddof}, 1)" if part.ddof else "(a.group == g).sum()"
    return [
        "apart = a.reward - group_mean(a.reward, a)",
        f"squares = [(apart[a.group == g] ** 2).sum() / {least} for g in a.group]",
        f"A = (apart / (torch.stack(squares).sqrt() + {part.epsilon}))[a.row]",
    ]


def _batch_scaled(part: Any) -> list[str]:
    return [
        "squares = ((a.reward - a.reward.mean()) ** 2).sum() / max(len(a.reward) - 1, 1)",
        f"scale = squares.sqrt() + {part.epsilon}",
        "A = ((a.reward - group_mean(a.reward, a)) / scale)[a.row]",
    ]


def _whitened(part: Any) -> list[str]:
    return [
        *text_of(ADVANTAGES, part.inner),
        "variance = ((A - A.mean()) ** 2).sum() / max(len(A) - 1, 1)",
        f"A = (A - A.mean()) / (variance + {part.epsilon}).sqrt()",
    ]


def _signed(part: Any) -> list[str]:
    return [f"A = (2.0 * a.correct.to(a.reward) - 1.0 - {part.baseline})[a.row]"]


def _soft(part: Any) -> list[str]:
    return [
        f"A = (a.reward - {part.beta} * group_mean((a.reward / {part.beta}).exp(), a).log())[a.row]"
    ]


def _to_go(part: Any) -> list[str]:
    return [
        f"r = -{part.beta} * (a.proximal_logp - a.reference_logp)",
        "n = torch.arange(len(r))",
        "later = (a.row[None, :] == a.row[:, None]) & (n[None, :] >= n[:, None])",
        "r = r + (later.sum(1) == 1) * a.reward[a.row]  # the outcome, at the last token",
        f"A = (later * {part.discount} ** (n[None, :] - n[:, None]).clamp(min=0) * r).sum(1)",
    ]


def _teacher(part: Any) -> list[str]:
    return [
        *text_of(ADVANTAGES, part.verdict),
        "teacher = torch.where(a.taught, a.teacher_logp - a.proximal_logp, 0.0)",
        f"A = A + {part.alpha} * teacher",
    ]


_OTHERS = (
    "n = torch.stack([(a.group == g).sum() for g in a.group])",
    "others = ((a.reward - group_mean(a.reward, a)) * n / (n - 1).clamp(min=1))[a.row]",
)


def _credited(part: Any) -> list[str]:
    return [*_OTHERS, f"A = others + {part.weight} * a.dense"]


def _amplified(part: Any) -> list[str]:
    return [
        "A = (a.reward - group_mean(a.reward, a))[a.row]",
        f"A = A + {part.alpha} * A.abs() * (a.dense != 0)",
    ]


def _over_mean(part: Any) -> list[str]:
    return [
        "middle = group_mean(a.reward, a)",
        f"over = (a.reward - middle) / middle.clamp(min={part.epsilon})",
        f"A = torch.where(middle > {part.epsilon}, over, 0.0)[a.row]",
    ]


def _quantile(part: Any) -> list[str]:
    return [
        "ordered = [a.reward[a.group == g].sort().values for g in a.group]",
        f"at = [math.ceil({part.level} * len(x) - 1e-9) - 1 for x in ordered]",
        "A = (a.reward - torch.stack([x[i] for x, i in zip(ordered, at)]))[a.row]",
    ]


def _success_rate(part: Any) -> list[str]:
    if type(part.by).__name__ != "ByFailures":
        raise no_text(part.by)
    return [
        "rate = group_mean(a.correct.to(a.reward), a)",
        f"q = rate.clamp({part.least}, {1 - part.least})",
        "A = torch.where(a.correct, 1 - q, -q)  # 1 - q, and -(1 - q) q / (1 - q)",
        "A = torch.where((rate == 0) | (rate == 1), 0.0, A)[a.row]",
    ]


ADVANTAGES: Texts = {
    "TokenCredit": lines("A = a.dense"),
    "Credited": _credited,
    "Amplified": _amplified,
    "OverMean": _over_mean,
    "Quantile": _quantile,
    "SuccessRate": _success_rate,
    "Ranked": lines(
        "mates = a.group[:, None] == a.group\n"
        "worse = (mates & (a.reward[:, None] > a.reward)).to(a.reward).sum(1)\n"
        "equal = (mates & (a.reward[:, None] == a.reward)).to(a.reward).sum(1)\n"
        "A = ((worse + equal / 2) / mates.sum(1) - 0.5)[a.row]"
    ),
    "BestOfGroup": lines(
        "mates = (a.group[:, None] == a.group) & ~torch.eye(len(a.group), dtype=torch.bool)\n"
        "best = a.reward.expand(len(a.group), -1).where(mates, -torch.inf).amax(1)\n"
        "lead = (a.reward - best).clamp(min=0)\n"
        "A = torch.where(mates.any(1), lead, 0.0)[a.row]"
    ),
    "SpreadScaled": lines(
        "apart = a.reward - group_mean(a.reward, a)\n"
        "teaches = group_mean(apart.abs(), a) > 0\n"
        "A = (len(apart) / teaches.sum().clamp(min=1).to(apart) * apart)[a.row]"
    ),
    "LengthWeighted": lines(
        "length = torch.bincount(a.row, minlength=len(a.group)).to(a.reward)\n"
        "among = [(length * a.reward)[a.group == g].sum() / length[a.group == g].sum()"
        " for g in a.group]\n"
        "A = (a.reward - torch.stack(among))[a.row]"
    ),
    "RewardOnly": lines("A = a.reward[a.row]"),
    "NoAdvantage": lines("A = 0 * a.reward[a.row]"),
    "OverBaseline": lines("A = (a.reward - a.baseline)[a.row]"),
    "BatchCentred": lines("A = (a.reward - a.reward.mean())[a.row]"),
    "Centred": lines("A = (a.reward - group_mean(a.reward, a))[a.row]"),
    "LeaveOneOut": lines(
        "n = torch.stack([(a.group == g).sum() for g in a.group])\n"
        "A = ((a.reward - group_mean(a.reward, a)) * n / (n - 1).clamp(min=1))[a.row]"
    ),
    "Standardised": _standardised,
    "GroupCentredBatchScaled": _batch_scaled,
    "Whitened": _whitened,
    "SignedCorrectness": _signed,
    "AboveSoftValue": _soft,
    "RewardToGo": _to_go,
    "TeacherLogRatio": _teacher,
}
