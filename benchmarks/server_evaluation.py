"""One evaluation through the embedded engine and through a server that is not ours.

    python -m venv serving && serving/bin/pip install torch 'transformers[serving]'
    python benchmarks/server_evaluation.py --serve serving/bin/transformers [--problems 200]

A small Llama with a byte-level tokenizer and a chat template is made from scratch, taught to add
numbers of up to three digits, and saved as a Hugging Face folder.  `whet eval` measures it on the
same problems twice, by the weights and through `transformers serve`, with the same words but
`--server`.  Written to server_evaluation.json: how many greedy replies are the same text, how many
verdicts are the same, and where they part.  The folder is served in three states:

float32            as it was taught
bfloat16           stored so: the server computes in it, the embedded engine in float32, its default
generation config  with a repetition penalty, which the server adds to what it is asked for
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import torch
from imitation import imitated
from judge_server import Words, served

from whet.cli.main import main as whet
from whet.engines.ends import end_tokens
from whet.engines.models import FromScratch
from whet.evaluation.sample_file import read_samples
from whet.evaluation.samples import Sample
from whet.rollouts.renderer import TextRenderer
from whet.types import Task

RESULT = Path(__file__).with_name("server_evaluation.json")
SYSTEM = {"role": "system", "content": "Add the numbers. Put # before the sum."}
LENGTH, PENALTY = 24, 1.3


def question(rng: Random) -> tuple[int, int]:
    """Two numbers of one to three digits."""
    top = 10 ** rng.randint(1, 3)
    return rng.randrange(top), rng.randrange(top)


def asked(a: int, b: int) -> tuple[Mapping[str, Any], ...]:
    """The chat of a problem."""
    return SYSTEM, {"role": "user", "content": f"What is {a} + {b}?"}


def problems(path: Path, count: int) -> None:
    """A file of different problems."""
    rng, seen = Random("problems"), dict[tuple[int, int], None]()
    while len(seen) < count:
        seen[question(rng)] = None
    rows = ({"prompt": asked(a, b), "answer": str(a + b)} for a, b in seen)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def lessons(rng: Random, count: int) -> Iterator[tuple[Task, str]]:
    """Chats and right replies."""
    for _ in range(count):
        a, b = question(rng)
        yield Task(id="", prompt=asked(a, b)), f"{a} + {b} = #{a + b}"


def taught(folder: Path, steps: int) -> float:
    """Teach the model, save it, and return the loss of its last batch in nats a token."""
    torch.manual_seed(0)
    rng = Random("lessons")
    texts = [SYSTEM["content"], *(f"What is {a} + 7? {a} + 7 = #{a + 7}" for a in range(300))]
    model, tokenizer = FromScratch(
        shape="llama-tiny", tokenizer=Words(tuple(texts)), positions=256
    ).load("cpu")
    renderer = TextRenderer(tokenizer, end_tokens(tokenizer, model.generation_config))
    batches = ([*lessons(rng, 32)] for _ in range(steps))
    return imitated(model, tokenizer, renderer, batches, folder)


def in_bfloat16(folder: Path) -> None:
    """Store the weights so."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    model.save_pretrained(folder)


def penalised(folder: Path) -> None:
    """Put a repetition penalty into the generation config."""
    path = folder / "generation_config.json"
    held = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(held | {"repetition_penalty": PENALTY}), encoding="utf-8")


CASES = {"float32": lambda folder: None, "bfloat16": in_bfloat16, "generation config": penalised}


def evaluated(folder: Path, tasks: Path, out: Path, *more: str) -> tuple[list[Sample], Any]:
    """The replies of `whet eval`, greedy and sampled, and its document."""
    words = ["--tasks", tasks, "--reward", "exact", "--max-new-tokens", LENGTH, "--out", out]
    words += ["--samples", 1, "--k", 1, "--json"]
    with redirect_stdout(StringIO()) as said:
        code = whet(["eval", str(folder), *map(str, words), *more])
    if code:
        raise SystemExit(code)
    return [*read_samples(out)], json.loads(said.getvalue())


def compared(ours: Sequence[Sample], theirs: Sequence[Sample]) -> dict[str, Any]:
    """The numbers of problems in which the two agree, and the first ones in which they do not."""
    sampled = {"embedded": _sampled(ours), "server": _sampled(theirs)}
    pairs = [
        (one, other)
        for one in ours
        for other in theirs
        if one.greedy and other.greedy and one.problem == other.problem
    ]
    odd = [(one, other) for one, other in pairs if one.text != other.text]
    fields = ("text", "correct", "finish", "tokens", "prompt_tokens")
    return {
        "problems": len(pairs),
        "same": {
            name: sum(getattr(one, name) == getattr(other, name) for one, other in pairs)
            for name in fields
        },
        "right": {
            "embedded": sum(one.correct is True for one, _ in pairs),
            "server": sum(other.correct is True for _, other in pairs),
        },
        "sampled_as_greedy": sampled,
        "different_texts": len({one.text for one, _ in pairs}),
        "first_that_differ": [
            {"problem": one.problem, "embedded": one.text, "server": other.text}
            for one, other in odd[:5]
        ],
    }


def _sampled(rows: Sequence[Sample]) -> int:
    """The number of problems whose sample at temperature 1 is the text of the greedy reply."""
    greedy = {row.problem: row.text for row in rows if row.greedy}
    return sum(greedy[row.problem] == row.text for row in rows if not row.greedy)


def measured(serve: str, counts: Mapping[str, int], steps: int) -> dict[str, Any]:
    """Every case, on so many problems."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        loss = taught(Path(place) / "taught", steps)
        for name, change in CASES.items():
            folder = Path(place) / name.replace(" ", "_")
            shutil.copytree(Path(place) / "taught", folder)
            change(folder)
            tasks = Path(place) / "sums.jsonl"
            problems(tasks, counts[name])
            begun = time.perf_counter()
            ours, _ = evaluated(folder, tasks, Path(place) / f"{name}-embedded.jsonl")
            seconds = {"embedded": time.perf_counter() - begun}
            with served(serve, folder) as (url, _):
                begun = time.perf_counter()
                out = Path(place) / f"{name}-server.jsonl"
                theirs, told = evaluated(folder, tasks, out, "--server", url)
                seconds["server"] = time.perf_counter() - begun
            found[name] = compared(ours, theirs) | {
                "loss": loss,
                "seconds": {key: round(value, 1) for key, value in seconds.items()},
                "notes": told["notes"],
            }
            print(f"{name}: {found[name]['same']} of {counts[name]}", file=sys.stderr)
    return found


def versions(serve: str) -> dict[str, str]:
    """The versions of both sides."""
    names = ("torch", "transformers", "tokenizers", "fastapi", "uvicorn", "openai")
    code = (
        "import json, sys; from importlib.metadata import version; "
        "print(json.dumps({n: version(n) for n in sys.argv[1:]} | {'python': sys.version[:6]}))"
    )
    python = str(Path(serve).with_name("python"))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ended = subprocess.run(
        [python, "-c", code, *names], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(ended.stdout)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--serve", default=os.environ.get("WHET_SERVE", "transformers"))
    parser.add_argument("--problems", type=int, default=200, help="in float32")
    parser.add_argument("--others", type=int, default=40, help="problems of the other cases")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--out", type=Path, default=RESULT)
    given = parser.parse_args()
    counts = dict.fromkeys(CASES, given.others) | {"float32": given.problems}
    found = {
        "server": "transformers serve FOLDER --device cpu",
        "versions": versions(given.serve),
        "steps": given.steps,
        "cases": measured(given.serve, counts, given.steps),
    }
    given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
