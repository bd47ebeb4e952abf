"""Flags that change a run as a whole: the KL coefficient, epochs, ratios."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from math import inf
from typing import Any

from whet.cli.values import value
from whet.data import benchmark
from whet.data.epochs import steps_of_epochs
from whet.data.system_prompt import SystemPrompt
from whet.front.eventloop import finish
from whet.policy.advantages import RewardToGo, WrappedAdvantage
from whet.policy.objective import Objective
from whet.policy.regularisers import K3, EntropyBonus, Within
from whet.protocols.algorithm import Advantage, Regulariser
from whet.training.preflight import shortened
from whet.training.run import Run
from whet.types import UsageError


def kl(run: Run, text: str) -> Run:
    """Set the coefficient β of KL(π_θ‖π_ref).  0 removes the KL term.

    An objective without one gets K3, as in GRPO.  One with a KL in the reward and another in the
    loss gets β for both.
    """
    beta, objective = _price("kl", text), _objective(run, "kl")
    in_reward = _priced_reward(objective.advantage, beta)
    own = [_priced(k, beta) for k in objective.regularisers]
    held = [k if new is None else new for k, new in zip(objective.regularisers, own, strict=True)]
    if not beta:
        held = [k for k, new in zip(held, own, strict=True) if new is None]
    elif in_reward is None and all(new is None for new in own):
        held.append(K3(beta=beta))
    advantage = objective.advantage if in_reward is None else in_reward
    changed = replace(objective, advantage=advantage, regularisers=tuple(held))
    return replace(run, objective=changed)


def entropy(run: Run, text: str) -> Run:
    """Set the coefficient of the entropy bonus, per nat.  0 removes the bonus."""
    beta, objective = _price("entropy", text), _objective(run, "entropy")
    others = [k for k in objective.regularisers if not _is_bonus(k)]
    bonus = [EntropyBonus(beta=beta)] if beta else []
    return replace(run, objective=replace(objective, regularisers=(*others, *bonus)))


def epochs(run: Run, text: str) -> Run:
    """Set the number of steps to so many passes over the training tasks that are short enough."""
    passes = value(text, float, "epochs")
    if run.max_prompt_length > 0:
        drawn = shortened(run, finish(run.engine.renderer(run.model))).corpus
    else:
        drawn = run.corpus
    return replace(run, steps=steps_of_epochs(drawn, passes, run.sampling.tickets))


def eval_data(run: Run, text: str) -> Run:
    """Evaluate on all rows of a file, or on the held-out splits of a family."""
    return replace(run, eval_corpus=benchmark(text))


def system_prompt(run: Run, text: str) -> Run:
    """Set the system message of every prompt, in training and in evaluation."""
    told = None if run.eval_corpus is None else SystemPrompt(corpus=run.eval_corpus, text=text)
    return replace(run, corpus=SystemPrompt(corpus=run.corpus, text=text), eval_corpus=told)


def warmup_ratio(run: Run, text: str) -> Run:
    """Set the warm-up of the learning rate, as a share of all steps."""
    ratio, optimizer = value(text, float, "warmup_ratio"), run.optimizer
    if not 0 <= ratio <= 1:
        raise UsageError(f"warmup_ratio is {text}; give 0 to 1")
    decay: Any = optimizer.decay
    if not any(f.name == "warmup" for f in fields(decay)):
        raise UsageError(
            f"warmup_ratio: {type(decay).__name__} has no warmup; choose another decay"
        )
    decay = replace(decay, warmup=round(ratio * run.steps))
    return replace(run, optimizer=replace(optimizer, decay=decay))


def mini_batch_size(run: Run, text: str) -> Run:
    """Set the prompts per optimizer step; it must divide the prompts per step."""
    size, prompts = value(text, int, "mini_batch_size"), run.sampling.tickets
    if size < 1 or prompts % size:
        raise UsageError(f"mini_batch_size is {text}; give a divisor of {prompts} prompts per step")
    return replace(run, minibatches=prompts // size)


CHANGES: Mapping[
    str, Callable[[Run, str], Run]
] = {  # applied in this order: epochs needs the final prompts, warmup_ratio the steps
    "kl": kl,
    "entropy": entropy,
    "mini_batch_size": mini_batch_size,
    "eval_data": eval_data,
    "system_prompt": system_prompt,
    "epochs": epochs,
    "warmup_ratio": warmup_ratio,
}

SETS: Mapping[str, str] = {
    "mini_batch_size": "minibatches",
    "epochs": "steps",
    "eval_data": "eval_corpus",
    "warmup_ratio": "optimizer.decay.warmup",
}
"""The field that a change replaces, whatever its value was."""


def _price(name: str, text: str) -> float:
    found = value(text, float, name)
    if not 0 <= found < inf:
        raise UsageError(f"{name} is {text}; give 0 or more")
    return found


def _objective(run: Run, name: str) -> Objective:
    if not isinstance(run.objective, Objective):
        kind = type(run.objective).__name__
        raise UsageError(f"{name}: a {kind} has no regularisers; choose another algorithm")
    return run.objective


def _is_bonus(regulariser: Regulariser) -> bool:
    inner = regulariser.price if isinstance(regulariser, Within) else regulariser
    return isinstance(inner, EntropyBonus)


def _priced(regulariser: Regulariser, beta: float) -> Regulariser | None:
    """The same regulariser with another β; None for one that measures no divergence."""
    if isinstance(regulariser, Within):
        inner = _priced(regulariser.price, beta)
        return None if inner is None else replace(regulariser, price=inner)
    held: Any = regulariser
    distance = hasattr(held, "beta") and not isinstance(held, EntropyBonus)
    return replace(held, beta=beta) if distance else None


def _priced_reward(advantage: Advantage, beta: float) -> Advantage | None:
    """The advantage with another β, if it subtracts the KL from the reward; else None."""
    if isinstance(advantage, RewardToGo):
        return replace(advantage, beta=beta)
    if isinstance(advantage, WrappedAdvantage):
        inner = _priced_reward(advantage.inner, beta)
        return None if inner is None else replace(advantage, inner=inner)
    return None
