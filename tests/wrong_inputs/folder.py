"""The folder in which the wrong inputs are given: good files, and their broken siblings."""

import json
import shutil
from pathlib import Path

from whet.engines.models import FromScratch

GOOD = [json.dumps({"prompt": f"{i}+1=", "answer": str(i + 1)}) for i in range(40)]

RECIPES = {
    "broken_syntax.py": "def broken_syntax(:\n    pass\n",
    "broken_import.py": "import no_such_module\n\n\ndef broken_import():\n    return None\n",
    "empty.py": "",
    "other_name.py": "def another():\n    return None\n",
    "returns_none.py": "def returns_none():\n    return None\n",
    "returns_int.py": "def returns_int():\n    return 7\n",
    "raises.py": "def raises():\n    return {}['missing']\n",
    "exits.py": "import sys\n\nsys.exit(0)\n",
    "exits_later.py": "import sys\n\n\ndef exits_later():\n    sys.exit(0)\n",
    "untyped.py": "def untyped(model):\n    return None\n",
    "stars.py": "def stars(*models):\n    return None\n",
    "keywords.py": "def keywords(**models):\n    return None\n",
    "bad_type.py": "def bad_type(model: Missing):\n    return None\n",
    "is_class.py": "class is_class:\n    pass\n",
    "is_value.py": "is_value = 7\n",
    "is_async.py": "async def is_async():\n    return None\n",
    "recipe.txt": "def recipe():\n    return None\n",
    "grown.py": "def grown(*, count: int):\n    return None\n",
}

REWARDS = {
    "says.py": "def score(reply):\n    return 'good'\n",
    "nothing.py": "def score(reply):\n    return None\n",
    "listed.py": "def score(reply):\n    return [1.0]\n",
    "nan.py": "def score(reply):\n    return float('nan')\n",
    "wants.py": "def score(response):\n    return 1.0\n",
    "syntax.py": "def score(reply:\n    return 1.0\n",
    "imports.py": "import no_such_module\n\n\ndef score(reply):\n    return 1.0\n",
    "none_here.py": "HALF = 0.5\n",
    "several.py": "def one(reply):\n    return 1.0\n\n\ndef two(reply):\n    return 0.0\n",
    "class_needs.py": (
        "class Judge:\n    def __init__(self, scale):\n        self.scale = scale\n\n"
        "    def __call__(self, reply):\n        return 1.0\n"
    ),
    "good.py": "def score(reply):\n    return float(len(reply) % 2)\n",
    "later.py": (  # judges the task's own answer, which is tried before the run, and no other
        "def score(reply, answer):\n    if answer in reply:\n        return 1.0\n"
        "    raise RuntimeError('later')\n"
    ),
    "always_raises.py": "def score(reply):\n    raise RuntimeError('no verdict')\n",
}

ALGORITHMS = {
    "algo_number.py": "def algo_number():\n    return 7\n",
    "algo_empty.py": "",
    "algo_other.py": "def another():\n    return 7\n",
    "algo_raises.py": "def algo_raises():\n    return 1 / 0\n",
    "algo_syntax.py": "def algo_syntax(:\n",
}

DATA = {
    "sums.jsonl": "\n".join(GOOD),
    "empty.jsonl": "",
    "blank.jsonl": "\n\n\n",
    "broken.jsonl": "\n".join([*GOOD[:2], '{"prompt": "3+', *GOOD[3:]]),
    "numbers.jsonl": "1\n2\n3\n",
    "columns.jsonl": "\n".join(['{"foo": "1+1=", "bar": "2"}'] * 4),
    "unanswered.jsonl": "\n".join([*GOOD[:4], '{"prompt": "7+1="}']),
    "blank_answer.jsonl": "\n".join([*GOOD[:4], '{"prompt": "7+1=", "answer": "   "}']),
    "prompt_number.jsonl": "\n".join([*GOOD[:2], '{"prompt": 7, "answer": "8"}']),
    "prompt_null.jsonl": "\n".join([*GOOD[:2], '{"prompt": null, "answer": "8"}']),
    "prompt_empty.jsonl": "\n".join([*GOOD[:2], '{"prompt": "", "answer": "8"}']),
    "prompt_list.jsonl": "\n".join([*GOOD[:2], '{"prompt": [1, 2], "answer": "8"}']),
    "no_role.jsonl": '{"prompt": [{"content": "7+1="}], "answer": "8"}\n',
    "long.jsonl": "\n".join(
        json.dumps({"prompt": f"{i}+" * 4000 + "1=", "answer": str(4000 * i + 1)})
        for i in range(40)
    ),
    "sums.txt": "1+1=\n",
    "sums.xlsx": "PK",
    "sums.yaml": "prompt: 1+1=\n",
    "no_rows.csv": "prompt,answer\n",
    "no_lines.csv": "",
    "columns.csv": "foo,bar\n1+1=,2\n",
    "ragged.csv": "prompt,answer\n1+1=,2,3,4\n",
    "broken.json": '[{"prompt": "1+1=", "answer": "2"',
    "number.json": "7",
    "broken.parquet": "not a parquet file",
    "labelled_columns.jsonl": '{"prompt": "1+1=", "text": "2"}\n',
    "labelled_broken.jsonl": '{"prompt": "1+1=", "reply": "2", "answer": "2", "correct"\n',
    "labelled_empty.jsonl": "",
}

CONFIGS = {
    "broken.toml": "steps = 3\nlr = = 4\n",
    "unfinished.toml": 'steps = 3\nname = "x\n',
    "unknown.toml": "stepz = 3\n",
    "type.toml": 'steps = "many"\n',
    "table.toml": "[sampling.gate]\nmax_roundz = 5\n",
    "answered.toml": "use_vllm = true\n",
    "part.toml": '[sampling.gate]\nclass = "non_zero_spred"\n',
    "range.toml": "[sampling.decoding]\ntemperature = -1.0\n",
    "settings.yaml": "steps: 3\n",
    "settings.json": '{"steps": 3}\n',
}


def furnish(here: Path, recipe: Path) -> None:
    """Writes all of it."""
    shutil.copy(recipe, here / recipe.name)
    for name, text in (RECIPES | REWARDS | ALGORITHMS | DATA | CONFIGS).items():
        (here / name).write_text(text, encoding="utf-8")
    (here / "latin.jsonl").write_bytes('{"prompt": "é+1=", "answer": "2"}\n'.encode("latin-1"))
    (here / "folder").mkdir()
    (here / "folder.py").mkdir()
    (here / "no_data").mkdir()
    _models(here)
    _runs(here)


def _models(here: Path) -> None:
    model, tokenizer = FromScratch(shape="llama-tiny").load("cpu")
    model.save_pretrained(here / "model")
    tokenizer.save_pretrained(here / "model")
    for name in ("mute", "headless", "weightless", "cut", "no_json", "odd_shape", "odd_words"):
        shutil.copytree(here / "model", here / name)
    for path in (here / "mute").iterdir():
        if path.name not in {"config.json", "model.safetensors", "generation_config.json"}:
            path.unlink()
    (here / "headless" / "config.json").unlink()
    (here / "weightless" / "model.safetensors").unlink()
    weights = (here / "model" / "model.safetensors").read_bytes()
    (here / "cut" / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    (here / "no_json" / "config.json").write_text('{"model_type": "llama",')
    _config(here / "odd_shape", intermediate_size=17)
    _config(here / "odd_words", model_type="no_such_family")
    _tensors(here)
    (here / "hollow").mkdir()
    (here / "adapter").mkdir()
    (here / "adapter" / "adapter_config.json").write_text('{"base_model_name_or_path": "model"}')
    (here / "quantised").mkdir()
    (here / "quantised" / "model.gguf").write_bytes(b"GGUF")
    (here / "model.gguf").write_bytes(b"GGUF")


def _tensors(here: Path) -> None:
    """A folder that lacks a tensor, and one in which one holds NaN."""
    from safetensors.torch import load_file, save_file

    held = load_file(here / "model" / "model.safetensors")
    name = next(n for n in held if "mlp" in n)
    for folder, tensors in (
        ("lacking", {n: t for n, t in held.items() if n != name}),
        ("not_finite", held | {name: held[name] * float("nan")}),
    ):
        shutil.copytree(here / "model", here / folder)
        save_file(tensors, here / folder / "model.safetensors", metadata={"format": "pt"})


def _config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _runs(here: Path) -> None:
    cards = {
        "taken": "{}",
        "no_card": None,
        "broken_card": '{"run": ',
        "empty_card": "",
        "listed_card": "[]",
        "number_card": "7",
    }
    for name, card in cards.items():
        folder = here / "runs" / name
        folder.mkdir(parents=True)
        if card is not None:
            (folder / "run.json").write_text(card)
    (here / "runs" / "file").write_text("a file")
    (here / "full").write_text("not a folder")
