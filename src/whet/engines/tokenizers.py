"""Tokenizers for models that are trained from scratch, saved in Hugging Face's format."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import isawaitable
from string import ascii_lowercase, digits
from typing import Protocol, runtime_checkable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from whet.protocols import Teacher
from whet.types import UsageError

PAD, END, UNKNOWN = "<pad>", "<end>", "<unk>"


@runtime_checkable
class TokenizerSpec(Protocol):
    """The settings of a tokenizer that is built from scratch."""

    def build(self) -> PreTrainedTokenizerBase:
        """Build the tokenizer; it has an end token."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterTokenizer:
    """One token per character of `alphabet`, besides <pad>, <end> and <unk>."""

    alphabet: str = digits + ascii_lowercase + "+-*/=|;,>#() "

    def build(self) -> PreTrainedTokenizerBase:
        """Build a word-level tokenizer with single characters as words."""
        if len(set(self.alphabet)) != len(self.alphabet) or not self.alphabet:
            raise UsageError(f"tokenizer.alphabet {self.alphabet!r} is empty or repeats itself")
        names = [PAD, END, UNKNOWN, *self.alphabet]
        words = models.WordLevel({name: i for i, name in enumerate(names)}, unk_token=UNKNOWN)
        inner = Tokenizer(words)
        inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")  # pyright: ignore
        inner.decoder = decoders.Fuse()  # pyright: ignore
        return _wrapped(inner)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteLevelBPE:
    """Byte-level BPE, trained on the first worked examples of a teacher."""

    teacher: Teacher
    size: int = 512
    examples: int = 2000

    def build(self) -> PreTrainedTokenizerBase:
        """Train the tokenizer; equal examples give equal merges."""
        inner = Tokenizer(models.BPE())
        inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # pyright: ignore
        inner.decoder = decoders.ByteLevel()  # pyright: ignore
        trainer = trainers.BpeTrainer(
            vocab_size=self.size,
            special_tokens=[PAD, END, UNKNOWN],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        inner.train_from_iterator(self._texts(), trainer)
        return _wrapped(inner)

    def _texts(self) -> Iterator[str]:
        for index in range(self.examples):
            found = self.teacher.example(0, index)
            if isawaitable(found) or not isinstance(found[1], str):
                raise UsageError(
                    f"tokenizer.teacher is {type(self.teacher).__name__}, which gives whole "
                    "conversations; give a teacher of single replies"
                )
            task, reply = found
            yield f"{task.prompt}{reply}"


def _wrapped(inner: Tokenizer) -> PreTrainedTokenizerBase:
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        clean_up_tokenization_spaces=False,
    )
