"""Sound folders of other tools and of older versions: each loads with exactly its weights."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close
from transformers import AutoConfig, AutoModelForCausalLM

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.engines.tokenizers import CharacterTokenizer
from whet.types import UsageError
from whet.types.optimizers import AdamW

TOKENIZER = CharacterTokenizer(alphabet="0123456789=").build()
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
ROTATION = "model.layers.0.self_attn.rotary_emb.inv_freq"
MASK = torch.ones(1, 1, 32, 32)
SIZES: dict[str, dict[str, Any]] = {
    "llama": {
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 32,
    },
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32},
}
SIZES["youtu"] = SIZES["llama"] | {
    "q_lora_rank": 8,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 4,
    "qk_rope_head_dim": 4,
    "v_head_dim": 4,
}


def model_of(kind, **settings) -> Any:
    ends = {"vocab_size": len(TOKENIZER), "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1}
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **(SIZES[kind] | ends | settings))
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn(p.shape))
    return model


def altered(alter):
    def change(folder: Path) -> None:
        held = alter(load_file(folder / WEIGHTS))
        save_file({name: t.clone() for name, t in held.items()}, folder / WEIGHTS)

    return change


def with_fields(name, **fields):
    def change(folder: Path) -> None:
        held = json.loads((folder / name).read_text()) | fields
        (folder / name).write_text(json.dumps(held))

    return change


def sharded(listed=(), besides=()):
    """One shard; names `listed` are in the index alone, and `besides` in the shard alone."""

    def change(folder: Path) -> None:
        shard, held = "model-00001-of-00001.safetensors", load_file(folder / WEIGHTS)
        index = dict.fromkeys([*held, *listed], shard)
        save_file(held | {name: torch.ones(2) for name in besides}, folder / shard)
        (folder / WEIGHTS).unlink()
        (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": index}))

    return change


def indexed_once(folder: Path) -> None:
    names = dict.fromkeys(load_file(folder / WEIGHTS), WEIGHTS)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": names}))


def linked(folder: Path) -> None:
    """As in the cache of the Hub."""
    blobs = folder.parent / "blobs"
    blobs.mkdir()
    for path in list(folder.iterdir()):
        shutil.move(path, blobs / path.name)
        path.symlink_to(blobs / path.name)


def of_gpt2(masks, prefix="transformer."):
    def alter(held):
        own = {prefix + name.removeprefix("transformer."): t for name, t in held.items()}
        names = [f"{prefix}h.{layer}.attn" for layer in (0, 1)]
        return own | {f"{name}.{mask}": t for name in names for mask, t in masks.items()}

    return altered(alter)


TIED = {"tie_word_embeddings": True}
LAYOUTS = {
    "tied, the head alone": (
        ("llama", TIED),
        altered(lambda t: {HEAD if name == EMBEDDING else name: v for name, v in t.items()}),
    ),
    "index of a tied head": (("llama", TIED), sharded(listed=[HEAD])),
    "index of a rotation": (("llama", {}), sharded(listed=[ROTATION])),
    "rotation not in the index": (("llama", {}), sharded(besides=[ROTATION])),
    "index of a single file": (("llama", {}), indexed_once),
    "cosines of rotations": (
        ("llama", {}),
        altered(lambda t: t | {ROTATION.replace("inv_freq", "cos_cached"): torch.ones(2, 2)}),
    ),
    "GPT-2 of the Hub": (("gpt2", {}), of_gpt2({"bias": MASK}, prefix="")),
    "GPT-2 of version 4": (
        ("gpt2", {}),
        of_gpt2({"bias": MASK.bool(), "masked_bias": torch.tensor(-1e4)}),
    ),
    "flash attention": (
        ("llama", {}),
        with_fields("config.json", _attn_implementation="flash_attention_2"),
    ),
    "tuples": (
        ("llama", {}),
        with_fields("config.json", return_dict=False, output_hidden_states=True),
    ),
    "decoding of Llama 2": (
        ("llama", {}),
        with_fields("generation_config.json", do_sample=False, temperature=0.9, top_p=0.6),
    ),
    "another class": (
        ("llama", {}),
        with_fields("config.json", architectures=["OtherForCausalLM"]),
    ),
    "links": (("llama", {}), linked),
    "padding of -1": (("llama", {}), with_fields("config.json", pad_token_id=-1)),
}


def folder_of(name, tmp_path):
    (kind, settings), change = LAYOUTS[name]
    folder, model = tmp_path / "model", model_of(kind, **settings)
    model.save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    change(folder)
    return folder, model


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_sound_folder_is_planned_loaded_saved_and_resumed_exactly(name, tmp_path):
    folder, model = folder_of(name, tmp_path)
    ids = torch.arange(2, 10)[None]
    due, source = model(ids).logits, Folder(path=str(folder))
    assert source.size().parameters == sum(p.numel() for p in model.parameters())
    loaded, _ = source.load("cpu")
    assert_close(loaded(ids).logits, due, atol=1e-6, rtol=1e-6)
    for key, weight in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], weight), key
    _, learner = asyncio.run(Embedded(device="cpu").open(source, 0))
    learner.reset_optimizer(AdamW())
    saved = tmp_path / "saved"
    asyncio.run(learner.save(saved))
    asyncio.run(learner.load(saved))
    again, _ = Folder.as_saved(saved).load("cpu")
    assert_close(again(ids).logits, due, atol=1e-6, rtol=1e-6)


def test_an_index_of_a_tensor_that_is_due_and_absent_is_refused(tmp_path):
    model_of("llama", tie_word_embeddings=False).save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    altered(lambda t: {name: v for name, v in t.items() if name != HEAD})(tmp_path)
    sharded(listed=[HEAD])(tmp_path)
    with pytest.raises(UsageError, match="lack lm_head.weight"):
        Folder(path=str(tmp_path)).size()


def test_an_architecture_that_changes_weights_when_it_reads_them_is_refused(tmp_path):
    """The library sets the row of the padding token of this one to 0."""
    model_of("youtu").save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    held = load_file(tmp_path / WEIGHTS)[EMBEDDING]
    raw: Any = AutoModelForCausalLM.from_pretrained(tmp_path).get_input_embeddings().weight
    assert held[0].abs().min() > 0 and raw[0].abs().max() == 0, "or it is mended by now"
    with pytest.raises(UsageError, match=f"changes {EMBEDDING} of a 'youtu' model"):
        Folder(path=str(tmp_path)).load("cpu")


def test_a_padding_token_outside_of_the_vocabulary_is_refused_in_one_line(tmp_path):
    model_of("llama").save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    with_fields("config.json", pad_token_id=99)(tmp_path)
    with pytest.raises(UsageError, match="Padding_idx"):
        Folder(path=str(tmp_path)).size()
