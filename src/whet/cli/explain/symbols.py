"""The meanings of the symbols that occur in an equation."""

import re
from collections.abc import Sequence

SYMBOLS = {
    "θ": "the trained weights",
    "n": "a sampled token of the batch; t: its position in its rollout; i, j: rollouts",
    "Â": "advantage, without gradient",
    "r": "ratio of the policy to the one that it is compared with",
    "f": "surrogate of a token, a function of r and Â",
    "w": "weight of a token in the whole batch",
    "c": "correction: a weight without gradient",
    "k": "penalty for the divergence from the reference policy",
    "π_θ": "the trained policy",
    "π_prox": "the policy when the update began",
    "π_ref": "the reference policy",
    "μ": "the sampling policy: log-probs recorded while sampling",
    "R": "reward of a rollout",
    "V": "value of a state, from a critic or from rollouts",
    "H": "entropy of the policy before a token",
    "N": "sampled tokens in the batch",
    "B": "rollouts in the batch",
    "G": "groups in the batch",
    "|y|": "sampled tokens of a rollout",
    "x": "log π_θ − log π_ref, unless defined otherwise",
    "β": "coefficient of the penalty",
    "γ": "discount, unless defined otherwise",
    "λ": "decay of GAE, unless defined otherwise",
    "ε": "clip range, or a small number that keeps a divisor above 0",
    "σ": "logistic function",
    "sg[": "stop-gradient: the value without its gradient",
    "1[": "indicator: 1 where the condition is true, else 0",
}


def occurring(lines: Sequence[str]) -> dict[str, str]:
    """The symbols that the formulas in these lines use, with their meanings."""
    text = "\n".join(line for line in lines if "=" in line or "Σ" in line)
    return {symbol: means for symbol, means in SYMBOLS.items() if _found(symbol, text)}


def _found(symbol: str, text: str) -> bool:
    if symbol == "n":
        return "_n" in text or "n ∈" in text
    after = "" if symbol[-1] in "[|" else r"(?![A-Za-zα-ω])"
    before = "" if symbol[0] == "|" else r"(?<!\w)"
    return re.search(f"{before}{re.escape(symbol)}{after}", text) is not None
