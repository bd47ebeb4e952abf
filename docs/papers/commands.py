"""A command that runs a method, on the quickstart's task wherever that is possible."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from papers.methods import Method
from whet.cli.catalogue import entries
from whet.cli.explain.pages import algorithms
from whet.policy.inspection import walk

TRAIN = "whet train quickstart"
STEPS = "--steps 2"
_OWN_DATA = "whet train rlvr --model FOLDER --data FILE.jsonl"
_FORCED = "--objective.on policy_tokens"
_TREE = "--sampling.shape tree --sampling.shape.branches 2,2 --sampling.shape.segments 12"
# what a part needs beside its name; FOLDER and FILE are the user's own
_NEEDS: Mapping[str, str] = {
    "fr3e": "--sampling.shape entropy_tree",
    "treerl": "--sampling.shape entropy_tree",
    "treepo": "--sampling.shape segment_tree",
    "spo_tree": _TREE,
    "tree_grpo": _TREE,
    "treerpo": _TREE,
    "vapo": "--algorithm.pretrain-steps 1",
    "vc_ppo": "--algorithm.pretrain-steps 1",
    "opd": "--algorithm.teacher FOLDER",
    "gkd": "--algorithm.teacher FOLDER",
    "sigmoid_hybrid": "--reward.model pointwise",
    "stratified": "--reward.model pointwise",
    "turn_level": "--reward.turn format",
    "staged_overlong": "--reward.longest 36 --reward.cushion 8",
    "budget_forcing": _FORCED,
    "early_exits": _FORCED,
    "g2rpo_a": _FORCED,
    "seele": _FORCED,
    "think_budget": "--sampling.schedules.think_budget.shortest 8 "
    "--sampling.schedules.think_budget.longest 36",
}
_FROM_A_LIST = frozenset({"failure_proportional", "learnability", "rate_band"})  # no endless corpus
_BY_LEVEL = frozenset({"adarft", "bandit", "easy_to_hard"})  # a corpus of several levels
_EVAL = "whet eval RUN"
_CHAINS = f"{_EVAL} --judge MODEL"
_BY_STEPS = f"{_EVAL} --step-model FOLDER --test-time"
_OTHERS: Mapping[str, str] = {  # names below whet.evaluation, and parts of rewards and sampling
    "ChainJudge": _CHAINS,
    "mean_chain_pass_at_k": _CHAINS,
    "corrected_prevalence": f"{_CHAINS} --judge-trial chain",
    "majority_chances": f"{_EVAL} --test-time majority",
    "MajorityChoice": f"{_EVAL} --test-time majority",
    "leading_posterior": f"{_EVAL} --test-time early_stop",
    "BudgetForcingAttempt": f"{_EVAL} --test-time budget_forcing",
    "Revision": f"{_EVAL} --test-time revision+majority",
    "Beam": f"{_BY_STEPS} beam",
    "Product": f"{_BY_STEPS} best_of_n",
    "difference_variance": f"{_EVAL} --power 0.05",
    "g_pass_at_k": f"{_EVAL} --report FOLDER",
    "mg_pass_at_k": f"{_EVAL} --report FOLDER",
    "pass_all_k": f"{_EVAL} --report FOLDER",
    "aurc": f"{_EVAL} --report FOLDER",
    "bootstrap": f"{_EVAL} --report FOLDER",
    "pass_at_k": f"{_EVAL} --k 1,4",
    "mean_pass_at_k": f"{_EVAL} --k 1,4",
    "Surprises": f"{TRAIN} --reward segments {STEPS}",
    "MinForm": f"{TRAIN} --reward process --reward.family lock {STEPS}",
    "Edge": "whet show proposer",
    "Tent": "whet show proposer",
    "TrainPilots": f"{TRAIN} --sampling.size two_phase {STEPS}",
    "ToolErrors": f"{TRAIN} --sampling.size resample_on_correct {STEPS}",
    "AnswerTags": f"{TRAIN} --sampling.size resample_on_correct {STEPS}",
    "BoltzmannArmRule": f"{_OWN_DATA} --sampling.prompts bandit {STEPS}",
    "DiscountedUcbArmRule": f"{_OWN_DATA} --sampling.prompts bandit {STEPS}",
    "AdvantageArmGain": f"{_OWN_DATA} --sampling.prompts bandit {STEPS}",
    "weights_of_levels": f"{_OWN_DATA} --sampling.prompts easy_to_hard {STEPS}",
    "EntropyRise": f"{TRAIN} --sampling.shape after_tools {STEPS}",
    "DistributionEntropy": f"{TRAIN} --sampling.shape entropy_tree {STEPS}",
    "normal_words": f"{TRAIN} --reward qa_exact {STEPS}",
    "squad": f"{TRAIN} --reward qa_f1 {STEPS}",
    "Constraint": f"{TRAIN} --reward constraints {STEPS}",
    "Trimmed": f"{TRAIN} --reward constraints {STEPS}",
}
_SLOTS: Mapping[str, str] = {  # parts of the equation that no algorithm has at its defaults
    "IcePop": "--objective.corrections ice_pop",
    "OffPolicyNegatives": "--objective.corrections without "
    "--objective.corrections.0.of off_policy_negatives",
    "ForwardKL": "--objective.regularisers forward_kl --objective.regularisers.0.beta 0.01",
    "Alpha": "--objective.regularisers alpha --objective.regularisers.0.beta 0.01",
    "ForwardDivergence": "--algorithm gkd --algorithm.teacher FOLDER "
    "--algorithm.divergence forward_divergence",
    "MaskTruncated": "--objective.advantage mask_truncated --objective.advantage.inner centred",
    "ExcludeTruncated": "--objective.advantage exclude_truncated "
    "--objective.advantage.inner centred",
    "SubtreeSizeMean": f"--objective.advantage subtree_size_mean {_TREE}",
    "TwiceStandardised": f"--objective.advantage twice_standardised {_TREE}",
    "eepo": "--objective.companions eepo",
    "length_targets": "--objective.companions length_targets",
    "covariance": "--algorithm clip_cov",
    "generalised_advantage": "--algorithm ppo",
}
_SHOWN = frozenset({"process_model", "proposer"})  # settings that no flag can give


def command(method: Method) -> str:
    """The first that is known; an import where none is."""
    if method.name in _SLOTS:
        return f"{TRAIN} {_SLOTS[method.name]} {STEPS}"
    if method.kind in ("algorithm", "reward", "sampling"):
        return _of_part(method)
    known = _of_algorithm(method) if method.file.parts[1] == "policy" else _OTHERS.get(method.name)
    return known or f'python -c "{_imported(method)}"'


def _of_part(method: Method) -> str:
    if method.name in _SHOWN:
        return f"whet show {method.name}"
    recipe = _OWN_DATA if method.name in _FROM_A_LIST | _BY_LEVEL else TRAIN
    flag = f"--{method.kind} {method.name}"
    flag = _flags()[method.name] if method.kind == "sampling" else flag
    return f"{recipe} {flag} {_with_needs(method.name)}"


def _with_needs(name: str) -> str:
    return f"{_NEEDS[name]} {STEPS}" if name in _NEEDS else STEPS


def _of_algorithm(method: Method) -> str:
    """Training with the first algorithm that has a part of its name or of its file."""
    module = ".".join(method.file.with_suffix("").parts)
    if method.attribute:
        mine = _first(lambda part: type(part).__name__ == method.name)
    else:
        mine = _first(lambda part: type(part).__module__ == module)
    return f"{TRAIN} --algorithm {mine} {_with_needs(mine)}" if mine else ""


def _first(fits: Callable[[object], bool]) -> str:
    return next((name for name, part in _parts() if fits(part)), "")


@cache
def _parts() -> tuple[tuple[str, object], ...]:
    """Every part of every algorithm, those of algorithms without needs first."""
    plain = sorted(algorithms().items(), key=lambda pair: pair[0] in _NEEDS)
    return tuple((name, part) for name, algorithm in plain for part in walk(algorithm))


@cache
def _flags() -> dict[str, str]:
    return {entry.name: entry.flag for entry in entries("sampling")}


def _imported(method: Method) -> str:
    """The import of a class, function or module that no command names."""
    path: Path = method.file.with_suffix("")
    module = ".".join(path.parent.parts if path.name == "__init__" else path.parts)
    if method.attribute:
        return f"from {module} import {method.name}"
    return f"import {module}"
