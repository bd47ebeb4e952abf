"""The field's usual spellings: each sets what it should, or is answered in one line."""

import json
from dataclasses import replace
from math import ceil
from pathlib import Path

import pytest

from whet.cli.changes import CHANGES
from whet.cli.overrides import paths
from whet.cli.parsing import configured
from whet.cli.spellings import SPELLINGS, USUAL, Answer, Changes, Means
from whet.policy.algorithms import load
from whet.policy.regularisers import K2, K3, EntropyBonus, Within
from whet.policy.selections import Correct
from whet.types import UsageError
from whet.types.optimizers import CosineDecay

RECIPE = str(Path(__file__).with_name("recipe_small.py"))
RLVR = ["--model", "m", "--data", "lock"]


def small(*words):
    return configured(RECIPE, words, "plan").run


def at(run, path):
    return {p: held for p, _, held in paths(run)}[path]


@pytest.mark.parametrize(
    ("spellings", "text", "path", "found"),
    [
        ("lr learning-rate learning_rate", "1e-4", "optimizer.lr", 1e-4),
        ("weight-decay", "0.1", "optimizer.weight_decay", 0.1),
        ("adam-beta1 adam_beta1", "0.8", "optimizer.betas", (0.8, 0.999)),
        ("adam-beta2", "0.95", "optimizer.betas", (0.9, 0.95)),
        ("adam-epsilon", "1e-6", "optimizer.epsilon", 1e-6),
        ("max-grad-norm grad-clip", "0.5", "optimizer.clip_norm", 0.5),
        ("warmup-steps", "3", "optimizer.decay.warmup", 3),
        ("lr-scheduler-type", "cosine", "optimizer.decay", CosineDecay()),
        ("warmup-ratio", "0.5", "optimizer.decay.warmup", 3),
        (
            "group-size num-generations num_generations n samples-per-prompt rollouts",
            "2",
            "sampling.size.rollouts",
            2,
        ),
        ("temperature", "0.7", "sampling.decoding.temperature", 0.7),
        ("top-p top_p", "0.9", "sampling.decoding.top_p", 0.9),
        ("top-k", "5", "sampling.decoding.top_k", 5),
        ("top-k", "-1", "sampling.decoding.top_k", 0),
        ("min-p", "0.1", "sampling.decoding.min_p", 0.1),
        (
            "max-new-tokens max-completion-length max-response-length max-tokens",
            "9",
            "sampling.decoding.max_new_tokens",
            9,
        ),
        ("batch-size train-batch-size", "2", "sampling.prompts.per_step", 2),
        ("mini-batch-size ppo-mini-batch-size", "2", "minibatches", 2),
        ("num-minibatches minibatches", "2", "minibatches", 2),
        ("max-steps steps", "2", "steps", 2),
        ("save-every save-steps save-freq", "2", "checkpoints.steps", 2),
        ("keep save-total-limit", "5", "checkpoints.keep", 5),
        ("eval-every eval-steps test-freq", "2", "periodic.every", 2),
        ("clip-range epsilon clip-ratio", "0.1", "objective.clipping.low", 0.1),
        ("clip clip-range epsilon clip-ratio", "0.1", "objective.clipping.high", 0.1),
        ("epsilon-high clip-high clip-ratio-high", "0.1", "objective.clipping.high", 0.1),
        ("epsilon-high", "0.1", "objective.clipping.low", 0.2),
        ("lora use-peft", "true", "engine.lora.rank", 16),
        ("lora-rank lora-r", "4", "engine.lora.rank", 4),
        ("lora-alpha", "4", "engine.lora.alpha", 4.0),
        ("max-prompt-length prompt-max-len", "9", "max_prompt_length", 9),
        ("gate", "non_zero_spread", "sampling.gate.max_rounds", 0),
        ("device", "cuda", "engine.device", "cuda"),
        ("threads", "2", "engine.threads", 2),
        ("seed", "5", "seed", 5),
        ("reward-funcs reward-function reward", "labelled", "reward.hint", None),
        ("dataset train-data train-files data", "lock", "corpus.levels", (1, 5)),
    ],
)
def test_a_spelling_sets_its_field(spellings, text, path, found):
    for spelling in spellings.split():
        run = small(f"--{spelling}", text)
        if path != "reward.hint":
            assert at(run, path) == found, spelling
        else:
            assert type(run.reward).__name__ == "Labelled"


def test_a_recipes_own_parameter_is_meant_where_there_is_one():
    words = ["--model-name-or-path", "m", "--train-files", "lock", "--reward-funcs", "exact"]
    run = configured("rlvr", [*words, "--algo", "dapo"], "plan").run
    assert (run.model.path, type(run.corpus).__name__) == ("m", "Problems")
    assert type(run.reward).__name__ == "Exact"
    assert run.objective == load("dapo")
    dapo = configured("dapo", [*RLVR, "--algorithm", "grpo"], "plan").run
    assert dapo.objective == load("grpo")
    assert configured("rlvr", [*RLVR, "--torch-dtype", "bfloat16"], "plan").run.model.dtype == (
        "bfloat16"
    )


def test_the_name_of_a_run_has_spellings_too():
    assert configured(RECIPE, ["--run-name", "a"], "plan").name == "a"
    assert configured(RECIPE, ["--experiment_name=a"], "plan").name == "a"


@pytest.mark.parametrize("spelling", ["kl", "beta", "kl-coef", "kl_coef"])
def test_kl_is_a_price_that_may_be_new_or_nothing(spelling):
    def regularisers(algorithm, text):
        return small("--algorithm", algorithm, f"--{spelling}", text).objective.regularisers

    assert regularisers("grpo", "0.1") == (K3(beta=0.1),)
    assert regularisers("dapo", "0.1") == (K3(beta=0.1),)
    assert regularisers("grpo", "0") == ()
    assert regularisers("dapo", "0") == ()


def test_kl_keeps_the_estimator_and_follows_the_price_into_the_reward():
    k2 = small("--objective.regularisers", "k2", "--objective.regularisers.0.beta=1", "--kl=.5")
    assert k2.objective.regularisers == (K2(beta=0.5),)
    paid = small("--algorithm", "reinforce_pp", "--kl", "0.5").objective
    assert paid == replace(
        load("reinforce_pp"),
        advantage=replace(
            load("reinforce_pp").advantage,
            inner=replace(load("reinforce_pp").advantage.inner, beta=0.5),
        ),
    )


@pytest.fixture
def tasks(tmp_path):
    """A file of twenty tasks."""
    file = tmp_path / "tasks.jsonl"
    rows = [{"prompt": f"{i}+1=", "answer": str(i + 1)} for i in range(20)]
    file.write_text("\n".join(map(json.dumps, rows)))
    return str(file)


@pytest.mark.parametrize("spelling", ["epochs", "num-train-epochs", "total_epochs"])
def test_epochs_are_passes_over_the_training_tasks(tasks, spelling):
    """Of 20 rows those of the training split, four prompts a step."""
    run = small("--data", tasks, "--reward", "exact", f"--{spelling}", "2")
    rows = run.corpus.size("train") or 0
    assert 10 < rows < 20
    assert run.steps == ceil(2 * rows / 4)
    with pytest.raises(UsageError, match="endless"):
        small(f"--{spelling}", "2")


@pytest.mark.parametrize("spelling", ["eval-data", "val-files", "test-data", "eval-dataset"])
def test_evaluation_data_are_all_rows_of_a_file(tasks, spelling):
    run = small(f"--{spelling}", tasks)
    assert len(run.measured.held_out("test", 100)) == 20
    assert run.corpus == small().corpus


def test_a_system_prompt_is_put_before_both_kinds_of_tasks(tasks):
    run = small("--eval-data", tasks, "--system-prompt", "Think first.")
    for task in (run.corpus.task("train", 0), run.measured.held_out("test", 1)[0]):
        assert task.prompt[0] == {"role": "system", "content": "Think first."}
    assert small("--system_prompt", "Think.").eval_corpus is None


def test_entropy_is_paid_for_beside_other_prices():
    run = small("--algorithm", "grpo", "--entropy-coeff", "0.01")
    assert run.objective.regularisers == (K3(beta=0.04), EntropyBonus(beta=0.01))
    assert small("--entropy-coeff", "0").objective.regularisers == ()


def test_what_a_spelling_sets_besides_gives_way_to_what_was_said_of_it():
    for words in (["--clip=0.1", "--clip-high=0.3"], ["--clip-high=0.3", "--clip=0.1"]):
        clipping = small(*words).objective.clipping
        assert (clipping.low, clipping.high) == (0.1, 0.3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--clip", "0.1", "--algorithm", "rloo"], ["--clip", "objective.clipping", "Unclipped"]),
        (["--kl", "-1"], ["kl is -1"]),
        (["--kl", "0.1", "--algorithm", "dpo"], ["kl", "no regularisers"]),
        (["--warmup-ratio", "2"], ["warmup_ratio is 2"]),
        (["--mini-batch-size", "3"], ["mini_batch_size is 3", "4"]),
        (["--lr", "fast"], ["optimizer.lr is 'fast'"]),
        (["--reward-weights", "1,2"], ["--reward-weights", "reward.weights", "Exact"]),
    ],
)
def test_a_spelling_that_fits_nothing_in_this_run_says_so(words, told):
    with pytest.raises(UsageError) as refused:
        small(*words)
    for piece in told:
        assert piece in str(refused.value)


ANSWERED = sorted(word for word, means in SPELLINGS.items() if isinstance(means, Answer))


@pytest.mark.parametrize("spelling", ANSWERED)
def test_what_has_no_counterpart_is_answered(spelling):
    with pytest.raises(UsageError) as refused:
        small(f"--{spelling.replace('_', '-')}", "1")
    said = str(refused.value)
    assert said.startswith(f"--{spelling.replace('_', '-')}: ")
    assert "\n" not in said
    assert len(said) < 160


@pytest.mark.parametrize(
    ("spelling", "remedy"),
    [
        ("micro-batch", "--engine.budget"),
        ("ppo-epochs", "--minibatches"),
        ("loss-type", "--algorithm"),
        ("resume-from-checkpoint", "whet resume"),
        ("per-device-train-batch-size", "--group-size"),
        ("output-dir", "--runs"),
        ("bf16", "--model.dtype"),
        ("report-to", "whet report"),
    ],
)
def test_answers_name_the_remedy(spelling, remedy):
    with pytest.raises(UsageError, match=remedy):
        small(f"--{spelling}")


def test_answers_name_flags_that_exist():
    """A flag in an answer is a path of a run, a spelling, or the command's own."""
    run = configured("rlvr", [*RLVR, "--lora"], "plan").run
    known = {path for path, _, _ in paths(run)} | set(SPELLINGS) | {"algorithm", "name", "runs"}
    for spelling in ANSWERED:
        said = SPELLINGS[spelling].says.replace(",", " ").replace(";", " ").split()
        for word in said:
            if word.startswith("--"):
                assert word[2:].replace("-", "_") in known, (spelling, word)


def test_every_spelling_leads_to_a_path():
    run = configured("rlvr", [*RLVR, "--lora"], "plan").run
    known = {path for path, _, _ in paths(run)} | {"optimizer.betas.0", "optimizer.betas.1"}
    besides = {"", "reward.weights"}
    for word, means in SPELLINGS.items():
        if isinstance(means, Means):
            assert means.path in known | besides, word
            assert means.also in known | besides, word
        assert isinstance(means, Means | Changes | Answer)
    for usual in USUAL:
        assert usual.where in known | besides | {"name"}, usual.flag


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--lr=1e-6", "--learning-rate=1e-5"], "optimizer.lr"),
        (["--optimizer.lr=1e-6", "--lr=1e-5"], "optimizer.lr"),
        (["--clip=0.1", "--clip-range=0.2"], "objective.clipping.low"),
        (["--steps=5", "--epochs=2"], "steps"),
        (["--mini-batch-size=2", "--minibatches=4"], "minibatches"),
        (["--warmup-ratio=0.5", "--warmup-steps=1"], "optimizer.decay.warmup"),
        (["--eval-data=lock", "--eval-corpus.split=dev"], "eval_corpus"),
        (["--kl=0.1", "--beta=0.2"], "kl"),
    ],
)
def test_two_flags_that_disagree_on_a_field_are_refused(words, field):
    with pytest.raises(UsageError, match=f"both set {field}"):
        small(*words)


def test_two_flags_that_agree_are_one_and_the_narrower_flag_wins_in_any_order():
    assert small("--lr=1e-5", "--learning-rate=1e-5").optimizer.lr == 1e-5
    for words in (["--clip=0.3", "--clip-low=0.1"], ["--clip-low=0.1", "--clip=0.3"]):
        clipping = small(*words).objective.clipping
        assert (clipping.low, clipping.high) == (0.1, 0.3)


def test_a_kl_in_the_reward_and_one_in_the_loss_are_set_together():
    both = ["--algorithm=reinforce_pp", "--objective.regularisers=k3"]
    both += ["--objective.regularisers.0.beta=0.1"]
    off = small(*both, "--kl=0").objective
    assert (off.advantage.inner.beta, off.regularisers) == (0, ())
    more = small(*both, "--kl=0.3").objective
    assert (more.advantage.inner.beta, more.regularisers) == (0.3, (K3(beta=0.3),))


def test_the_entropy_of_some_tokens_is_replaced_too():
    some = Within(of=Correct(), price=EntropyBonus(beta=0.1))
    run = small()
    run = replace(run, objective=replace(run.objective, regularisers=(some,)))
    assert CHANGES["entropy"](run, "0").objective.regularisers == ()


@pytest.mark.parametrize("flag", ["--kl", "--entropy"])
def test_an_endless_price_is_refused(flag):
    with pytest.raises(UsageError, match=f"{flag[2:]} is inf"):
        small(flag, "inf")
