"""Runs veRL's own functions of trainer/ppo on a drawn batch.

`ray` and `hydra`, which these functions do not use, are empty modules where they are missing.
"""

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from losses_draw import Drawn
from losses_pairs import Outcome, Theirs, gradient
from torch import Tensor

_UNRELATED = ("ray", "hydra")
Scored = Callable[[Drawn], Tensor]  # advantages [rollouts, LONGEST]


class _Empty(ModuleType):
    """A module in which every name is a class of no use."""

    __path__: list[str] = []  # noqa: RUF012  # a package, whatever is asked of it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _Finder:
    """Finds an empty module for all names of some packages."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        self.roots = roots

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        del path, target
        known = name.partition(".")[0] in self.roots
        return ModuleSpec(name, self, is_package=True) if known else None  # pyright: ignore[reportArgumentType]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        del module


@cache
def core() -> Any:
    """The module trainer/ppo/core_algos.py."""
    missing = tuple(name for name in _UNRELATED if find_spec(name) is None)
    sys.meta_path.append(_Finder(missing))  # pyright: ignore[reportArgumentType]
    return import_module("verl.trainer.ppo.core_algos")


def actor(**settings: Any) -> Any:
    """An ActorConfig with veRL's defaults, and these settings; `policy_loss` as a mapping."""
    core()
    configs = import_module("verl.workers.config")
    inner = configs.PolicyLossConfig(**settings.pop("policy_loss", {}))
    return configs.ActorConfig(
        strategy="fsdp",
        rollout_n=1,
        ppo_mini_batch_size=1,
        ppo_micro_batch_size_per_gpu=1,
        policy_loss=inner,
        **settings,
    )


def index(drawn: Drawn) -> Any:
    """The groups, as veRL's uids."""
    return np.array([f"group {g}" for g in drawn.group.tolist()], dtype=object)


def scored(name: str, **settings: Any) -> Scored:
    """The advantages of an estimator by veRL's name."""

    def run(drawn: Drawn) -> Tensor:
        held = {
            "token_level_rewards": drawn.token_reward,
            "response_mask": drawn.mask,
            "config": SimpleNamespace(gamma=1.0, get=settings.get),
            "index": index(drawn),
        }
        found, _ = core().get_adv_estimator_fn(name)(**held, **settings)
        return found

    return run


def gae(drawn: Drawn, lam: float = 0.95, beta: float = 0.0) -> Tensor:
    """The whitened advantages of a critic, with the KL in the reward."""
    rewards = core().compute_rewards(
        drawn.token_reward, drawn.proximal, drawn.reference, kl_ratio=beta
    )
    found, _ = core().compute_gae_advantage_return(
        rewards * drawn.mask, drawn.value, drawn.mask, gamma=1.0, lam=lam
    )
    return found


def rewarded(beta: float) -> Scored:
    """REINFORCE++, with the KL in the reward."""

    def run(drawn: Drawn) -> Tensor:
        rewards = core().compute_rewards(
            drawn.token_reward, drawn.proximal, drawn.reference, kl_ratio=beta
        )
        found, _ = core().compute_reinforce_plus_plus_outcome_advantage(
            rewards * drawn.mask, drawn.mask, config=SimpleNamespace(gamma=1.0)
        )
        return found

    return run


def remax(drawn: Drawn) -> Tensor:
    """The reward over that of a greedy reply."""
    found, _ = core().compute_remax_outcome_advantage(
        drawn.token_reward, drawn.baseline, drawn.mask
    )
    return found


def optimal(name: str, *, handle_zero_tail: bool) -> Scored:
    """The optimal token baseline, of one turn or of several."""

    def run(drawn: Drawn) -> Tensor:
        found, _ = core().get_adv_estimator_fn(name)(
            token_level_rewards=drawn.token_reward,
            response_mask=drawn.mask,
            index=index(drawn),
            old_log_probs=drawn.proximal,
            sum_pi_squared=drawn.collision,
            handle_zero_tail=handle_zero_tail,
        )
        return found

    return run


def policy(
    advantage: Scored, mode: str = "vanilla", agg: str = "token-mean", **settings: Any
) -> Theirs:
    """The loss of an advantage, by veRL's name of the loss and of the aggregation."""

    def run(drawn: Drawn) -> Outcome:
        return _policy(drawn, advantage(drawn), mode, agg, actor(**settings))

    return run


def corrected(advantage: Scored, mode: str = "vanilla", **settings: Any) -> Theirs:
    """The default loss, weighed by π_prox / μ as veRL's rollout correction does."""

    def run(drawn: Drawn) -> Outcome:
        place = import_module("verl.trainer.ppo.rollout_corr_helper")
        weights, _ = place.compute_rollout_correction_weights(
            drawn.proximal - drawn.behaviour, drawn.mask, **settings
        )
        return _policy(drawn, advantage(drawn), mode, "token-mean", actor(), weights)

    return run


def bypassed(advantage: Scored, agg: str, **settings: Any) -> Theirs:
    """The loss of `bypass_mode`, which knows no proximal policy."""

    def run(drawn: Drawn) -> Outcome:
        config = actor(policy_loss={"rollout_correction": settings})
        return _policy(drawn, advantage(drawn), "bypass_mode", agg, config)

    return run


def _policy(  # noqa: PLR0913  # those of veRL's function
    drawn: Drawn, advantage: Tensor, mode: str, agg: str, config: Any, weights: Tensor | None = None
) -> Outcome:
    at = drawn.logp.clone().requires_grad_()
    torch.manual_seed(len(drawn.row))  # as whet's `Covariant`, so that both draw the same tokens
    loss, _ = core().get_policy_loss_fn(mode)(
        old_log_prob=drawn.proximal,
        log_prob=at,
        advantages=advantage,
        response_mask=drawn.mask,
        loss_agg_mode=agg,
        config=config,
        rollout_is_weights=weights,
    )
    return Outcome(drawn.flat(advantage), loss.detach(), drawn.flat(gradient(loss, at)))


def penalty(kind: str, agg: str = "token-mean") -> Theirs:
    """The KL in the loss, by veRL's name of the estimator, times 1."""

    def run(drawn: Drawn) -> Outcome:
        at = drawn.logp.clone().requires_grad_()
        of = core().kl_penalty(at, drawn.reference, kind)
        loss = core().agg_loss(of, drawn.mask, agg)
        return Outcome(None, loss.detach(), drawn.flat(gradient(loss, at)))

    return run


def bonus(factor: float) -> Theirs:
    """The default loss of GRPO, less the entropy's as veRL's actor takes it."""

    def run(drawn: Drawn) -> Outcome:
        advantage = scored("grpo")(drawn)
        at = drawn.logp.clone().requires_grad_()
        loss, _ = core().get_policy_loss_fn("vanilla")(
            drawn.proximal, at, advantage, drawn.mask, "token-mean", actor(), None
        )
        loss = loss - factor * core().agg_loss(drawn.entropy_of(at), drawn.mask, "token-mean")
        return Outcome(drawn.flat(advantage), loss.detach(), drawn.flat(gradient(loss, at)))

    return run


def critic(clip: float) -> Theirs:
    """The loss of a critic; its gradient is that of the values."""

    def run(drawn: Drawn) -> Outcome:
        at = drawn.new_value.clone().requires_grad_()
        _, target = core().compute_gae_advantage_return(
            drawn.token_reward, drawn.value, drawn.mask, gamma=1.0, lam=0.95
        )
        loss, _ = core().compute_value_loss(at, target, drawn.value, drawn.mask, clip)
        return Outcome(drawn.flat(target), loss.detach(), drawn.flat(gradient(loss, at)))

    return run


def forward_kl(count: int) -> Theirs:
    """`forward_kl_topk` over the teacher's likeliest tokens; its gradient is that of the logits."""

    def run(drawn: Drawn) -> Outcome:
        core()
        losses = import_module("verl.trainer.distillation.losses")
        inner = import_module("verl.trainer.distillation.fsdp.losses")
        settings = import_module("verl.workers.config").DistillationLossConfig(topk=count)
        config = SimpleNamespace(distillation_loss=settings)
        at = drawn.logits.clone().requires_grad_()
        known, ids = drawn.teacher_logits.log_softmax(-1).topk(count)
        given = [
            torch.nested.as_nested_tensor([_packed(drawn, x)], layout=torch.jagged)
            for x in (known, ids)
        ]
        told = inner.compute_forward_kl_topk(_packed(drawn, at)[None], *given, config, "thd")
        told = {name: found[0] for name, found in told.items()}
        of, _ = losses.compute_forward_kl_topk(None, config, told, _prompted(drawn))
        loss = core().agg_loss(of, drawn.mask, "token-mean")
        return Outcome(None, loss.detach(), drawn.flat(gradient(loss, at)))

    return run


def _packed(drawn: Drawn, column: Tensor) -> Tensor:
    """A column end to end, each reply with the place of its last token, which predicts nothing."""
    lengths = drawn.mask.sum(1).tolist()
    return torch.cat([torch.cat([x[:n], x[:1]]) for x, n in zip(column, lengths, strict=True)])


def _prompted(drawn: Drawn) -> Any:
    """The masks of replies after prompts of one token."""
    prompt = torch.ones_like(drawn.mask[:, :1])
    held = {
        "prompts": prompt,
        "responses": drawn.words,
        "attention_mask": torch.cat([prompt, drawn.mask], 1),
        "response_mask": drawn.mask,
    }
    return import_module("tensordict").TensorDict(held, batch_size=[len(prompt)])


def version() -> str:
    """That of the framework."""
    core()
    return str(import_module("verl").__version__).strip()
