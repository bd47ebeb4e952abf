"""The embedded engine on a GPU: rates, ratios to a CPU and to other ways, memory.

    python benchmarks/gpu.py --out cuda.json           # every case; some minutes
    python benchmarks/gpu.py --quick                   # small sizes, to see that it runs

Models have random weights: `tiny` is the library's own, `large` has the shape of Qwen3-0.6B.
Every reply has its full length.  Rates are tokens per second: sampled tokens of a generation, and
computed tokens (prompts once, replies) of a learner's step.  A rate is the best of some runs after
one that does not count.  Memory is the most that torch had allocated, in GiB, with both copies of
the weights for a learner.  `useful` is the share of the rate of a large product in the same dtype:
2 (generation) or 6 (step) operations per weight and token.
"""

import argparse
import asyncio
import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.plain.generator import PlainGenerator
from whet.policy import algorithms
from whet.rollouts.batching import build_batch
from whet.types import Decoding, Group, Request, Task, TrainBatch, Verdict
from whet.types.optimizers import AdamW

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Random06B:
    """A model with the shape of Qwen3-0.6B, made where it is used."""

    dtype: str
    layers: int = 28

    def load(self, device: torch.device | str, seed: int = 0) -> tuple[Any, Any]:
        """Random weights, the same for both copies, and a tokenizer of characters."""
        torch.manual_seed(seed)
        with torch.device(device):
            model = AutoModelForCausalLM.from_config(self._config(), dtype=DTYPES[self.dtype])
        return model.to(device).eval(), FromScratch().tokenizer.build()

    def load_tokenizer(self) -> tuple[Any, Any]:
        """No weights."""
        raise NotImplementedError

    def _config(self) -> Any:
        return AutoConfig.for_model(
            "qwen3",
            vocab_size=151936,
            hidden_size=1024,
            intermediate_size=3072,
            num_hidden_layers=self.layers,
            num_attention_heads=16,
            num_key_value_heads=8,
            head_dim=128,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
            eos_token_id=1,
            pad_token_id=0,
            bos_token_id=None,
        )


@dataclass(frozen=True)
class Tiny:
    """The library's `qwen3-tiny`."""

    dtype: str

    def load(self, device: torch.device | str, seed: int = 0) -> tuple[Any, Any]:
        """From scratch, in the dtype."""
        model: Any
        model, tokenizer = FromScratch(shape="qwen3-tiny", positions=4096).load(device, seed)
        return model.to(DTYPES[self.dtype]), tokenizer


@dataclass(frozen=True)
class Work:
    """Groups of samples, with prompts and replies of so many tokens."""

    groups: int
    samples: int
    prompt: int
    reply: int
    shared: bool = True  # False: every sample has a prompt of its own

    @property
    def sequences(self) -> int:
        """Replies in all."""
        return self.groups * self.samples

    def requests(self) -> list[Request]:
        """One per group, or one per sample."""
        rng, how = Random(0), Decoding(max_new_tokens=self.reply)
        each = self.samples if self.shared else 1
        return [
            Request.of(
                Task(id=str(i), prompt="".join(rng.choice(LETTERS) for _ in range(self.prompt))),
                tuple(range(1000 * i, 1000 * i + each)),
                how,
            )
            for i in range(self.sequences // each)
        ]


def best(work: Callable[[], object], times: int) -> float:
    """Seconds of the fastest run, after one that does not count."""
    took = []
    for _ in range(times + 1):
        _settled()
        start = time.perf_counter()
        work()
        _settled()
        took.append(time.perf_counter() - start)
    return min(took[1:])


def _settled() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak(device: str, dtype: str) -> float:
    """Operations per second of a large product."""
    size = 8192 if device == "cuda" else 2048
    one = torch.randn(size, size, device=device, dtype=DTYPES[dtype])
    return 2 * size**3 / best(lambda: torch.mm(one, one), 5)


def played(player: Any, requests: list[Request]) -> list[Group]:
    """All requests at once."""

    async def play() -> list[tuple[Group, ...]]:
        return await asyncio.gather(*(player.play(r) for r in requests))

    return [group for groups in asyncio.run(play()) for group in groups]


def endless(player: Any) -> Any:
    """Every reply has its full length."""
    player.generator.ends = frozenset()
    return player


def fresh() -> None:
    """Free what earlier cases held, and begin to count memory."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def memory(device: str) -> float | None:
    """GiB at most since `fresh`."""
    return torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else None


def weights_of(player: Any) -> int:
    """Weights that a token is multiplied with: all but the embedding, which may be the head."""
    model = player.generator.backbone.model
    count = sum(p.numel() for p in model.parameters())
    inside = model.get_input_embeddings().weight
    return count - inside.numel() * (model.get_output_embeddings().weight is not inside)


def generation(source: Any, device: str, work: Work, times: int) -> dict[str, Any]:
    """Sampled tokens per second of the embedded engine."""
    fresh()
    engine = Embedded(device=device, slots=work.sequences, budget=8192)
    player = endless(asyncio.run(engine.player(source, 0)))
    requests, count = work.requests(), work.sequences * work.reply
    seconds = best(lambda: played(player, requests), times)
    flops = 2 * weights_of(player) * count / seconds
    return {
        "tokens_per_second": count / seconds,
        "step_ms": 1e3 * seconds / work.reply,
        "useful": flops / peak(device, source.dtype),
        "memory": memory(device),
    }


def update(source: Any, device: str, work: Work, times: int, budget: int) -> dict[str, Any]:
    """Computed tokens per second of one optimizer step, and of the log-probs alone."""
    fresh()
    engine = Embedded(device=device, slots=work.sequences, budget=budget)
    player: Any
    player, learner = asyncio.run(engine.open(source, 0))
    groups = [
        group.having([replace(r, verdict=Verdict.binary(correct=True)) for r in group])
        for group in played(endless(player), work.requests())
    ]
    size, objective = weights_of(player), algorithms.load("dapo")
    player.generator.scheduler.reset()
    built, _ = asyncio.run(build_batch(groups, objective, learner))
    sign = 1.0 - 2.0 * (built.tokens.row % 2)  # a group of one has no advantage of its own
    batch = TrainBatch(built.rollouts, replace(built.tokens, advantage=sign))
    learner.reset_optimizer(AdamW(lr=1e-6))
    drift = (asyncio.run(learner.logp(batch.rollouts)) - batch.tokens.behaviour_logp).abs()
    done = asyncio.run(learner.step(objective, batch, 1e-6))
    count = int(done.metrics["computed"].total)
    seconds = best(lambda: asyncio.run(learner.step(objective, batch, 1e-6)), times)
    scoring = best(lambda: asyncio.run(learner.logp(batch.rollouts)), times)
    return {
        "tokens_per_second": count / seconds,
        "logp_tokens_per_second": count / scoring,
        "step_seconds": seconds,
        "useful": 6 * size * count / seconds / peak(device, source.dtype),
        "memory": memory(device),
        "drift_mean": drift.mean().item(),
        "drift_max": drift.max().item(),
    }


def plain(source: Any, device: str, work: Work, times: int) -> dict[str, Any]:
    """Sampled tokens per second of the plain engine: a full forward pass per token."""
    fresh()
    player = asyncio.run(Embedded(device=device).player(source, 0))
    model, _ = source.load(device, 0)
    player = replace(player, generator=PlainGenerator(model, lambda ids: "", frozenset()))
    count = work.sequences * work.reply
    seconds = best(lambda: played(player, work.requests()), times)
    return {"tokens_per_second": count / seconds, "memory": memory(device)}


def transformers_generate(source: Any, device: str, work: Work, times: int) -> dict[str, Any]:
    """Sampled tokens per second of `generate`, all rows at once, with a key–value cache."""
    fresh()
    model, tokenizer = source.load(device, 0)
    texts = [r.task.prompt for r in work.requests() for _ in r.plays]
    rows = torch.tensor([tokenizer.encode(text) for text in texts], device=device)
    there = torch.ones_like(rows)

    def sample() -> None:
        with torch.inference_mode():
            model.generate(
                input_ids=rows,
                attention_mask=there,
                do_sample=True,
                top_k=0,
                top_p=1.0,
                max_new_tokens=work.reply,
                min_new_tokens=work.reply,
                pad_token_id=0,
            )

    count = work.sequences * work.reply
    return {"tokens_per_second": count / best(sample, times), "memory": memory(device)}


def rated(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The ratio of two rates."""
    return one["tokens_per_second"] / other["tokens_per_second"]


def tiny_cases(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The library's small model: both devices do the same work."""
    work = Work(4, 4, 32, 8) if quick else Work(16, 16, 64, 64)
    found: dict[str, Any] = {"work": vars(work)}
    for dtype in ("float32", "bfloat16"):
        source = Tiny(dtype)
        made = {d: generation(source, d, work, 2) for d in ("cuda", "cpu")}
        steps = {d: update(source, d, work, 2, 16384) for d in ("cuda", "cpu")}
        found[dtype] = {
            "generation": made | {"cuda_over_cpu": rated(made["cuda"], made["cpu"])},
            "learner": steps | {"cuda_over_cpu": rated(steps["cuda"], steps["cpu"])},
        }
    return found


def large_cases(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The larger model; the CPU does less of the same work, and is compared by its rate."""
    layers = 2 if quick else 28
    work = Work(2, 4, 64, 8) if quick else Work(8, 16, 128, 64)
    little = Work(1, 4, 32, 4) if quick else Work(1, 16, 128, 8)
    found: dict[str, Any] = {"work": vars(work), "work_of_the_cpu": vars(little)}
    for dtype in ("bfloat16", "float32"):
        source = Random06B(dtype, layers)
        made = {"cuda": generation(source, "cuda", work, 1)}
        step = {"cuda": update(source, "cuda", work, 2, 8192)}
        if dtype == "float32":
            made["cpu"] = generation(source, "cpu", little, 1)
            step["cpu"] = update(source, "cpu", little, 1, 8192)
            made["cuda_over_cpu"] = rated(made["cuda"], made["cpu"])  # pyright: ignore
            step["cuda_over_cpu"] = rated(step["cuda"], step["cpu"])  # pyright: ignore
        found[dtype] = {"generation": made, "learner": step}
    return found


def comparisons(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """On the GPU, in bfloat16: sizes of batches, shared prompts, and other ways to generate."""
    source = Random06B("bfloat16", 2 if quick else 28)
    reply = 8 if quick else 64
    found: dict[str, Any] = {}
    for count in (64, 256):
        found[f"{count} sequences"] = generation(
            source, "cuda", Work(count // 16, 16, 128, reply), 1
        )
    both = [
        generation(source, "cuda", Work(8, 16, 1024, reply, shared=shared), 1)
        for shared in (True, False)
    ]
    found["shared prompts of 1024"] = {"on": both[0], "off": both[1], "ratio": rated(*both)}
    both = [
        update(source, "cuda", Work(2, 16, 1024, reply, shared=shared), 1, 8192)
        for shared in (True, False)
    ]
    ratio = both[1]["step_seconds"] / both[0]["step_seconds"]
    found["steps on shared prompts of 1024"] = {"on": both[0], "off": both[1], "ratio": ratio}
    few = Work(1, 4, 128, reply // 4)
    sides = [generation(source, "cuda", few, 1), plain(source, "cuda", few, 1)]
    found["4 sequences"] = {"embedded": sides[0], "plain": sides[1], "ratio": rated(*sides)}
    many = Work(8, 16, 128, reply)
    sides = [generation(source, "cuda", many, 1), transformers_generate(source, "cuda", many, 1)]
    found["128 sequences"] = {
        "embedded": sides[0],
        "transformers": sides[1],
        "ratio": rated(*sides),
    }
    return found


def main() -> None:
    """Print or write JSON; every group of cases is written as soon as it is known."""
    words = argparse.ArgumentParser()
    words.add_argument("--quick", action="store_true")
    words.add_argument("--out", type=Path)
    words.add_argument("--only", nargs="+", default=["large", "comparisons", "tiny"])
    asked = words.parse_args()
    found: dict[str, Any] = {
        "device": Embedded(device="cuda").hardware(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    cases = {"tiny": tiny_cases, "comparisons": comparisons, "large": large_cases}
    for name in asked.only:
        start = time.perf_counter()
        found[name] = cases[name](asked.quick)
        found[name]["seconds"] = time.perf_counter() - start
        text = json.dumps(found, indent=1)
        if asked.out:
            asked.out.write_text(text, encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
