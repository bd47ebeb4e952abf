"""Runs TRL's own methods on a drawn batch.

A trainer is made without its constructor and given the attributes that a method reads: its own
config, the numbers of the batch in the place of a model's, and one process.
"""

from collections import defaultdict
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import torch
from losses_draw import Drawn
from losses_pairs import Outcome, Theirs, gradient
from torch import Tensor

END, PADDING = 1, 0  # ids of tokens


def _same(x: Any, **settings: Any) -> Any:
    """What one process gathers from all."""
    del settings
    return x


ACCELERATOR = SimpleNamespace(
    device=torch.device("cpu"),
    num_processes=1,
    process_index=0,
    sync_gradients=True,
    is_main_process=True,
    parallelism_config=None,
    gather=_same,
    gather_for_metrics=_same,
    reduce=_same,
    pad_across_processes=_same,
)
MODEL = SimpleNamespace(training=True, is_gradient_checkpointing=False)


@cache
def module(name: str) -> Any:
    """A module of TRL."""
    return import_module(f"trl.{name}")


def bare(kind: Any, **attributes: Any) -> Any:
    """An instance of a trainer with these attributes alone, and those that all methods read."""
    made = kind.__new__(kind)
    held = {
        "accelerator": ACCELERATOR,
        "model": MODEL,
        "aux_loss_enabled": False,
        "_metrics": defaultdict(lambda: defaultdict(list)),
        "current_gradient_accumulation_steps": 1,
        "_total_train_tokens": 0,
        "_tp_size": 1,
    }
    made.__dict__.update(held, **attributes)
    return made


def _config(kind: Any, **settings: Any) -> Any:
    """A config with TRL's defaults and these settings; log-probs are computed before learning."""
    held = {"output_dir": "unused", "use_cpu": True, "bf16": False, "report_to": "none"}
    return kind(**held, num_iterations=2, **settings)


class Policies:
    """The log-probs of each model, in the place of a forward pass."""

    def __init__(self, drawn: Drawn) -> None:
        self.drawn = drawn
        self.at = drawn.logp.clone().requires_grad_()

    def __call__(self, model: Any, *args: Any, **settings: Any) -> tuple[Tensor, Tensor, None]:
        del args
        if settings.get("compute_entropy"):
            return self.at, self.drawn.entropy_of(self.at), None
        logp = self.drawn.proximal if model is MODEL else self.drawn.reference
        return logp, self.drawn.entropy, None


def _replies(drawn: Drawn) -> list[list[int]]:
    """Ids of the replies; those that were not cut off end with END."""
    found = []
    for length, cut in zip(drawn.mask.sum(1).tolist(), drawn.truncated.tolist(), strict=True):
        found.append([2] * (length - 1) + [2 if cut else END])
    return found


def _generator(drawn: Drawn, policies: Policies, config: Any) -> dict[str, Any]:
    """What `_generate_and_score_completions` reads."""
    rewards = drawn.reward[:, None].clone()
    return {
        "args": config,
        "environment_factories": None,
        "environments": None,
        "tools": None,
        "pad_to_multiple_of": None,
        "eos_token_ids": [END],
        "chat_template_kwargs": {},
        "reward_weights": torch.ones(1),
        "reward_funcs": [None],
        "reward_func_names": ["drawn"],
        "log_multimodal": False,
        "_tokenizer": SimpleNamespace(pad_token_id=PADDING),
        "processing_class": SimpleNamespace(pad_token_id=PADDING),
        "_pending_extra_logs": {},
        "_pending_metrics": {},
        "_logs": defaultdict(lambda: defaultdict(list), {k: [] for k in _LOGS}),
        "ref_model": object(),
        "_get_per_token_logps_and_entropies": policies,
        "_calculate_rewards": lambda *args: rewards,
        "num_generations": drawn.size,
        "num_iterations": config.num_iterations,
        "beta": config.beta,
        "epsilon_low": config.epsilon,
        "epsilon_high": config.epsilon if config.epsilon_high is None else config.epsilon_high,
        "max_completion_length": config.max_completion_length,
        "mask_truncated_completions": config.mask_truncated_completions,
        "use_vllm": config.use_vllm,
    }


_LOGS = ("prompt", "completion", "advantages", "images")
_READ = (  # attributes that the constructor of GRPOTrainer takes from its config as they are
    "loss_type",
    "scale_rewards",
    "importance_sampling_level",
    "off_policy_mask_threshold",
    "top_entropy_quantile",
    "entropy_coef",
    "use_adaptive_entropy",
    "multi_objective_aggregation",
    "vllm_importance_sampling_correction",
    "vllm_importance_sampling_mode",
    "vllm_importance_sampling_clip_min",
    "vllm_importance_sampling_clip_max",
)


def grpo(where: str = "trainer.grpo_trainer.GRPO", **settings: Any) -> Theirs:
    """GRPOTrainer: advantages by `_generate_and_score_completions`, the loss by `_compute_loss`."""
    place, _, name = where.rpartition(".")

    def run(drawn: Drawn) -> Outcome:
        config = _config(
            getattr(module(place.replace("_trainer", "_config")), f"{name}Config"),
            num_generations=drawn.size,
            per_device_train_batch_size=len(drawn.reward),
            **settings,
        )
        policies = Policies(drawn)
        trainer = bare(
            getattr(module(place), f"{name}Trainer"),
            **_generator(drawn, policies, config),
            **{name: getattr(config, name) for name in _READ},
            _entropy_bonus_enabled=config.entropy_coef != 0.0,
            _generate=lambda prompts: _generated(drawn),
        )
        return _outcome(drawn, trainer, policies)

    return run


def _generated(drawn: Drawn) -> tuple[Any, ...]:
    """What GRPOTrainer's `_generate` returns: ids, no tools, texts, the sampler's log-probs."""
    replies = _replies(drawn)
    pairs = zip(drawn.behaviour, drawn.mask.bool(), strict=True)
    sampled = [logp[held].tolist() for logp, held in pairs]
    return [[2]] * len(replies), replies, None, [""] * len(replies), sampled, {}, None, None


def rloo(**settings: Any) -> Theirs:
    """RLOOTrainer, in the same way."""

    def run(drawn: Drawn) -> Outcome:
        place = module("trainer.rloo_trainer")
        config = _config(
            module("trainer.rloo_config").RLOOConfig,
            num_generations=drawn.size,
            per_device_train_batch_size=len(drawn.reward),
            **settings,
        )
        replies, policies = _replies(drawn), Policies(drawn)
        trainer = bare(
            place.RLOOTrainer,
            **_generator(drawn, policies, config),
            normalize_advantages=config.normalize_advantages,
            reward_clip_range=config.reward_clip_range,
            _generate=lambda prompts: ([[2]] * len(replies), replies, [""] * len(replies)),
        )
        return _outcome(drawn, trainer, policies)

    return run


def asynchronous(drawn: Drawn) -> Outcome:
    """AsyncGRPOTrainer's `compute_loss`, with the advantages of GRPOTrainer."""
    given = grpo()(drawn).advantage
    at = drawn.flat(drawn.logp).clone().requires_grad_()
    place = module("experimental.async_grpo.async_grpo_trainer")
    counters = ("forward_tokens", "trained_tokens", "seq_len_weighted", "samples", "forward_s")
    trainer = bare(
        place.AsyncGRPOTrainer,
        epsilon_low=0.2,
        epsilon_high=0.2,
        **{f"_step_{name}": 0.0 for name in counters},
    )
    every, none = torch.arange(len(at)), torch.full((1,), -1)
    tree = ("tree_kv_index", "tree_cu_seqlens_q", "tree_cu_seqlens_k")
    held = {
        "attention_mask": torch.ones_like(every),
        "token_index": every,
        "old_log_probs": drawn.flat(drawn.proximal),
        "advantages": given,
        "segment_id": drawn.row,
        "tree_max_seqlens": torch.zeros(1, 2),
        "global_n_tokens": torch.tensor([len(at)]),
        "global_n_forward_tokens": torch.ones(1),
        "mean_seq_len": torch.ones(1),
        **{name: every for name in ("input_ids", "position_ids", "shift_labels")},
        **dict.fromkeys(tree, none),
    }
    torch.set_default_dtype(torch.float32)  # for its metrics, which mix precisions
    loss = trainer.compute_loss(lambda **_: SimpleNamespace(log_probs=at, entropy=at), held)
    torch.set_default_dtype(torch.float64)
    return Outcome(given, loss.detach(), gradient(loss, at))


def _outcome(drawn: Drawn, trainer: Any, policies: Policies) -> Outcome:
    prompts = [{"prompt": ""}] * len(drawn.reward)
    inputs = trainer._generate_and_score_completions(prompts)  # noqa: SLF001
    loss = trainer._compute_loss(MODEL, inputs)  # noqa: SLF001
    advantage = inputs["advantages"][drawn.row]
    return Outcome(advantage, loss.detach(), drawn.flat(gradient(loss, policies.at)))


def version() -> str:
    """That of the framework."""
    return str(import_module("trl").__version__)
