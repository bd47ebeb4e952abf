"""The whole text of an algorithm: its advantages and its loss, joined from its parts'."""

import re
from collections.abc import Iterator
from typing import Any

from whet.cli.explain.parts import settings
from whet.cli.explain.plain import criteria
from whet.cli.explain.plain.advantages import ADVANTAGES, GROUPED
from whet.cli.explain.plain.prices import CORRECTIONS, PRICES
from whet.cli.explain.plain.ratios import RATIOS
from whet.cli.explain.plain.selections import mask_of
from whet.cli.explain.plain.surrogates import AGGREGATIONS, SURROGATES
from whet.cli.explain.plain.texts import MEAN, TOTAL, NoTextError, no_text, text_of
from whet.policy.objective import BatchLoss, Objective, Term
from whet.policy.observations import ObservationLikelihood

_MARGIN = "    "
_CALLS_MEAN = re.compile(r"(?<![\w.])mean\(")
_CALLS_TOTAL = re.compile(r"(?<![\w.])(?:mean|total)\(")
_LOSS = "def loss(logp, b):  # log π_θ of the sampled tokens, and the columns of the batch"
_ADVANTAGES = "def advantages(a):  # the columns of rewards: an advantage for each token"


def program(algorithm: Any) -> list[str]:
    """The lines of both functions, and of what they call.

    Without trees, and for log-ratios within ±20. Raises `NoTextError` for a part without a text.
    """
    if isinstance(algorithm, Objective):
        body = ["A = b.advantage", *_sum(algorithm)]
    elif isinstance(algorithm, BatchLoss):
        body = text_of(criteria.CRITERIA, algorithm.criterion)
    else:
        raise no_text(algorithm)
    told = [*_advantages(algorithm), *_function(_LOSS, body)]
    return [*_called("\n".join(told)), *told]


def _advantages(algorithm: Any) -> Iterator[str]:
    """Its function, or a comment that names the part that fills the column."""
    try:
        body = text_of(ADVANTAGES, algorithm.advantage)
    except NoTextError:
        yield f"# b.advantage is filled by {settings(algorithm.advantage)}: its equation is above"
        yield ""
        return
    yield from _function(_ADVANTAGES, [*body, "return A"])
    yield ""


def _function(head: str, body: list[str]) -> Iterator[str]:
    yield head
    yield from (f"{_MARGIN}{line}" for line in body)


def _called(told: str) -> Iterator[str]:
    """Imports, and the functions that the text calls."""
    if "math." in told:
        yield "import math"
    yield from ("import torch", "")
    if _CALLS_TOTAL.search(told):
        yield from (*TOTAL, "")
    if _CALLS_MEAN.search(told):
        yield from (*MEAN, "")
    if "reply(" in told:
        yield from (*criteria.helpers(), "")
    if "group_mean(" in told:
        yield from (*GROUPED, "")


def _sum(objective: Objective) -> Iterator[str]:
    """The terms, one after the other, and the loss −J."""
    names = [f"J{i + 1}" if objective.extra else "J" for i in range(len(objective.terms))]
    for name, term in zip(names, objective.terms, strict=True):
        if isinstance(term, ObservationLikelihood):
            yield from _observed(name, term)
        else:
            yield from _term(name, term)
    yield f"return -({' + '.join(names)})" if objective.extra else "return -J"


def _term(name: str, term: Term) -> Iterator[str]:
    yield from text_of(RATIOS, term.ratio)
    yield from text_of(SURROGATES, term.clipping)
    worth = "f"
    for correction in term.corrections:
        yield from text_of(CORRECTIONS, correction)
        worth = "c * f" if worth == "f" else worth
    prices = [text_of(PRICES, price) for price in term.regularisers]
    for i, price in enumerate(prices):
        yield from price
        if len(prices) > 1:
            yield f"k{i + 1} = k"
    symbols = ["k"] if len(prices) == 1 else [f"k{i + 1}" for i in range(len(prices))]
    worth = " - ".join([worth, *symbols])
    yield from _weighed(name, term, f"({worth})" if symbols else worth)


def _weighed(name: str, term: Term, worth: str) -> Iterator[str]:
    """The sum over all tokens, or over those of its selection."""
    if term.on is None:
        yield from text_of(AGGREGATIONS, term.aggregation)
        yield f"{name} = (w * {worth}).sum()"
        return
    before, mask = mask_of(term.on)
    yield from before
    yield f"on = {mask}"
    if type(term.aggregation).__name__ == "SelectedTokenMean":
        yield "w = 1 / on.sum().clamp(min=1).to(logp)"
    else:
        yield from text_of(AGGREGATIONS, term.aggregation)
    yield f"{name} = (w * {worth})[on].sum()"


def _observed(name: str, term: ObservationLikelihood) -> Iterator[str]:
    yield "o = b.observed  # the tokens of the environment's answers"
    yield "count = total(torch.ones_like(o.learner_logp), o.row)"
    yield "rollouts = max(o.totals.rollouts, 1)"
    yield f"{name} = {term.coefficient} * (o.learner_logp / count).sum() / rollouts"
