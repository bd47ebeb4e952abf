"""Whet's side of a distillation: candidates are picked, and all other tokens are one bin."""

from collections.abc import Callable
from dataclasses import replace

import torch
from losses_draw import WORDS, Drawn
from losses_pairs import Algorithm, Outcome, gradient
from torch import Tensor

from whet.policy.objective import Objective
from whet.types import Batch

Pick = Callable[[Drawn], Tensor]  # ids [rollouts, LONGEST, K]


def all_but_one(drawn: Drawn) -> Tensor:
    """The whole vocabulary: the bin has one token."""
    return torch.arange(WORDS - 1).expand(*drawn.mask.shape, -1)


def policys_likeliest(drawn: Drawn) -> Tensor:
    """The four that the policy finds likeliest."""
    return drawn.logits.topk(4).indices


def teachers_likeliest(drawn: Drawn) -> Tensor:
    """The four that the teacher finds likeliest."""
    return drawn.teacher_logits.topk(4).indices


def taught(pick: Pick) -> Callable[[Drawn, Algorithm], Outcome]:
    """The loss with these candidates; its gradient is that of the policy's logits."""

    def run(drawn: Drawn, algorithm: Algorithm) -> Outcome:
        if not isinstance(algorithm, Objective):
            raise TypeError("a distillation is a sum over tokens")
        chosen = drawn.flat(pick(drawn))
        at = drawn.logits.clone().requires_grad_()
        policy = drawn.flat(at).log_softmax(-1)
        teacher = drawn.flat(drawn.teacher_logits).log_softmax(-1)
        batch = drawn.batch(algorithm.advantage(drawn.inputs), drawn.flat(drawn.logp))
        batch = _with_candidates(batch, chosen, _binned(policy, chosen), _binned(teacher, chosen))
        logp = policy.gather(1, drawn.flat(drawn.words)[:, None])[:, 0]
        lossy, batch = algorithm.split(logp, batch)
        loss = lossy.loss(logp, batch)
        return Outcome(None, loss.detach(), drawn.flat(gradient(loss, at)))

    return run


def _binned(logp: Tensor, chosen: Tensor) -> Tensor:
    """Log-probs of the candidates, and of all others together."""
    others = torch.ones_like(logp, dtype=torch.bool).scatter(1, chosen, value=False)
    rest = logp.masked_fill(~others, -torch.inf).logsumexp(1, keepdim=True)
    return torch.cat([logp.gather(1, chosen), rest], 1)


def _with_candidates(batch: Batch, chosen: Tensor, policy: Tensor, teacher: Tensor) -> Batch:
    return replace(
        batch,
        taught=torch.ones(len(chosen), dtype=torch.bool),
        candidates=chosen,
        candidate_logp=policy,
        candidate_teacher_logp=teacher,
    )
