"""A judge of codes behind a real server: made from scratch, taught by warm-up, asked over HTTP.

It is shown the digits of the right code and of the one that a lock was opened with, `u6v0w6` and
`U6V0W5`, by the library's own `Pointwise`, and replies `u6U6yv0V0yw6W5n</think>0`: wheel by wheel
what each code says and whether that is the same, then the mark.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from wiring import finished

from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.protocols import ChatModel, Corpus, Reward
from whet.rewards.generative.begun import BegunThoughts
from whet.rewards.generative.pointwise import Expected, Pointwise
from whet.rewards.judging import context_of, verdicts
from whet.rewards.verifiable.labelled import Labelled
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.ledger import Ledger
from whet.training.run import CheckpointConfig, PeriodicEval, Run, Warmup
from whet.types import (
    ChatDecoding,
    ChatReply,
    Decoding,
    Finish,
    Group,
    Message,
    Reason,
    Rollout,
    Task,
    Verdict,
)
from whet.types.optimizers import AdamW, ConstantDecay

TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<pad>", "<end>", "<unk>", "<|system|>", "<|user|>", "<|assistant|>"]
NONCE = re.compile("[0-9a-f]{16}")  # of the fences: letters and digits that make no word
HELD_OUT = 200  # questions to the judge
CHAIN = re.compile(r"(?:[a-z][0-9])+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The code that a reply opens a lock with: for the last label of each wheel its last value.

    None where the reply is no chain of labels and digits, or leaves a wheel out.
    """

    def __call__(self, rollout: Rollout) -> str | None:
        if rollout.finish is Finish.LENGTH or not CHAIN.fullmatch(rollout.reply):
            return None
        said = dict(zip(rollout.reply[::2], rollout.reply[1::2], strict=True))
        wheels = str(rollout.task.prompt).rstrip("=").split("|")
        labels = [re.findall("[a-z]", wheel)[-1] for wheel in wheels]
        return (
            "".join(label + said[label] for label in labels) if set(labels) <= set(said) else None
        )


def shown(gold: str, code: str) -> Rollout:
    """What the judge gets to see: the right digits as the task, the proposed ones as the reply."""
    right, proposed = (
        "".join(label + digit for label, digit in zip(labels, digits, strict=True))
        for labels, digits in (("uvw", gold), ("UVW", code))
    )
    task = Task(id=right, prompt=right)
    return Rollout.from_text(task, proposed)


def pointwise(chat_model: ChatModel) -> Pointwise:
    """0 or 1, by the library's judge of single replies."""
    return Pointwise(
        chat_model=BegunThoughts(inner=chat_model),
        criterion="are both codes the same",
        scale=Expected(low=0, high=1),
        decoding=ChatDecoding(max_new_tokens=24),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Reward):
    """The server's mark is what is learned from; `correct` is the checker's, for the record.

    A reply that opens nothing earns 0 and is not asked about.  Part `agrees`: is the mark what the
    checker would have given?
    """

    chat_model: ChatModel

    async def score(self, rollout: Rollout) -> Verdict:
        """Ask about the code alone."""
        right = bool(Labelled().score(rollout).correct)
        code = Ends()(rollout)
        if code is None:
            return Verdict.failure(Reason.BAD_FORMAT)
        digits = shown(rollout.task.answer[1::2], code[1::2])
        found = await pointwise(self.chat_model).score(digits)
        if not found.judged:
            return found
        agrees = float((found.score > 0.5) == right)
        return replace(found, correct=right, parts={**found.parts, "agrees": agrees})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A byte-level tokenizer that knows the words of these texts; every digit stands alone."""

    texts: tuple[str, ...]

    def build(self) -> PreTrainedTokenizerFast:
        """Train it."""
        inner = Tokenizer(models.BPE())
        digits: Any = pre_tokenizers.Digits(individual_digits=True)
        level: Any = pre_tokenizers.ByteLevel(add_prefix_space=False)
        inner.pre_tokenizer = pre_tokenizers.Sequence([digits, level])  # pyright: ignore
        inner.decoder = decoders.ByteLevel()  # pyright: ignore
        trainer = trainers.BpeTrainer(
            vocab_size=640,
            special_tokens=SPECIAL,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        inner.train_from_iterator(self.texts, trainer)
        outer = PreTrainedTokenizerFast(
            tokenizer_object=inner,
            pad_token="<pad>",
            eos_token="<end>",
            unk_token="<unk>",
            chat_template=TEMPLATE,
        )
        outer.add_tokens(["</think>"])
        return outer


def drawn(rng: Random) -> tuple[str, str]:
    """The digits of two codes of three wheels: half of them agree, the rest in 0 to 2 of them."""
    gold = [str(rng.randint(0, 9)) for _ in range(3)]
    code = list(gold)
    if rng.random() < 0.5:
        for place in rng.sample(range(3), rng.randint(1, 3)):
            code[place] = rng.choice([d for d in "0123456789" if d != gold[place]])
    return "".join(gold), "".join(code)


def worked(gold: str, code: str) -> str:
    """What the judge should say."""
    pairs = zip("uvw", gold, "UVW", code, strict=True)
    wheels = [f"{a}{x}{b}{y}{'y' if x == y else 'n'}" for a, x, b, y in pairs]
    return f"{''.join(wheels)}</think>{int(gold == code)}"


@dataclass
class Listener:
    """A chat model that keeps the question and always says 0."""

    heard: list[tuple[Message, ...]]

    async def complete(
        self, messages: tuple[Message, ...], decoding: ChatDecoding
    ) -> tuple[ChatReply, ...]:
        """Listen."""
        self.heard.append(messages)
        return (ChatReply(text="0"),) * decoding.samples


@dataclass(frozen=True, eq=False)
class Lessons(Corpus):
    """Questions and what should be said: a teacher, and a corpus whose last tasks are held out."""

    chats: tuple[tuple[Message, ...], ...]
    codes: tuple[tuple[str, str], ...]

    @classmethod
    def bare(cls, count: int) -> "Lessons":
        """The two codes and nothing else, to begin with."""
        rng = Random("bare")
        codes = tuple(drawn(rng) for _ in range(count))
        said = ("".join(shown(*pair).turns) for pair in codes)
        return cls(tuple(({"role": "user", "content": text},) for text in said), codes)

    @classmethod
    def framed(cls, count: int) -> "Lessons":
        """Just as the library asks."""
        ear, rng = Listener([]), Random("framed")
        codes = tuple(drawn(rng) for _ in range(count))
        group = Group.of([shown(*pair) for pair in codes])
        asyncio.run(verdicts(group, pointwise(ear), context_of()))
        return cls(tuple(ear.heard), codes)

    def example(self, step: int, index: int) -> tuple[Task, str]:
        """A question, and what should be said."""
        del step
        place = index % (len(self.chats) - HELD_OUT)
        return self.task("train", place), worked(*self.codes[place])

    def task(self, split: str, index: int) -> Task:
        """A question; its answer is the mark."""
        place = index % len(self.chats)
        gold, code = self.codes[place]
        return Task(id=f"{split}/{place}", prompt=self.chats[place], answer=str(int(gold == code)))

    def held_out(self, split: str, count: int) -> Sequence[Task]:
        """The last ones, which nobody is taught."""
        last = len(self.chats)
        return [self.task(split, place) for place in range(last - count, last)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark(Reward):
    """1 where the mark is the right one, whatever was thought before."""

    def score(self, rollout: Rollout) -> Verdict:
        """Look behind the thoughts."""
        return Verdict.binary(
            correct=rollout.reply.rpartition("</think>")[2] == rollout.task.answer
        )


def lesson(teacher: Lessons, steps: int, batch: int, until: float) -> Warmup:
    """At a rate that small models of this library learn with."""
    optimizer = AdamW(lr=3e-3, betas=(0.9, 0.98), decay=ConstantDecay(warmup=30))
    return Warmup(teacher=teacher, steps=steps, batch=batch, optimizer=optimizer, until=until)


def taught(folder: Path) -> tuple[Path, float]:
    """The judge's folder, and how many marks of questions held out are right, greedily.

    Taught once; the folder is looked up after that.
    """
    bare, framed = Lessons.bare(32_000), Lessons.framed(8000)
    texts = (NONCE.sub("", m["content"]) for chat in framed.chats[:50] for m in chat)
    run = Run(
        model=FromScratch(shape="neox-tiny", tokenizer=Frame(texts=tuple(texts)), positions=1024),
        corpus=framed,
        reward=Mark(),
        warmup=(
            lesson(bare, steps=900, batch=32, until=0.01),
            lesson(framed, steps=400, batch=16, until=0.01),
        ),
        sampling=Standard(
            prompts=Uniform(per_step=1),
            size=Fixed(rollouts=2),
            decoding=Decoding(max_new_tokens=24),
        ),
        objective=algorithms.load("dapo"),
        engine=Embedded(device="cpu", threads=1, slots=64, budget=6000),
        steps=0,
        evaluation=EvalConfig(problems=HELD_OUT, samples=1, k=(1,)),
        periodic=PeriodicEval(every=0),
        checkpoints=CheckpointConfig(seconds=1e9),
    )
    finished(run, folder)
    evaluation = next(row for row in Ledger(folder).rows() if row["kind"] == "final")
    return folder / "checkpoints" / "step-000000", evaluation["metrics"]["greedy"]["value"]
