"""One optimizer step, computed again from the weights before it."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import torch
from plain_reading import Read, read, stands_still, trained_gradients
from torch import Tensor
from witnessed_engine import OptimizerStep

from whet.policy.objective import BatchLoss, Objective, Term
from whet.policy.observations import ObservationLikelihood
from whet.types import Batch, Rollout


@dataclass(frozen=True)
class Update:
    """One optimizer step, computed again."""

    seen: OptimizerStep

    @cached_property
    def rollouts(self) -> list[Rollout]:
        return list(self.seen.batch.rollouts)

    @cached_property
    def exact(self) -> Read:
        return read(self.seen.weights, self.rollouts)

    @cached_property
    def batch(self) -> Batch:
        """The batch in float64, with the subsets and the entropies that the equation reads."""
        tokens, objective = self.seen.batch.tokens, self.seen.objective
        tokens = replace(tokens, learner_entropy=self.exact.entropy)
        if tokens.observed is not None:
            heard = replace(tokens.observed, learner_logp=self.exact.heard)
            tokens = replace(tokens, observed=heard)
        if tokens.candidates is not None:
            named = torch.zeros_like(self.exact.spreads, dtype=torch.bool)
            named.scatter_(1, tokens.candidates, value=True)
            tail = self.exact.spreads.exp().masked_fill(named, 0).sum(1, keepdim=True).log()
            best = self.exact.spreads.gather(1, tokens.candidates)
            tokens = replace(tokens, candidate_logp=torch.cat([best, tail], 1))
        if isinstance(objective, BatchLoss):
            return tokens
        return objective.split(self.exact.logp.detach(), tokens)[1]

    @cached_property
    def loss(self) -> Tensor:
        return self.seen.objective.loss(self.exact.logp, self.batch)

    @cached_property
    def trained(self) -> list[bool]:
        """For each rollout: whether some token of it is in a sum with an advantage or a price."""
        objective, count = self.seen.objective, len(self.rollouts)
        if isinstance(objective, BatchLoss):
            slope = torch.autograd.grad(self.loss, self.exact.logp, retain_graph=True)[0]
            live = slope.ne(0).tolist()
        elif isinstance(objective, Objective):
            live = [self._in_a_sum(objective, n) for n in range(len(self.batch.row))]
        else:  # a policy that rests
            return [False] * count
        owner = self.batch.row.tolist()
        return [any(x for x, r in zip(live, owner, strict=True) if r == b) for b in range(count)]

    def _in_a_sum(self, objective: Objective, n: int) -> bool:
        paid = bool(self.batch.advantage[n] != 0)
        return any(
            self._hears(n)
            if isinstance(term, ObservationLikelihood)
            else (term.on is None or bool(self.batch.subset(term.on).mask[n]))
            and (paid or term.regularisers or term.clipping.unconditional)
            for term in objective.terms
        )

    def _hears(self, n: int) -> bool:
        """Whether the world spoke between two chosen tokens of the token's rollout."""
        flags = self.rollouts[int(self.batch.row[n])].action_mask.tolist()
        return sum(a and not b for a, b in pairwise(flags)) > 0 and flags[-1]

    @cached_property
    def tokens(self) -> list[int]:
        """Indices of the tokens of those rollouts."""
        return [n for n, row in enumerate(self.batch.row.tolist()) if self.trained[row]]

    @cached_property
    def grad_norm(self) -> float:
        """Over .grad of all parameters that are trained."""
        self.loss.backward()
        grads = trained_gradients(self.seen.weights, self.exact.model)
        return sum((g**2).sum().item() for g in grads) ** 0.5

    def column(self, x: Tensor) -> list[float]:
        return [x[n].item() for n in self.tokens]

    def fresh(self) -> list[int]:
        """Those of the tokens that the present weights sampled."""
        known = [s.version.step for r in self.rollouts for s in r.spans if s.version]
        newest = max(known, default=-1)
        flags = [
            span.version is not None and span.version.step == newest
            for r in self.rollouts
            for span in r.spans
            for _ in range(span.tokens)
        ]
        return [n for n in self.tokens if flags[n]]

    def saturated(self) -> list[float]:
        logp, batch = self.exact.logp, self.batch
        others = [x for x in (batch.proximal_logp, batch.reference_logp) if x is not None]
        return [float(any(abs((logp[n] - x[n]).item()) > 20 for x in others)) for n in self.tokens]

    @cached_property
    def clips(self) -> list["Clip"]:
        """The tokens of every sum, as often as a sum looks at them."""
        objective = self.seen.objective
        if not isinstance(objective, Objective) or not any(self.trained):
            return []
        terms = [t for t in objective.terms if not isinstance(t, ObservationLikelihood)]
        return [clip for term in terms for clip in self._clips(term)]

    def _clips(self, term: Term) -> list["Clip"]:
        at, batch = self.exact.logp.detach(), self.batch
        if term.on is not None:
            at, batch = at[batch.subset(term.on).mask], batch.narrowed(term.on)
        if not len(at):
            return []
        paid = replace(batch, advantage=torch.ones_like(at), proximal_logp=at)
        if all(stands_still(lambda x: term.clipping(term.ratio(x, paid), paid.advantage), at)):
            return []  # a sum that is only a price
        still = stands_still(lambda x: term.clipping(term.ratio(x, batch), batch.advantage), at)
        weight = torch.ones_like(at)
        for correction in term.corrections:
            weight = weight * correction(batch)
        return [
            Clip(float(a), stopped, float(c) == 0)
            for a, stopped, c in zip(batch.advantage, still, weight, strict=True)
            if a != 0
        ]


class Clip(NamedTuple):
    """A token of a sum with Â ≠ 0."""

    advantage: float
    still: bool
    weightless: bool
