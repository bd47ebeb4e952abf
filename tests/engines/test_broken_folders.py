"""Model folders as broken downloads and half-finished saves leave them: one line for each."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from whet.engines import loading
from whet.engines.digest import digest
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.types import UsageError

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "good"
    model, tokenizer = FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer()).load("cpu")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write(name, text):
    return lambda folder: (folder / name).write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )


def rename(name, other):
    def change(folder):
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / name).rename(folder / other)

    return change


def remove(*names):
    return lambda folder: [(folder / name).unlink() for name in names]


def each(*changes):
    return lambda folder: [change(folder) for change in changes]


def edit(name, **fields):
    def change(folder):
        held = json.loads((folder / name).read_text()) | fields
        kept = {key: value for key, value in held.items() if value is not ...}
        (folder / name).write_text(json.dumps(kept))

    return change


def config(**fields):
    return edit("config.json", **fields)


def weights(alter):
    def change(folder):
        held = dict(load_file(folder / WEIGHTS))
        save_file(alter(held), folder / WEIGHTS, metadata={"format": "pt"})

    return change


def without(part):
    return weights(lambda held: {name: t for name, t in held.items() if part not in name})


def cut(name, keep):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:keep])


def only(*names):
    """Nothing but these files, empty."""

    def change(folder):
        shutil.rmtree(folder)
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("{}")

    return change


def indexed(**shards):
    return each(remove(WEIGHTS), write(INDEX, json.dumps({"weight_map": shards})))


def vocabulary(folder):
    held = json.loads((folder / "tokenizer.json").read_text())
    held["model"]["vocab"]["<one more>"] = len(held["model"]["vocab"])
    (folder / "tokenizer.json").write_text(json.dumps(held))


ADAPTER = '{"peft_type": "LORA", "base_model_name_or_path": "some/base"}'
BROKEN = {
    # the config
    "config missing": (remove("config.json"), "has no config.json"),
    "config broken": (write("config.json", '{"a": '), "config.json"),
    "config empty": (write("config.json", ""), "config.json"),
    "config a list": (write("config.json", "[1]"), "config.json"),
    "config of nothing": (write("config.json", "{}"), "config.json"),
    "config in UTF-16": (write("config.json", "{}".encode("utf-16")), "config.json"),
    "config a folder": (
        each(remove("config.json"), lambda f: (f / "config.json").mkdir()),
        "can't be read",
    ),
    "type unknown": (config(model_type="nonsense"), "'?nonsense"),
    "type missing": (config(model_type=...), "model_type"),
    "size missing": (config(hidden_size=...), "config.json can't be used"),
    "size as text": (config(hidden_size="96"), "hidden_size"),
    "size negative": (config(hidden_size=-3), "config.json can't be used"),
    "no heads": (config(num_attention_heads=0), "config.json can't be used"),
    "rope unknown": (config(rope_parameters={"rope_type": "bogus"}), "bogus"),
    "dtype unknown": (config(dtype="nonsense"), "nonsense"),
    "code of its own": (
        config(model_type="own", auto_map={"AutoConfig": "own.Config"}),
        "config.json can't be used",
    ),
    # what is no causal language model with weights to train
    "encoder": (config(model_type="bert"), "'bert', an encoder"),
    "encoder and decoder": (config(model_type="t5"), "'t5', which is no causal language model"),
    "eyes": (config(model_type="vit"), "'vit', which is no causal language model"),
    "quantised": (config(quantization_config={"quant_method": "gptq", "bits": 4}), "quantised"),
    # the weights
    "weights missing": (remove(WEIGHTS), "no weights"),
    "weights cut": (cut(WEIGHTS, 5000), WEIGHTS),
    "weights cut in their header": (cut(WEIGHTS, 20), WEIGHTS),
    "weights empty": (write(WEIGHTS, ""), WEIGHTS),
    "weights garbage": (write(WEIGHTS, b"garbage!" * 40), WEIGHTS),
    "weights a pointer": (write(WEIGHTS, LFS), "git lfs pull"),
    "weights of another name": (rename(WEIGHTS, "weights.safetensors"), "weights.safetensors"),
    "weights only GGUF": (rename(WEIGHTS, "model-q4.gguf"), "model-q4.gguf"),
    "a shard without index": (rename(WEIGHTS, "model-00001-of-00002.safetensors"), "no index"),
    "shards that are absent": (indexed(a="model-00001-of-00002.safetensors"), "model-00001"),
    "index broken": (each(remove(WEIGHTS), write(INDEX, "{")), INDEX),
    "index of nothing": (each(remove(WEIGHTS), write(INDEX, "{}")), "weight_map"),
    "bin garbage": (each(remove(WEIGHTS), write("pytorch_model.bin", b"x")), "weights can't be"),
    "a tensor missing": (without("lm_head"), "lack lm_head.weight"),
    "many missing": (without("_proj"), "and 11 more"),
    "a layer missing": (config(num_hidden_layers=3), "lack model.layers.2"),
    "a layer too many": (config(num_hidden_layers=1), "have besides model.layers.1"),
    "a tensor besides": (weights(lambda t: {**t, "score.weight": torch.zeros(3)}), "score.weight"),
    "another shape": (
        weights(lambda t: {**t, "lm_head.weight": t["lm_head.weight"][:, :5].contiguous()}),
        r"lm_head.weight \[52, 5\] for \[52, 96\]",
    ),
    "another width": (config(hidden_size=48), "another shape in"),
    "other names": (weights(lambda t: {f"x.{n}": v for n, v in t.items()}), "lack .* x.lm_head"),
    # the tokenizer
    "tokenizer missing": (remove("tokenizer.json"), "has no tokenizer"),
    "tokenizer broken": (write("tokenizer.json", "{"), "tokenizer can't be loaded"),
    "tokenizer empty": (write("tokenizer.json", ""), "tokenizer can't be loaded"),
    "tokenizer of nothing": (write("tokenizer.json", "{}"), "tokenizer can't be loaded"),
    "tokenizer a list": (write("tokenizer.json", "[]"), "tokenizer can't be loaded"),
    "tokenizer of a kind unknown": (
        edit("tokenizer.json", model={"type": "Nope"}),
        "tokenizer can't be loaded",
    ),
    "sentencepiece garbage": (rename("tokenizer.json", "tokenizer.model"), "tokenizer can't"),
    "tokenizer's config broken": (write("tokenizer_config.json", "{"), "tokenizer_config.json"),
    "tokenizer's config a list": (write("tokenizer_config.json", "[]"), "tokenizer_config.json"),
    "special tokens broken": (write("special_tokens_map.json", "{"), "special_tokens_map.json"),
    "end token a number": (edit("tokenizer_config.json", eos_token=5), "eos_token"),
    "more words than rows": (vocabulary, r"ids up to 52, but the embedding has 52 rows"),
    "a new end token": (edit("tokenizer_config.json", eos_token="<new>"), "ids up to 52"),
    "generation config broken": (write("generation_config.json", "{"), "generation_config.json"),
    "generation config a list": (write("generation_config.json", "[]"), "generation_config.json"),
    # other folders
    "empty": (each(only("x"), remove("x")), "empty folder"),
    "adapter": (
        each(only("tokenizer.json"), write("adapter_config.json", ADAPTER)),
        "is an adapter of some/base",
    ),
    "adapter beside its base": (write("adapter_config.json", ADAPTER), "adapter beside a model"),
    "adapter broken": (each(only("a"), write("adapter_config.json", "{")), "adapter_config.json"),
    "only GGUF": (only("model-q4.gguf"), "GGUF"),
    "Meta's format": (only("params.json", "consolidated.00.pth"), "Meta's format"),
    "diffusion": (only("model_index.json"), "diffusion"),
    "sharded checkpoint": (only("__0_0.distcp"), "sharded training checkpoint"),
    "folder of checkpoints": (only("checkpoint-5/config.json"), "checkpoint-5"),
    "folder of a run": (only("run.json", "checkpoints/step-000002/config.json"), "step-000002"),
    "cache of the Hub": (only("snapshots/abc/config.json", "refs/main"), "snapshots/abc"),
    "only a note": (only("README.md"), "has no config.json"),
}


@pytest.mark.parametrize("state", BROKEN)
def test_a_broken_folder_is_refused_in_one_line(state, good, tmp_path, capfd):
    change, told = BROKEN[state]
    folder = tmp_path / "model"
    shutil.copytree(good, folder)
    change(folder)
    with pytest.raises(UsageError, match=told) as caught:
        Folder(path=str(folder)).load_tokenizer()
        Folder(path=str(folder)).load("cpu")
    said = str(caught.value)
    assert said.startswith("model.path ") and "model" in said and "\n" not in said
    assert capfd.readouterr().err.count("\n") == 0


ONLY_WHEN_READ = {"bin garbage"}


@pytest.mark.parametrize("state", sorted(BROKEN.keys() - ONLY_WHEN_READ))
def test_a_plan_sees_it_before_any_weight_is_read(state, good, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(good, folder)
    BROKEN[state][0](folder)
    monkeypatch.setattr(torch.nn.Module, "to", None)  # nothing reaches a device
    with pytest.raises(UsageError, match="model.path"):
        Folder(path=str(folder)).load_tokenizer()
        Folder(path=str(folder)).size()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("Qwen/Qwen3-0.6B", "hf download Qwen/Qwen3-0.6B --local-dir Qwen3-0.6B"),
        ("meta-llama/Llama-3.2-1B", "downloads nothing"),
        ("modle", r"does not exist; .*did you mean 'model'"),
        ("runs/none/checkpoints", "does not exist"),
        ("/nowhere/at/all", "does not exist"),
        ("", "give a folder"),
        ("note.txt", "is a file"),
        ("model/model.safetensors", "is a file"),
        ("model-q4.gguf", "GGUF"),
    ],
)
def test_what_is_no_folder_is_answered_with_what_to_give(path, told, good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(good, "model")
    Path("note.txt").write_text("x")
    Path("model-q4.gguf").write_text("x")
    with pytest.raises(UsageError, match=told) as caught:
        Folder(path=path).load("cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_folder_that_may_not_be_read_is_refused(good, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(good, folder)
    folder.chmod(0o300)
    with pytest.raises(UsageError, match="can't be read"):
        Folder(path=str(folder)).size()


def test_weights_that_run_code_are_refused_and_run_none(good, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    folder = tmp_path / "model"
    shutil.copytree(good, folder)
    (folder / WEIGHTS).unlink()
    torch.save({"lm_head.weight": Evil()}, folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match="weights can't be loaded"):
        Folder(path=str(folder)).load("cpu")
    assert not (tmp_path / "ran").exists()


def test_other_sound_layouts_still_load(good, tmp_path):
    """A pickled state dict, shards with their index, and a head tied to the embedding."""
    held = load_file(good / WEIGHTS)
    pickled, sharded, tied = (tmp_path / name for name in ("pickled", "sharded", "tied"))
    for folder in (pickled, sharded, tied):
        shutil.copytree(good, folder)
    (pickled / WEIGHTS).unlink()
    torch.save(held, pickled / "pytorch_model.bin")
    (sharded / WEIGHTS).unlink()
    model, _ = Folder(path=str(good)).load("cpu")
    model.save_pretrained(sharded, max_shard_size="200KB")
    assert len([*sharded.glob("*-of-*.safetensors")]) > 1
    config(tie_word_embeddings=True)(tied)
    without("lm_head")(tied)
    for folder in (pickled, sharded):
        again, _ = Folder(path=str(folder)).load("cpu")
        assert all(torch.equal(t, held[name]) for name, t in again.state_dict().items())
        assert Folder(path=str(folder)).size() == Folder(path=str(good)).size()
    one, _ = Folder(path=str(tied)).load("cpu")
    assert one.get_output_embeddings().weight is one.get_input_embeddings().weight
    assert Folder(path=str(tied)).size().parameters == sum(p.numel() for p in one.parameters())


LEFTOVERS = {
    "llama": {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8)},
    "gpt_neox": {
        "gpt_neox.layers.0.attention.masked_bias": torch.ones(1),
        "gpt_neox.layers.0.attention.bias": torch.ones(1, 1, 8, 8),
        "gpt_neox.layers.0.attention.rotary_emb.inv_freq": torch.ones(8),
    },
}


@pytest.mark.parametrize("shape", ["llama-tiny", "neox-tiny"])
def test_buffers_that_older_versions_saved_are_no_weights(shape, tmp_path):
    model, tokenizer = FromScratch(shape=shape, tokenizer=CharacterTokenizer()).load("cpu")
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    weights(lambda held: held | LEFTOVERS[model.config.model_type])(tmp_path)
    again, _ = Folder(path=str(tmp_path)).load("cpu")
    assert digest(again.state_dict()) == digest(model.state_dict())


def test_a_head_that_is_saved_though_it_is_tied_is_no_odd_weight(good, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(good, folder)
    config(tie_word_embeddings=True)(folder)
    weights(lambda t: t | {"lm_head.weight": t["model.embed_tokens.weight"].clone()})(folder)
    model, _ = Folder(path=str(folder)).load("cpu")
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_the_renderer_needs_no_weights_and_ends_where_the_model_does(good, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(good, folder)
    edit("generation_config.json", eos_token_id=[1, 7])(folder)
    engine, model = Embedded(device="cpu"), Folder(path=str(folder))
    whole = asyncio.run(engine.player(model, 0)).renderer
    monkeypatch.setattr(loading, "weights_of", None)
    light = asyncio.run(engine.renderer(model))
    assert light.ends == whole.ends == {1, 7}
    assert light.opening("1+2=") == whole.opening("1+2=")
