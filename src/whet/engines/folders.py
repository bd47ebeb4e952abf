"""Checks of a model folder, before a library opens it."""

import json
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from whet.types import UsageError

CONFIG, GENERATION = "config.json", "generation_config.json"
INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_SINGLE = ("model.safetensors", "pytorch_model.bin")  # files of a folder without an index
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt")
_ADAPTER = "adapter_config.json"
_SMALL = (CONFIG, GENERATION, "tokenizer_config.json", "special_tokens_map.json", *INDICES)
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_SHOWN = 3  # number of names in a message
_POINTER = b"version https://git-lfs"
_RANK_FILE = re.compile(r"shard-\d{5}-model-\d{5}-of-\d{5}\.safetensors")  # of a parallel save


def checked(path: str) -> Path:
    """The folder of a model, with config, tokenizer and weights that can be opened.

    Raises `UsageError` with what is wrong with the folder, and what to give instead.
    """
    place = Path(path)
    if not path.strip():
        raise UsageError(f"model.path is {path!r}; give a folder of save_pretrained")
    try:
        wrong = _elsewhere(path, place) if not place.is_dir() else _inside(place)
    except OSError as error:
        wrong = f"can't be read ({error.strerror}); check the folder's permissions"
    if wrong:
        raise UsageError(f"model.path {path!r} {wrong}")
    return place


def weight_index(folder: Path) -> dict[str, str]:
    """The file of every tensor, as the index of a sharded folder says; empty without an index."""
    name = _index({p.name for p in folder.iterdir()})
    return {} if name is None else dict(_json(folder / name)["weight_map"])


def weight_files(folder: Path) -> list[str]:
    """The files with the weights of a checked folder: the shards of its index, or the only file."""
    index = weight_index(folder)
    single = [name for name in _SINGLE if (folder / name).is_file()]
    return sorted(set(index.values())) or single[:1]


def named(folder: Path) -> str:
    """The beginning of messages about a folder."""
    return f"model.path {str(folder)!r}"


def listed(names: Iterable[str]) -> str:
    """The first few names, and the number of the others."""
    known = sorted(names)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"{', '.join(known[:_SHOWN])}{more}"


def _elsewhere(path: str, place: Path) -> str:
    """The message for a path that is not a folder."""
    if place.is_file():
        gguf = place.suffix == ".gguf"
        kind = "a GGUF file, with weights for inference only" if gguf else "a file"
        return f"is {kind}; give the folder that save_pretrained wrote, with config and weights"
    if _HUB_NAME.fullmatch(path) and not place.parent.is_dir():
        folder = path.rpartition("/")[2]
        return (
            "is no folder here, and whet downloads nothing; run: "
            f"hf download {path} --local-dir {folder}, then give {folder}"
        )
    beside = [p.name for p in place.parent.iterdir() if p.is_dir()] if place.parent.is_dir() else []
    close = get_close_matches(place.name, beside, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"does not exist; give a folder of save_pretrained{hint}"


def _inside(place: Path) -> str:
    """The problem of a folder with its remedy; empty if none is visible from its files."""
    names = {p.name for p in place.iterdir()}
    if not names:
        return "is an empty folder; give one of save_pretrained"
    if _ADAPTER in names:
        return _adapter(place, names)
    if CONFIG not in names:
        return f"has no {CONFIG}; {_instead(place, names)}"
    if not names.intersection(_TOKENIZERS):
        return "has no tokenizer; save one there with tokenizer.save_pretrained"
    return next(_broken(place, names), "") or _ambiguous(place, names) or _weights(place, names)


def _adapter(place: Path, names: set[str]) -> str:
    merge = "merge it into its base (peft: merge_and_unload, then save_pretrained) and give that"
    if CONFIG in names:
        return f"holds an adapter beside a model ({_ADAPTER}); {merge}, or move the adapter away"
    try:
        held = _json(place / _ADAPTER)
    except ValueError as error:
        return f"is an adapter with a broken {_ADAPTER} ({error}); give a whole model"
    base = held.get("base_model_name_or_path") if isinstance(held, dict) else None
    of = f" of {base}" if isinstance(base, str) and base else ""
    return f"is an adapter{of}, no model ({_ADAPTER}); {merge}"


def _instead(place: Path, names: set[str]) -> str:
    """The message for a folder without a config, with the folder to give instead."""
    within = {p.parent.relative_to(place).as_posix() for p in place.glob(f"*/{CONFIG}")}
    within |= {p.parent.relative_to(place).as_posix() for p in place.glob(f"*/*/{CONFIG}")}
    if any(name.endswith(".gguf") for name in names):
        return "its GGUF files are for inference; give the model's safetensors folder"
    if "params.json" in names:
        return "it is in Meta's format; convert it (transformers: convert_llama_weights_to_hf)"
    if "model_index.json" in names:
        return "it is a diffusion pipeline; give a language model"
    if any(name.endswith((".distcp", ".ckpt")) for name in names) or "latest" in names:
        return "it is a sharded training checkpoint; export it as a Hugging Face folder"
    if within:
        return f"give one of the models inside: {', '.join(sorted(within)[:4])}"
    return "give a folder of save_pretrained"


def _broken(place: Path, names: set[str]) -> Iterator[str]:
    """The problems of small files that should be JSON."""
    for name in (name for name in _SMALL if name in names):
        try:
            held = _json(place / name)
        except ValueError as error:
            yield f"has a broken {name} ({error}); save or download it again"
        else:
            if not isinstance(held, dict):
                yield f"has a {name} that is no JSON object; save or download it again"


def _ambiguous(place: Path, names: set[str]) -> str:
    """The message for a folder with two sets of weights, of which a library would take one."""
    sharded = INDICES[0] in names
    if sharded and _SINGLE[0] in names and not _names_only(place, _SINGLE[0]):
        return f"has two sets of weights, {_SINGLE[0]} and {INDICES[0]}; move one of them away"
    if ranks := [name for name in names if _RANK_FILE.fullmatch(name)]:
        return (
            f"has the files of a parallel save ({listed(ranks)}); export it as a Hugging Face "
            "folder without them"
        )
    usual = INDICES[0] if sharded and _SINGLE[0] not in names else _SINGLE[0]
    given = _json(place / CONFIG).get("transformers_weights")
    if given is not None and given != usual:
        return (
            f"has transformers_weights {given!r} in its {CONFIG}; rename that file to {usual}, and "
            "delete the field"
        )
    return ""


def _names_only(place: Path, file: str) -> bool:
    """Whether the index of a folder has all tensors in one file."""
    shards = _json(place / INDICES[0]).get("weight_map")
    return isinstance(shards, dict) and set(shards.values()) == {file}


def _index(names: set[str]) -> str | None:
    return next((name for name in INDICES if name in names and _SINGLE[0] not in names), None)


def _weights(place: Path, names: set[str]) -> str:
    index = _index(names)
    if index is not None:
        shards = _json(place / index).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            return f"has an {index} without a weight_map; download it again"
        files = sorted(set(map(str, shards.values())))
        if absent := [name for name in files if name not in names]:
            return f"lacks {listed(absent)}, which its {index} names; download it again"
        return next(_damaged(place, files), "")
    files = [name for name in _SINGLE if name in names][:1]
    if not files:
        return _unreadable(names)
    return next(_damaged(place, files), "")


def _unreadable(names: set[str]) -> str:
    other = sorted(n for n in names if n.endswith((".safetensors", ".bin", ".pt", ".pth", ".gguf")))
    if not other:
        return "has no weights; save them with model.save_pretrained"
    if any("-of-" in name for name in other):
        return f"has no weights that can be found: {listed(other)} but no index; download it again"
    return f"has no {_SINGLE[0]}; {listed(other)} is not read: save with model.save_pretrained"


def _damaged(place: Path, files: list[str]) -> Iterator[str]:
    """The problems of weight files: missing, or cut short."""
    from safetensors import SafetensorError, safe_open

    for name in files:
        with (place / name).open("rb") as file:
            first = file.read(len(_POINTER))
        if first == _POINTER:
            yield f"holds a git LFS pointer in place of {name}; run: git lfs pull"
        if name.endswith(".safetensors"):
            try:
                with safe_open(place / name, framework="pt"):
                    pass
            except SafetensorError as error:
                yield f"has a damaged {name} ({error}); save or download it again"


def _json(path: Path) -> Any:
    """The JSON value of a file.  Raises `ValueError` for other content."""
    return json.loads(path.read_text(encoding="utf-8"))
