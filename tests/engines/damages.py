"""What can befall a model folder, as a table: each damage, and the names that a refusal says."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import load_file, save_file

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
GENERATION = "generation_config.json"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
ROLES = {
    "llama": {
        "embedding": "model.embed_tokens.weight",
        "head": "lm_head.weight",
        "query": "model.layers.0.self_attn.q_proj.weight",
        "key": "model.layers.1.self_attn.k_proj.weight",
        "value": "model.layers.0.self_attn.v_proj.weight",
        "output": "model.layers.1.self_attn.o_proj.weight",
        "mlp": "model.layers.0.mlp.up_proj.weight",
        "norm": "model.layers.1.input_layernorm.weight",
    },
    "gpt_neox": {
        "embedding": "gpt_neox.embed_in.weight",
        "head": "lm_head.weight",
        "query": "gpt_neox.layers.0.attention.query_key_value.weight",
        "key": "gpt_neox.layers.1.attention.query_key_value.bias",
        "value": "gpt_neox.layers.1.attention.query_key_value.weight",
        "output": "gpt_neox.layers.1.attention.dense.weight",
        "mlp": "gpt_neox.layers.0.mlp.dense_h_to_4h.weight",
        "norm": "gpt_neox.layers.1.input_layernorm.bias",
    },
}
ROLES["qwen3"] = ROLES["llama"] | {"norm": "model.layers.1.self_attn.q_norm.weight"}
OLD_HEAD = "embed_out.weight"  # the name of GPT-NeoX's lm_head.weight in files
Change = Callable[[Any, dict[str, str]], Any]


@dataclass(frozen=True)
class Damage:
    """A change of a folder, and what a refusal names; no names: the folder is still right."""

    change: Change
    names: tuple[str, ...] = ()  # roles of tensors, or literal text
    values: bool = False  # only a reader of the values can know
    resumes: bool = True  # whether a checkpoint in this form, still right, may go on


def weights(alter) -> Change:
    def change(folder, roles):
        held = dict(load_file(folder / WEIGHTS))
        save_file(alter(held, roles), folder / WEIGHTS, metadata={"format": "pt"})

    return change


def one(role, alter) -> Change:
    """Alter one tensor."""

    def change(tensors, roles):
        name = _stored(role, tensors, roles)
        return tensors | {name: alter(tensors[name]).contiguous()}

    return weights(change)


def cast(dtype, role="") -> Change:
    """All tensors, or one, in another dtype."""
    if role:
        return one(role, lambda tensor: tensor.to(dtype))
    return weights(lambda tensors, _: {k: v.to(dtype) for k, v in tensors.items()})


def _stored(role, tensors, roles):
    return roles[role] if roles[role] in tensors else OLD_HEAD


def missing(role) -> Damage:
    def drop(tensors, roles):
        return {k: v for k, v in tensors.items() if k != _stored(role, tensors, roles)}

    return Damage(weights(drop), ("lack", role))


def prefixed(prefix) -> Damage:
    return Damage(weights(lambda t, _: {prefix + k: v for k, v in t.items()}), (repr(prefix),))


def spoiled(number, role) -> Damage:
    def alter(tensor):
        held = tensor.clone()
        held.view(-1)[-1] = number
        return held

    return Damage(one(role, alter), (role,), values=True)


def config(**fields) -> Change:
    def change(folder, _):
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))

    return change


def layers(count) -> Change:
    return config(num_hidden_layers=count, layer_types=None)


def write(name, content) -> Change:
    def change(folder, _):
        held = content if isinstance(content, bytes) else json.dumps(content).encode()
        (folder / name).write_bytes(held)

    return change


def file(alter, name=WEIGHTS) -> Change:
    return lambda folder, _: (folder / name).write_bytes(alter((folder / name).read_bytes()))


def sharded(alter=lambda first, second, index, roles: None) -> Change:
    """Two shards and their index; `alter` changes them in place."""

    def change(folder, roles):
        held = load_file(folder / WEIGHTS)
        names = sorted(held)
        shards = [{k: held[k] for k in names[i::2]} for i in (0, 1)]
        index = {k: SHARDS[i] for i in (0, 1) for k in shards[i]}
        alter(*shards, index, roles)
        (folder / WEIGHTS).unlink()
        for tensors, name in zip(shards, SHARDS, strict=True):
            save_file(tensors, folder / name, metadata={"format": "pt"})
        (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": index}))

    return change


def pickled(alter=lambda held, roles: held) -> Change:
    def change(folder, roles):
        torch.save(alter(load_file(folder / WEIGHTS), roles), folder / "pytorch_model.bin")
        (folder / WEIGHTS).unlink()

    return change


def both(first: Change, second: Change) -> Change:
    return lambda folder, roles: (first(folder, roles), second(folder, roles))


def twice(first, second, index, roles):
    """A tensor of one shard in the other one, too, with other values."""
    home, away = (first, second) if roles["query"] in first else (second, first)
    away[roles["query"]] = 2 * home[roles["query"]]


def swapped(first, second, index, roles):
    index[roles["mlp"]] = SHARDS[index[roles["mlp"]] == SHARDS[0]]


def unindexed(first, second, index, roles):
    del index[roles["mlp"]]


def overindexed(first, second, index, roles):
    index["model.ghost.weight"] = SHARDS[0]


def kept_beside(folder, roles):
    """Shards beside the file that they were made of."""
    shutil.copy(folder / WEIGHTS, folder / "kept")
    sharded()(folder, roles)
    (folder / "kept").rename(folder / WEIGHTS)


def unmerged(tensors, roles):
    """As peft names the weights below an adapter."""
    name = roles["query"]
    tensors[name.replace(".weight", ".base_layer.weight")] = tensors.pop(name)
    return tensors


def elsewhere(folder, roles):
    """A field of the config that sends the library to another file."""
    shutil.copy(folder / WEIGHTS, folder / "other.safetensors")
    one("query", torch.zeros_like)(folder, roles)
    (folder / "other.safetensors").rename(folder / "kept")
    (folder / WEIGHTS).rename(folder / "other.safetensors")
    (folder / "kept").rename(folder / WEIGHTS)
    config(transformers_weights="other.safetensors")(folder, roles)


def vocabulary(folder, _):
    held = json.loads((folder / "tokenizer.json").read_text())
    held["model"]["vocab"]["<one more>"] = len(held["model"]["vocab"])
    (folder / "tokenizer.json").write_text(json.dumps(held))


ADAPTER = {"peft_type": "LORA", "base_model_name_or_path": "some/base", "r": 1}
FP8 = (torch.float8_e4m3fn, torch.float8_e5m2)
DAMAGES: dict[str, Damage] = {
    **{f"{role} missing": missing(role) for role in ROLES["llama"]},
    "layer missing": Damage(
        weights(lambda t, _: {k: v for k, v in t.items() if ".layers.1." not in k}), ("lack", ".1.")
    ),
    "no tensors": Damage(weights(lambda t, _: {}), ("lack", "embedding")),
    "query renamed": Damage(
        weights(lambda t, r: {k.replace(r["query"], "x.query"): v for k, v in t.items()}),
        ("query", "x.query"),
    ),
    **{f"names of {p}": prefixed(p) for p in ("module.", "_orig_mod.", "base_model.model.")},
    "adapter not merged": Damage(weights(unmerged), ("query", "merge_and_unload")),
    # shapes
    "query cut": Damage(one("query", lambda t: t[::2]), ("query",)),
    "mlp transposed": Damage(one("mlp", lambda t: t.T), ("mlp",)),
    "head of more rows": Damage(one("head", lambda t: torch.cat([t, t])), ("head",)),
    "query empty": Damage(one("query", lambda t: t[:0]), ("query",)),
    "norm a number": Damage(one("norm", lambda t: t[0]), ("norm",)),
    # dtypes: the values of the test's weights are the same in all four floating-point ones
    "float16": Damage(cast(torch.float16), resumes=False),
    "bfloat16": Damage(cast(torch.bfloat16), resumes=False),
    "float64": Damage(cast(torch.float64)),
    "query in bfloat16": Damage(cast(torch.bfloat16, "query")),
    "query in int8": Damage(cast(torch.int8, "query"), ("query", "int8")),
    "all in int8": Damage(cast(torch.int8), ("int8",)),
    "mlp in uint8": Damage(cast(torch.uint8, "mlp"), ("mlp", "uint8")),
    "norm in bool": Damage(cast(torch.bool, "norm"), ("norm", "bool")),
    "head in int64": Damage(cast(torch.int64, "head"), ("head", "int64")),
    "query in fp8": Damage(cast(FP8[0], "query"), ("query", "F8_E4M3")),
    "all in fp8": Damage(cast(FP8[1]), ("F8_E5M2",)),
    "head complex": Damage(cast(torch.complex64, "head"), ("head", "C64")),
    # files
    "file truncated": Damage(file(lambda held: held[: len(held) // 2]), (WEIGHTS,)),
    "file of size 0": Damage(file(lambda held: b""), (WEIGHTS,)),
    "file of zeros": Damage(file(lambda held: bytes(len(held))), (WEIGHTS,)),
    "file too long": Damage(file(lambda held: held + b"x"), (WEIGHTS,)),
    "half a shard": Damage(
        both(sharded(), file(lambda held: held[: len(held) // 2], SHARDS[1])), (SHARDS[1],)
    ),
    "a shard missing": Damage(
        both(sharded(), lambda folder, _: (folder / SHARDS[0]).unlink()), (SHARDS[0],)
    ),
    "index of an absent tensor": Damage(sharded(overindexed), ("model.ghost.weight",)),
    "index of the wrong shard": Damage(sharded(swapped), ("mlp", *SHARDS)),
    "index without a tensor": Damage(sharded(unindexed), ("mlp",)),
    "tensor in two shards": Damage(sharded(twice), ("query", *SHARDS)),
    "shards beside a file": Damage(kept_beside, (WEIGHTS, INDEX)),
    "rank's file of a parallel save": Damage(
        lambda f, _: shutil.copy(f / WEIGHTS, f / "shard-00001-model-00001-of-00001.safetensors"),
        ("shard-00001-model-00001-of-00001.safetensors",),
    ),
    "pickled list": Damage(pickled(lambda t, _: list(t.values())), ("pytorch_model.bin",)),
    "pickled inside": Damage(pickled(lambda t, _: {"model": t}), ("'model'", "pytorch_model.bin")),
    "pickled int8": Damage(
        pickled(lambda t, r: t | {r["query"]: t[r["query"]].char()}), ("query", "int8")
    ),
    # more than there should be
    "tensor besides": Damage(weights(lambda t, _: t | {"score.x": torch.ones(2)}), ("score.x",)),
    "adapter beside": Damage(write("adapter_config.json", ADAPTER), ("adapter_config.json",)),
    # values
    "NaN in query": spoiled(float("nan"), "query"),
    "infinity in norm": spoiled(float("-inf"), "norm"),
    "NaN in a row that no text reads": spoiled(float("nan"), "embedding"),
    "too large for float32": Damage(
        both(cast(torch.float64), one("mlp", lambda t: t + 1e300)), ("mlp",), values=True
    ),
    # the config
    "config of more layers": Damage(
        config(num_hidden_layers=3, layer_types=None), ("lack", "layers.2")
    ),
    "config of fewer layers": Damage(
        config(num_hidden_layers=1, layer_types=None), ("have besides", "layers.1")
    ),
    "config of another width": Damage(config(hidden_size=32), ("embedding",)),
    "config of another MLP": Damage(config(intermediate_size=20), ("mlp",)),
    "config of more words": Damage(config(vocab_size=20), ("head",)),
    "config ties what differs": Damage(
        config(tie_word_embeddings=True), ("head", "tie_word_embeddings")
    ),
    "config of another file": Damage(elsewhere, ("other.safetensors",)),
    "config of another type": Damage(config(model_type="olmo2"), ("lack",)),
    # beside the weights
    "more words than rows": Damage(vocabulary, ("ids up to",)),
    "end token outside": Damage(
        write("generation_config.json", {"eos_token_id": [1, 99]}), ("99",)
    ),
    "end token of text": Damage(write("generation_config.json", {"eos_token_id": "x"}), ("'x'",)),
    # sound forms
    "as it was": Damage(lambda folder, _: None),
    "in shards": Damage(sharded()),
    "pickled": Damage(pickled()),
    "pickled beside": Damage(
        lambda folder, _: torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    ),
    "norms of the body alone": Damage(
        weights(
            lambda t, r: {
                k.removeprefix("model.").removeprefix("gpt_neox."): v for k, v in t.items()
            }
        )
    ),
}
