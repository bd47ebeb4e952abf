"""What the letters of an equation mean, as far as they occur in it."""

import re
from collections.abc import Sequence

SYMBOLS = {
    "θ": "the weights that are learned",
    "n": "a chosen token of the batch, t where its place in its rollout matters; i, j: rollouts",
    "Â": "advantage: how much better than expected; never has a gradient",
    "r": "how far the policy has moved since the update began",
    "f": "what a token is worth, given r and Â",
    "w": "weight of a token in the whole batch",
    "c": "correction: a weight without gradient",
    "k": "price of leaving the reference",
    "π_θ": "the policy that is learned",
    "π_prox": "the policy as it was when the update began",
    "π_ref": "the reference policy",
    "μ": "the policy as the sampler played it: log-probs recorded while sampling",
    "R": "reward of a rollout",
    "V": "value of a state, by a critic or from play",
    "H": "entropy of a choice",
    "N": "chosen tokens in the batch",
    "B": "rollouts in the batch",
    "G": "groups in the batch",
    "|y|": "chosen tokens of a rollout",
    "x": "log π_θ − log π_ref, where nothing else is said",
    "β": "what the price is multiplied by",
    "γ": "discount, where nothing else is said",
    "λ": "decay of GAE, where nothing else is said",
    "ε": "a small number that keeps a divisor from 0, or the width of a clip",
    "σ": "logistic function",
    "sg[": "value without gradient",
    "1[": "1 where it is true, else 0",
}


def occurring(lines: Sequence[str]) -> dict[str, str]:
    """Those letters that the formulas in these lines use."""
    text = "\n".join(line for line in lines if "=" in line or "Σ" in line)
    return {symbol: means for symbol, means in SYMBOLS.items() if _found(symbol, text)}


def _found(symbol: str, text: str) -> bool:
    if symbol == "n":
        return "_n" in text or "n ∈" in text
    after = "" if symbol[-1] in "[|" else r"(?![A-Za-zα-ω])"
    before = "" if symbol[0] == "|" else r"(?<!\w)"
    return re.search(f"{before}{re.escape(symbol)}{after}", text) is not None
