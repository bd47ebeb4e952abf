"""Ranks on gloo: the laws of `whet.engines.fsdp.check`, and what they say of wrong engines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mutated import MUTANTS

from whet.engines.fsdp.laws import LAWS
from whet.engines.fsdp.state_laws import STATE_LAWS
from whet.engines.random_models import RandomModel

HERE = Path(__file__).parent
CHECK = ("-m", "whet.engines.fsdp.check")
TRIED = (*LAWS, *STATE_LAWS)
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "tie_word_embeddings": False,
}
MODELS = {
    "llama": SIZES,
    "qwen3": SIZES | {"head_dim": 8, "tie_word_embeddings": True},
    "gpt_neox": {k: v for k, v in SIZES.items() if k != "num_key_value_heads"},
    "qwen3_moe": SIZES | {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16},
}
FIGURES = {  # of spec/scale.md 5.1, but 8e-7 for weights; here it is the worst of all tensors
    "log-probs": 5e-7,
    "gradient": 2.6e-6,
    "weights after 3 steps": 3e-6,
    "loss": 6e-6,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder for each model."""
    place = tmp_path_factory.mktemp("models")
    for name, settings in MODELS.items():
        RandomModel(model_type=name, settings=settings).save(place / name)
    return place


def launched(count, *arguments, seconds=240):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(count), *map(str, arguments)]
    here = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=False, env=here
    )


def lines(done):
    """The states of laws by model and law."""
    found = [line.split() for line in done.stdout.splitlines()]
    return {(one[0], one[1]): one[2] for one in found if one[2:3] in (["passed"], ["FAILED"])}


@pytest.mark.full
def test_two_ranks_obey_the_laws_within_the_figures_of_the_specification(models):
    """On a model whose head is its embedding; others are in `make test-full`."""
    done = launched(2, *CHECK, models / "qwen3", "--laws", ",".join(TRIED))
    assert done.returncode == 0, done.stdout + done.stderr
    assert lines(done) == {("qwen3", law): "passed" for law in TRIED}
    for what, most in FIGURES.items():
        told = [float(x) for x in re.findall(rf"{what} (\d\.\de[-+]\d\d)", done.stdout)]
        assert told, what
        assert max(told) <= most, what
    assert re.search(r"[1-9]\d* ghosts", done.stdout)


@pytest.mark.full
@pytest.mark.parametrize("name", MODELS)
def test_three_ranks_obey_all_laws(models, name):
    done = launched(3, *CHECK, models / name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.full
@pytest.mark.parametrize("name", ["llama", "qwen3"])
def test_two_ranks_obey_all_laws(models, name):
    done = launched(2, *CHECK, models / name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.full
def test_two_ranks_obey_the_laws_of_engines(models, tmp_path):
    done = launched(2, HERE / "examined.py", models / "llama", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.full
@pytest.mark.parametrize(("mutant", "law"), [(m.__name__, law) for m, law in MUTANTS.items()])
def test_a_mistake_breaks_its_law(models, mutant, law):
    """The law fails, or gloo ends a process whose collectives do not fit those of the others."""
    script = HERE / "mutated.py", mutant, models / "llama"
    done = launched(2, *script, "--laws", law, "--seconds", "20")
    assert done.returncode == 1
    told = [line for line in (done.stdout + done.stderr).splitlines() if law in line]
    assert told or "collective mismatch" in done.stderr
    assert all("FAILED" in line for line in told)
