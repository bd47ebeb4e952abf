"""What low precision costs and moves, and what LoRA keeps in memory: a model of 31M parameters.

    python benchmarks/low_precision.py movement > benchmarks/low_precision.jsonl
    python benchmarks/low_precision.py memory >> benchmarks/low_precision.jsonl

`movement`: a Llama of 31 M parameters takes 20 steps of DAPO at lr 1e-6 on random replies of its
own, in float32, in bfloat16 with float32 copies, and in bfloat16 in place.  A row has the share of
weights that a step changed (mean over the steps) and that all steps changed, their mean |Δw| over
that of float32, and the drift between generator and learner.

`memory`: peak resident memory above that of the loaded libraries, of opening a run with LoRA, of a
step, and of a delivery; with one base for both, and with two models and merged weights.  Each runs
in a process of its own.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from whet.engines.delivery import deliver
from whet.engines.digest import sealed
from whet.engines.embedded.adapters import LoRA, merged
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.embedded.masters import Float32Masters, InPlace
from whet.engines.models import Folder
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy import algorithms
from whet.rollouts.batching import build_batch
from whet.types import Decoding, Group, Request, Task, Verdict
from whet.types.optimizers import AdamW
from whet.types.weights import Drain

STEPS, LR, GROUPS, ROLLOUTS = 20, 1e-6, 2, 4
HOW = Decoding(max_new_tokens=32)
SIZES: dict[str, Any] = {
    "hidden_size": 512,
    "intermediate_size": 2176,
    "num_hidden_layers": 7,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "initializer_range": 0.02,
}


def written(folder: Path) -> Path:
    """A model with random weights, and its tokenizer; the head is loud enough for sharp replies."""
    tokenizer = CharacterTokenizer().build()
    config = AutoConfig.for_model(
        "llama",
        vocab_size=len(tokenizer),
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        **SIZES,
    )
    torch.manual_seed(0)
    model: Any = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(5)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def judged(groups: list[Group]) -> list[Group]:
    """Every other reply is right."""
    return [
        replace(
            group,
            rollouts=tuple(
                replace(r, verdict=Verdict.binary(correct=i % 2 == 0)) for i, r in enumerate(group)
            ),
        )
        for group in groups
    ]


async def moved(folder: Path, dtype: str, masters: Float32Masters | InPlace) -> dict[str, Any]:
    """Take the steps; shares of weights that changed, and drift."""
    engine = Embedded(device="cpu", masters=masters)
    player, learner = await engine.open(Folder(path=str(folder), dtype=dtype), 0)
    learner.reset_optimizer(AdamW(lr=LR))
    objective = algorithms.load("dapo")
    first = values(learner)
    shares, drift, worst = list[float](), list[float](), list[float]()
    for step in range(STEPS):
        tasks = [Task(id=f"{step}-{i}", prompt=f"{step}+{i}=") for i in range(GROUPS)]
        seeds = [ROLLOUTS * step + i for i in range(ROLLOUTS)]
        played = [g for t in tasks for g in await player.play(Request.of(t, seeds, HOW))]
        before = values(learner)
        batch, _ = await build_batch(judged(played), objective, learner)
        update = await learner.step(objective, batch, LR)
        shares.append(share(before, values(learner)))
        drift.append(update.metrics["drift"].value)
        worst.append(update.drift_max)
        await player.update(await learner.publish(), Drain())
    last = values(learner)
    return {
        "kind": "movement",
        "parameters": len(first),
        "dtype": dtype,
        "masters": type(masters).__name__,
        "steps": STEPS,
        "lr": LR,
        "moved_per_step": sum(shares) / len(shares),
        "moved_in_all": share(first, last),
        "mean_change": (last - first).abs().double().mean().item(),
        "drift": sum(drift) / len(drift),
        "drift_max": max(worst),
    }


def values(learner: EmbeddedLearner) -> torch.Tensor:
    """All weights of the model end to end, in float32."""
    return torch.cat([p.detach().flatten().float() for p in learner.backbone.model.parameters()])


def share(before: torch.Tensor, after: torch.Tensor) -> float:
    """The share of weights that differ."""
    return (before != after).double().mean().item()


def peak() -> float:
    """Peak resident memory of this process, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def shared(folder: Path) -> None:
    """One base for generator and learner; adapters are delivered."""
    engine = Embedded(device="cpu", lora=LoRA())
    player, learner = await engine.open(Folder(path=str(folder)), 0)
    learner.reset_optimizer(AdamW(lr=LR))
    await stepped(player, learner)
    await player.update(await learner.publish(), Drain())


async def two_copies(folder: Path) -> None:
    """A model for each, and merged weights that are delivered whole."""
    source = Folder(path=str(folder))
    player = await Embedded(device="cpu").player(source, 0)
    model, tokenizer = source.load("cpu")
    LoRA().inject(model, 0)
    learner = EmbeddedLearner(Backbone(model), tokenizer, 16384)
    learner.reset_optimizer(AdamW(lr=LR))
    await stepped(player, learner)
    assert isinstance(player.generator, EmbeddedGenerator)
    deliver(player.generator.backbone.model, sealed(1, merged(model)))


async def stepped(player: Any, learner: EmbeddedLearner) -> None:
    """One step on the player's rollouts."""
    objective = algorithms.load("dapo")
    played = list(await player.play(Request.of(Task(id="t", prompt="1+2="), range(ROLLOUTS), HOW)))
    batch, _ = await build_batch(judged(played), objective, learner)
    await learner.step(objective, batch, LR)


MEMORY = {"shared": shared, "two_copies": two_copies}


def measured(kind: str, folder: str) -> None:
    """Print the peak of one way, above that of the libraries."""
    before = peak()
    asyncio.run(MEMORY[kind](Path(folder)))
    weights = (Path(folder) / "model.safetensors").stat().st_size / 2**20
    row = {"kind": "memory", "weights": kind, "model_mib": weights, "peak_mib": peak() - before}
    print(json.dumps(row), flush=True)


def main() -> int:
    """Print the rows."""
    torch.set_num_threads(1)
    what, *rest = sys.argv[1:]
    if what in MEMORY:
        measured(what, rest[0])
        return 0
    with tempfile.TemporaryDirectory() as place:
        folder = written(Path(place))
        if what == "memory":
            for kind in MEMORY:
                subprocess.run([sys.executable, __file__, kind, place], check=True)
            return 0
        ways = [("float32", Float32Masters()), ("bfloat16", Float32Masters())]
        for dtype, masters in [*ways, ("bfloat16", InPlace())]:
            print(json.dumps(asyncio.run(moved(folder, dtype, masters))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
