"""A judge behind a real server: `transformers serve` with a tiny model, on the CPU.

    python -m venv serving && serving/bin/pip install torch 'transformers[serving]'
    python benchmarks/judge_server.py --serve serving/bin/transformers [--json] [--steps 60]

A small Llama is made from scratch and taught in a minute to say `Verdict: yes` to replies that
contain 42, and `Verdict: no` to others; it is saved as a Hugging Face folder with its chat
template and served by a process of another environment.  Then a `ReasoningJudge` judges replies
through `Server`, as it would in a run.  Printed: what the server can and can't do, the verdicts,
whether equal questions get equal answers, whether a killed server makes faults, and questions per
second, one at a time and several at once.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from imitation import imitated
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from whet.engines.models import FromScratch
from whet.engines.openai.server import Server
from whet.rewards.generative.reasoning_judge import Confidence, ReasoningJudge
from whet.rewards.judging import context_of, verdicts
from whet.rollouts.renderer import TextRenderer, end_token
from whet.types import ChatDecoding, ChatReply, Group, Message, Rollout, Task

TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<pad>", "<end>", "<unk>", "<|system|>", "<|user|>", "<|assistant|>"]
QUESTION = "What is 6 * 7?"


@dataclass(frozen=True)
class Words:
    """A byte-level tokenizer for just these texts, with a chat template."""

    texts: tuple[str, ...]

    def build(self) -> PreTrainedTokenizerFast:
        """Train it."""
        inner = Tokenizer(models.BPE())
        byte_level: Any = pre_tokenizers.ByteLevel(add_prefix_space=False)
        inner.pre_tokenizer = byte_level
        inner.decoder = decoders.ByteLevel()  # pyright: ignore
        trainer = trainers.BpeTrainer(
            vocab_size=1024,
            special_tokens=SPECIAL,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        inner.train_from_iterator(self.texts, trainer)
        return PreTrainedTokenizerFast(
            tokenizer_object=inner,
            pad_token="<pad>",
            eos_token="<end>",
            unk_token="<unk>",
            chat_template=TEMPLATE,
        )


@dataclass
class Eavesdropper:
    """A chat model that keeps the question and answers nothing of use."""

    heard: list[tuple[Message, ...]]

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """Listen."""
        self.heard.append(messages)
        return (ChatReply(text="Verdict: no"),) * decoding.samples


def rolled(reply: str) -> Rollout:
    """A rollout that said this."""
    task = Task(id="t", prompt=QUESTION, answer="42")
    return Rollout.from_text(task, reply)


def said(rng: Random) -> str:
    """Half of the replies contain 42."""
    number = "42" if rng.random() < 0.5 else str(rng.randint(10, 99))
    return f"The answer is {number}."


def lessons(count: int) -> list[tuple[tuple[Message, ...], str]]:
    """What the judge will be asked, and what it should say."""
    ear, rng = Eavesdropper([]), Random(0)
    replies = [said(rng) for _ in range(count)]
    judge = ReasoningJudge(chat_model=ear, decoding=ChatDecoding())
    for reply in replies:
        asyncio.run(verdicts(Group.of([rolled(reply)]), judge, context_of()))
    rights = [f"Verdict: {'yes' if '42' in reply else 'no'}" for reply in replies]
    return list(zip(ear.heard, rights, strict=True))


def taught(folder: Path, steps: int) -> float:
    """Teach the model, save it, and say how many nats its last replies still cost."""
    torch.manual_seed(0)
    taught_by = lessons(64 + 16 * steps)
    texts = tuple(m["content"] for chat, _ in taught_by[:64] for m in chat)
    model, tokenizer = FromScratch(
        shape="llama-tiny", tokenizer=Words((*texts, "Verdict: yes", "Verdict: no")), positions=2048
    ).load("cpu")
    renderer = TextRenderer(tokenizer, frozenset({end_token(tokenizer)}))
    rows = [(Task(id="", prompt=chat), reply) for chat, reply in taught_by[64:]]
    batches = (rows[16 * step :][:16] for step in range(steps))
    return imitated(model, tokenizer, renderer, batches, folder)


@contextmanager
def served(command: str, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The URL of the model, once it answers, and the process that serves it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | quiet
    words = [command, "serve", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [*words, "--device", "cpu"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, folder / "serve.log")
            yield f"http://127.0.0.1:{port}/v1", process
        finally:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise SystemExit(f"the server never answered:\n{log.read_text()[-2000:]}")


def judged(server: Server, decoding: ChatDecoding, *replies: str) -> list[dict[str, Any]]:
    """What becomes of these replies."""
    judge = ReasoningJudge(chat_model=server, belief=Confidence(), decoding=decoding)
    found = asyncio.run(verdicts(Group.of([rolled(r) for r in replies]), judge, context_of()))
    return [
        {"fault": v.fault, "score": v.score, "note": v.note, "parts": dict(v.parts)} for v in found
    ]


def rate(server: Server, at_once: int, count: int = 24) -> float:
    """Questions per second, none of them asked before."""
    fresh = replace(server, concurrency=at_once)
    replies = [f"The answer is {1000 * at_once + i}." for i in range(count)]
    judged(
        fresh, ChatDecoding(max_new_tokens=8), replies[0] + "0"
    )  # what is asked once is out of the way
    start = time.perf_counter()
    found = judged(fresh, ChatDecoding(max_new_tokens=8), *replies)
    assert len(found) == count
    return count / (time.perf_counter() - start)


def measured(command: str, steps: int) -> dict[str, Any]:
    """Everything that the table tells."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        start = time.perf_counter()
        told: dict[str, Any] = {"loss": taught(folder, steps)}
        told["taught_s"] = time.perf_counter() - start
        with served(command, folder) as (url, process):
            told["up_s"] = time.perf_counter() - start - told["taught_s"]
            server = Server(model=str(folder), urls=(url,), retries=1, backoff_s=0.1)
            replies = ("The answer is 42.", "The answer is 17.", "The answer is 99.")
            told["verdicts"] = judged(server, ChatDecoding(max_new_tokens=8), *replies)
            told["again"] = judged(
                replace(server, timeout_s=61.0), ChatDecoding(max_new_tokens=8), *replies
            )
            several = ChatDecoding(samples=3, temperature=1.0, max_new_tokens=8)
            told["votes"] = judged(server, several, *replies[:2])
            told["usage"] = dict(server.usage())
            told["per_second"] = {n: rate(server, n) for n in (1, 4, 16)}
            process.kill()
            process.wait()
            told["after"] = judged(server, ChatDecoding(max_new_tokens=8), "The answer is 11.")
    return told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--serve", default=os.environ.get("WHET_SERVE", "transformers"))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    told = measured(asked.serve, asked.steps)
    if asked.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
