"""The embedded engine against transformers, on the same model and the same work.

    python benchmarks/engine.py                 # every case; some minutes
    python benchmarks/engine.py --pairs 3 --cases equal --models neox-tiny

Rollouts: `EmbeddedGenerator` against `model.generate` with a key–value cache, whole batch at once.
Updates: `EmbeddedLearner.step` against a plain padded update: right-padded rows in micro-batches,
logits of every position, the same objective, clip and AdamW.  Both sides have the same weights,
prompts, reply lengths and, for the update, the same rollouts, all of which teach.

Each side runs in a process of its own, in turn, A B A B …; a side takes the best of three after a
warm-up.  Rates are useful tokens per second: tokens that the policy chose.  `of peak` is useful
work, 2 (rollout) or 6 (update) flop per parameter and token that has to be computed once, over
what a large float32 matrix product reaches in the same process.  Ratios are taken pair by pair.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from transformers import AutoModelForCausalLM, StoppingCriteria, StoppingCriteriaList

from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.policy import algorithms
from whet.rollouts.batching import build_batch
from whet.types import Decoding, Group, Request, Task, TrainBatch, Verdict
from whet.types.optimizers import AdamW

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz+|="
MICRO = 64  # rows of a padded micro-batch


@dataclass(frozen=True)
class Case:
    """So many groups, prompts of such lengths, replies of such lengths (per group)."""

    groups: int
    samples: int
    prompt: tuple[int, int]
    reply: tuple[int, int]


CASES = {
    "equal": Case(groups=32, samples=16, prompt=(36, 36), reply=(24, 24)),
    "mixed": Case(groups=32, samples=16, prompt=(20, 60), reply=(8, 96)),
    "shared 256": Case(groups=8, samples=16, prompt=(256, 256), reply=(32, 32)),
}
MODELS = ("neox-tiny", "llama-small")


def model_of(name: str) -> Any:
    """The quickstart's model, or a larger one of 256 × 4."""
    if name == "neox-tiny":
        return FromScratch().load("cpu", 0)[0]
    from transformers import LlamaConfig

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(
        LlamaConfig(
            vocab_size=2048,
            hidden_size=256,
            intermediate_size=704,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=1024,
        )
    )


@dataclass(frozen=True)
class RewardOnly:
    """A model that is there already, as the engine wants it."""

    name: str

    def load(self, device: object, seed: int = 0) -> tuple[Any, Any]:
        """Fresh weights, the quickstart's kind of tokenizer."""
        del device, seed
        return model_of(self.name).eval(), FromScratch().tokenizer.build()


def requests_of(case: Case) -> list[Request]:
    """The same for both sides; no reply ends before its length."""
    rng = Random(0)
    made = []
    for i in range(case.groups):
        prompt = "".join(rng.choice(ALPHABET) for _ in range(rng.randint(*case.prompt)))
        decoding = Decoding(max_new_tokens=rng.randint(*case.reply))
        seeds = tuple(1000 * i + j for j in range(case.samples))
        made.append(Request.of(Task(id=str(i), prompt=prompt), seeds, decoding))
    return made


def never_ends(model: Any) -> None:
    """Replies have the lengths that the case says: the end token can't be drawn."""
    head = model.get_output_embeddings()
    head.weight.data[1] = 0.0
    original = head.forward

    def forward(hidden: torch.Tensor) -> torch.Tensor:
        logits = original(hidden)
        barred = torch.zeros(logits.shape[-1], dtype=torch.bool)
        barred[1] = True
        return logits.masked_fill(barred, -1e9)

    head.forward = forward


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest run, after one that doesn't count."""
    work()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def peak() -> float:
    """Flop per second of a large float32 matrix product."""
    size = 1024
    one = torch.randn(size, size)
    return 2 * size**3 / best(lambda: torch.mm(one, one), 5)


def our_rollouts(name: str, case: Case) -> tuple[Callable[[], object], int, int]:
    """Work, useful tokens, tokens to be computed once."""
    player = asyncio.run(Embedded(device="cpu", slots=512).player(RewardOnly(name), 0))
    generator: Any = player.generator
    never_ends(generator.backbone.model)
    requests = requests_of(case)
    return lambda: played(player, requests), *sizes(case)


def played(player: Any, requests: list[Request]) -> list[Group]:
    """All at once."""

    async def play() -> list[tuple[Group, ...]]:
        return await asyncio.gather(*(player.play(r) for r in requests))

    return [group for groups in asyncio.run(play()) for group in groups]


class Lengths(StoppingCriteria):
    """Row i is done after its own number of tokens."""

    def __init__(self, prompt: int, wanted: torch.Tensor) -> None:
        self.prompt, self.wanted = prompt, wanted

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        """Per row."""
        return input_ids.shape[1] - self.prompt >= self.wanted


def their_rollouts(name: str, case: Case) -> tuple[Callable[[], object], int, int]:
    """`generate` on all rows, left-padded, sampling at temperature 1."""
    model, tokenizer = RewardOnly(name).load("cpu")
    never_ends(model)
    requests = requests_of(case)
    texts = [r.task.prompt for r in requests for _ in r.plays]
    tokenizer.padding_side = "left"
    rows = tokenizer(texts, return_tensors="pt", padding=True)
    lengths = torch.tensor([p.decoding.max_new_tokens for r in requests for p in r.plays])
    width = rows["input_ids"].shape[1]

    def work() -> object:
        with torch.inference_mode():
            return model.generate(
                input_ids=rows["input_ids"],
                attention_mask=rows["attention_mask"],
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                max_new_tokens=int(lengths.max()),
                stopping_criteria=StoppingCriteriaList([Lengths(width, lengths)]),
                pad_token_id=0,
            )

    return work, *sizes(case)


def rollouts_for_update(name: str, case: Case) -> tuple[Any, TrainBatch]:
    """Rollouts that all teach, and the learner that sampled them."""
    player, learner = asyncio.run(Embedded(device="cpu", slots=512).open(RewardOnly(name), 0))
    generator: Any = player.generator
    never_ends(generator.backbone.model)
    groups = [
        group.having(
            [replace(r, verdict=Verdict.binary(correct=i % 2 == 0)) for i, r in enumerate(group)]
        )
        for group in played(player, requests_of(case))
    ]
    batch, _ = asyncio.run(build_batch(groups, algorithms.load("dapo"), learner))
    return learner, batch


def our_update(name: str, case: Case) -> tuple[Callable[[], object], int, int]:
    """`EmbeddedLearner.step`."""
    learner, batch = rollouts_for_update(name, case)
    learner.reset_optimizer(AdamW(lr=1e-6))
    objective = algorithms.load("dapo")
    return lambda: asyncio.run(learner.step(objective, batch, 1e-6)), *sizes(case)


def their_update(name: str, case: Case) -> tuple[Callable[[], object], int, int]:
    """Right-padded micro-batches, logits everywhere."""
    _, batch = rollouts_for_update(name, case)
    rollouts, tokens = batch.rollouts, batch.tokens
    model = model_of(name)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=True)
    objective = algorithms.load("dapo")

    def micro(part: slice) -> None:
        rows = [torch.tensor(r.token_ids).long() for r in rollouts[part]]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        chosen = torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(r.action_mask) for r in rollouts[part]], batch_first=True
        )
        there = torch.nn.utils.rnn.pad_sequence(
            [torch.ones(len(r)) for r in rows], batch_first=True
        )
        logits = model(input_ids=ids, attention_mask=there, use_cache=False).logits
        logp = logits[:, :-1].log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
        objective.loss(logp[chosen[:, 1:]], tokens[part]).backward()

    def work() -> None:
        optimizer.zero_grad(set_to_none=True)
        for start in range(0, len(rollouts), MICRO):
            micro(slice(start, start + MICRO))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return work, *sizes(case)


def sizes(case: Case) -> tuple[int, int]:
    """Chosen tokens, and tokens that have to be computed once."""
    requests = requests_of(case)
    chosen = sum(p.decoding.max_new_tokens for r in requests for p in r.plays)
    return chosen, chosen + sum(len(r.task.prompt) for r in requests)


SIDES = {
    "rollout": {"whet": our_rollouts, "transformers": their_rollouts},
    "update": {"whet": our_update, "transformers": their_update},
}
FLOPS = {"rollout": 2, "update": 6}


def child(kind: str, side: str, model: str, case: str) -> None:
    """One side, once; a line of JSON."""
    work, chosen, once = SIDES[kind][side](model, CASES[case])
    seconds = best(work)
    weights = model_of(model)
    outside = weights.get_input_embeddings().weight.numel()
    parameters = sum(p.numel() for p in weights.parameters()) - outside
    flops = FLOPS[kind] * parameters * once / seconds
    print(json.dumps({"rate": chosen / seconds, "peak": flops / peak()}))


def measured(kind: str, side: str, model: str, case: str) -> dict[str, float]:
    """That side in a process of its own."""
    threads = str(torch.get_num_threads())
    words = [sys.executable, __file__, "--threads", threads, "--child", kind, side, model, case]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """A row per model, case and kind."""
    words = argparse.ArgumentParser()
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--models", nargs="+", default=MODELS)
    words.add_argument("--cases", nargs="+", default=list(CASES))
    words.add_argument("--threads", type=int, default=torch.get_num_threads())
    words.add_argument("--child", nargs=4)
    asked = words.parse_args()
    torch.set_num_threads(asked.threads)
    if asked.child:
        child(*asked.child)
        return
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, {asked.pairs} pairs")
    print("| model | case | work | whet tok/s | transformers tok/s | ratio (min–max) | of peak |")
    print("|---|---|---|---|---|---|---|")
    for model in asked.models:
        for case in asked.cases:
            for kind in SIDES:
                pairs = [
                    (
                        measured(kind, "whet", model, case),
                        measured(kind, "transformers", model, case),
                    )
                    for _ in range(asked.pairs)
                ]
                print(row(model, case, kind, pairs), flush=True)


def row(model: str, case: str, kind: str, pairs: list[Any]) -> str:
    """Medians, and the ratio pair by pair."""
    middle = statistics.median
    ours, theirs = middle(a["rate"] for a, _ in pairs), middle(b["rate"] for _, b in pairs)
    ratios = sorted(a["rate"] / b["rate"] for a, b in pairs)
    shares = middle(a["peak"] for a, _ in pairs), middle(b["peak"] for _, b in pairs)
    return (
        f"| {model} | {case} | {kind} | {ours:,.0f} | {theirs:,.0f} | "
        f"{middle(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) | "
        f"{shares[0]:.0%} vs {shares[1]:.0%} |"
    )


if __name__ == "__main__":
    main()
