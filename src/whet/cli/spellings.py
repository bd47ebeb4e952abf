"""The flags of TRL, veRL, OpenRLHF and whet, and the settings of a run that they stand for.

A flag stands for a path, for a change of the whole run, or for a message.  Hyphen and underscore
are the same.  This module imports nothing heavy, so that `--help` is fast.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from whet.cli.flags import Flag, path_of
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """A flag that stands for a parameter of the recipe, or else for a field of the run.

    The path `also` gets the same text, unless it has a flag of its own.  `texts` translates values.
    """

    parameter: str = ""
    path: str = ""
    also: str = ""
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A flag that changes the whole run by the function of this name in `whet.cli.changes`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A flag without a setting in whet, and the message that says what to use instead."""

    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """A line of `whet train RECIPE --help`."""

    flag: str
    where: str  # the path of the setting
    about: str


Spelling = Means | Changes | Answer

_SCHEDULES = (("constant_with_warmup", "constant"), ("warmup_cosine", "cosine"))

_PATHS: Mapping[str, Means] = {
    "lr learning_rate actor_lr actor_learning_rate": Means(path="optimizer.lr"),
    "weight_decay": Means(path="optimizer.weight_decay"),
    "adam_beta1 beta1": Means(path="optimizer.betas.0"),
    "adam_beta2 beta2": Means(path="optimizer.betas.1"),
    "adam_epsilon adam_eps": Means(path="optimizer.epsilon"),
    "max_grad_norm max_norm grad_clip clip_grad clip_norm": Means(path="optimizer.clip_norm"),
    "warmup_steps lr_warmup_steps num_warmup_steps": Means(path="optimizer.decay.warmup"),
    "lr_scheduler lr_scheduler_type lr_schedule lr_decay_style": Means(
        path="optimizer.decay", texts=_SCHEDULES
    ),
    "group_size num_generations n samples_per_prompt n_samples_per_prompt rollouts rollout_n "
    "num_rollouts": Means(path="sampling.size.rollouts"),
    "temperature": Means(path="sampling.decoding.temperature"),
    "top_p": Means(path="sampling.decoding.top_p"),
    "top_k": Means(path="sampling.decoding.top_k", texts=(("-1", "0"),)),
    "min_p": Means(path="sampling.decoding.min_p"),
    "stop stop_strings": Means(path="sampling.decoding.stop"),
    "max_episode_tokens": Means(path="sampling.decoding.max_episode_tokens"),
    "max_new_tokens max_completion_length max_response_length max_tokens generate_max_len "
    "response_length": Means(path="sampling.decoding.max_new_tokens"),
    "batch_size train_batch_size rollout_batch_size prompts_per_step num_prompts": Means(
        path="sampling.prompts.per_step"
    ),
    "num_minibatches num_mini_batches updates_per_step": Means(path="minibatches"),
    "max_steps total_steps num_steps steps total_training_steps": Means(path="steps"),
    "max_prompt_length max_prompt_len prompt_max_len": Means(path="max_prompt_length"),
    "data dataset dataset_name train_data train_file train_files prompt_data": Means(
        parameter="data", path="corpus"
    ),
    "model_name_or_path model_path model_name pretrain base_model": Means(
        parameter="model", path="model.path"
    ),
    "dtype torch_dtype": Means(path="model.dtype"),
    "reward_funcs reward_func reward_function reward_fn rewards custom_reward_function": Means(
        parameter="reward", path="reward"
    ),
    "reward_weights": Means(path="reward.weights"),
    "save_every save_steps save_freq save_interval": Means(path="checkpoints.steps"),
    "keep save_total_limit max_ckpt_num max_checkpoints": Means(path="checkpoints.keep"),
    "eval_every eval_steps test_freq eval_interval": Means(path="periodic.every"),
    "clip clip_range cliprange clip_ratio epsilon eps_clip": Means(
        path="objective.clipping.low", also="objective.clipping.high"
    ),
    "epsilon_low clip_low clip_ratio_low eps_clip_low": Means(path="objective.clipping.low"),
    "epsilon_high clip_high clip_ratio_high eps_clip_high": Means(path="objective.clipping.high"),
    "advantage_estimator adv_estimator algo": Means(parameter="algorithm", path="objective"),
    "algorithm": Means(path="objective"),
    "gate filter": Means(path="sampling.gate"),
    "schedules": Means(path="sampling.schedules"),
    "lora use_peft use_lora peft": Means(path="engine.lora"),
    "lora_rank lora_r": Means(path="engine.lora.rank"),
    "lora_alpha": Means(path="engine.lora.alpha"),
    "device": Means(path="engine.device"),
    "threads num_threads": Means(path="engine.threads"),
    "seed": Means(path="seed"),
    "run_name experiment_name exp_name": Means(parameter="name"),
}

_CHANGES: Mapping[str, str] = {
    "kl kl_coef kl_beta beta kl_loss_coef init_kl_coef kl_weight": "kl",
    "entropy entropy_coef entropy_coeff ent_coef": "entropy",
    "epochs num_train_epochs total_epochs num_epochs max_epochs num_episodes": "epochs",
    "warmup_ratio lr_warmup_ratio lr_warmup_steps_ratio": "warmup_ratio",
    "mini_batch_size ppo_mini_batch_size minibatch_size": "mini_batch_size",
    "system_prompt": "system_prompt",
    "eval_data eval_dataset eval_file eval_files val_data val_files test_data test_files": (
        "eval_data"
    ),
}

_BUDGET = "memory is bounded by tokens: --engine.budget N, tokens in one forward pass"
_ONE_PASS = "whet makes one pass over a step's rollouts, in --minibatches N optimizer steps"
_LOGGED = "every step is logged, to metrics.jsonl in the run's folder"
_EMBEDDED = "not supported yet; the embedded engine samples and trains in one process"

_ANSWERS: Mapping[str, str] = {
    "per_device_train_batch_size per_device_batch_size": (
        "this counts rollouts; whet counts prompts: --batch-size N, each with --group-size rollouts"
    ),
    "micro_batch micro_batch_size micro_train_batch_size micro_rollout_batch_size "
    "ppo_micro_batch_size ppo_micro_batch_size_per_gpu gradient_accumulation_steps "
    "per_device_eval_batch_size max_tokens_per_gpu ppo_max_token_len_per_gpu": _BUDGET,
    "ppo_epochs num_iterations update_epochs num_ppo_epochs": _ONE_PASS,
    "loss_type loss_agg_mode policy_loss": (
        "a loss is made of parts: --algorithm dapo, or --objective.aggregation token_mean"
    ),
    "scale_rewards": "--objective.advantage centred leaves the deviation out, standardised divides",
    "off_policy_mask vllm_importance_sampling_correction tis": (
        "--objective.corrections truncated corrects for the mismatch of generator and learner"
    ),
    "filter_groups filter_groups_enable dynamic_sampling dynamic_filtering "
    "online_difficulty_filtering": (
        "--gate non_zero_spread filters groups; its sampling.gate.max_rounds N replaces them"
    ),
    "max_num_gen_batches": (
        "of --gate non_zero_spread, sampling.gate.max_rounds counts batches after the first one"
    ),
    "gen_batch_size gen_prompt_bsz over_sampling_batch_size oversampling_factor": (
        "of --gate non_zero_spread, sampling.gate.oversample X plays X groups for a missing one"
    ),
    "temperature_schedule temperature_scheduler": (
        "--sampling.schedules staged_temperature, or another of whet list sampling"
    ),
    "resume resume_from_checkpoint load_checkpoint": "to go on with a run: whet resume RUN",
    "output_dir save_path default_local_dir ckpt_path": (
        "a run's folder is RUNS/NAME: --runs DIR --name NAME"
    ),
    "use_vllm vllm_mode vllm_server_host tensor_parallel_size": f"vLLM is {_EMBEDDED}",
    "deepspeed fsdp zero_stage num_nodes n_gpus_per_node nnodes": (
        f"FSDP and several devices are {_EMBEDDED}"
    ),
    "bf16 fp16 tf32": (
        "precision is set by --model.dtype bfloat16; --engine.masters says what the optimizer "
        "changes"
    ),
    "gradient_checkpointing": "--engine.recompute layer_recompute",
    "report_to wandb use_wandb use_tensorboard tracker": (
        f"{_LOGGED}; whet report RUN makes an HTML page of it"
    ),
    "push_to_hub hub_model_id": (
        "whet uses no network; checkpoints/step-… is a folder that huggingface-cli upload takes"
    ),
    "logging_steps log_interval": _LOGGED,
    "ref_model kl_reference": "the reference is the policy before the first step with rewards",
}


def _table() -> Iterator[tuple[str, Spelling]]:
    for words, means in _PATHS.items():
        yield from ((word, means) for word in words.split())
    for words, name in _CHANGES.items():
        yield from ((word, Changes(name=name)) for word in words.split())
    for words, says in _ANSWERS.items():
        yield from ((word, Answer(says=says)) for word in words.split())


SPELLINGS: Mapping[str, Spelling] = dict(_table())

USUAL = (
    Usual(flag="--name NAME", where="name", about="name of its folder in runs/ (--runs DIR)"),
    Usual(flag="--steps N", where="steps", about="training steps"),
    Usual(flag="--epochs N", where="steps", about="steps as passes over the training data"),
    Usual(flag="--lr X", where="optimizer.lr", about="learning rate"),
    Usual(
        flag="--warmup-steps N",
        where="optimizer.decay.warmup",
        about="steps of learning-rate warm-up",
    ),
    Usual(flag="--batch-size N", where="sampling.prompts.per_step", about="prompts per step"),
    Usual(flag="--group-size N", where="sampling.size.rollouts", about="rollouts per prompt"),
    Usual(flag="--minibatches N", where="minibatches", about="optimizer steps per step"),
    Usual(
        flag="--temperature X",
        where="sampling.decoding.temperature",
        about="sampling; also --top-p, --top-k",
    ),
    Usual(
        flag="--max-new-tokens N",
        where="sampling.decoding.max_new_tokens",
        about="maximum tokens per reply",
    ),
    Usual(
        flag="--max-prompt-length N",
        where="max_prompt_length",
        about="skip longer prompts (tokens)",
    ),
    Usual(flag="--system-prompt TEXT", where="corpus", about="system message of every prompt"),
    Usual(flag="--kl X", where="objective.regularisers", about="KL coefficient β; 0: no KL"),
    Usual(
        flag="--clip X",
        where="objective.clipping",
        about="clip range ε; also --clip-low, --clip-high",
    ),
    Usual(
        flag="--gate PART", where="sampling.gate", about="filter for groups, e.g. non_zero_spread"
    ),
    Usual(
        flag="--schedules PARTS",
        where="sampling.schedules",
        about="what changes; see whet list sampling",
    ),
    Usual(flag="--lora-rank N", where="engine.lora.rank", about="train LoRA adapters of this rank"),
    Usual(flag="--device NAME", where="engine.device", about="auto, cpu or cuda; also --threads"),
    Usual(flag="--seed N", where="seed", about="random seed; same seed, same weights"),
    Usual(
        flag="--eval-every N", where="periodic.every", about="steps between evaluations; 0: none"
    ),
    Usual(flag="--eval-data FILE", where="eval_corpus", about="tasks to evaluate on"),
    Usual(flag="--save-every N", where="checkpoints.steps", about="steps between checkpoints"),
    Usual(flag="--keep N", where="checkpoints.keep", about="number of newest checkpoints kept"),
)


def spelled(flag: Flag, parameters: Mapping[str, object]) -> list[Flag] | None:
    """The settings that a flag stands for; None for a flag that is not in the table.

    A change of the whole run keeps its own name as its path.  Raises `UsageError` for a flag
    without a counterpart, with the message of its `Answer`.
    """
    found = SPELLINGS.get(flag.dotted)
    match found:
        case None:
            return None
        case Answer():
            raise UsageError(f"{flag.said}: {found.says}")
        case Changes():
            return [flag.at(found.name)]
        case Means():
            return _redirected(flag, found, parameters)


def _redirected(flag: Flag, means: Means, parameters: Mapping[str, object]) -> list[Flag]:
    own = means.parameter if means.parameter in parameters or not means.path else means.path
    text = dict(means.texts).get(flag.text, flag.text)
    targets = [own, *([means.also] if means.also else [])]
    return [Flag(path_of(target), text, flag.said, flag.bare) for target in targets]
