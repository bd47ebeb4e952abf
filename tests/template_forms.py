"""Chat templates in twelve published forms and one more, and tokenizers of three kinds."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent / "rollouts" / "templates"
TEXT = ["the quick brown fox says hello to the world: 3+4=7, user assistant system tool call"] * 30
SPECIAL = (  # noqa: SIM905
    "<unk> <pad> <s> </s> <bos> <eos> <|im_start|> <|im_end|> <|endoftext|> <|begin_of_text|> "
    "<|eot_id|> <|start_header_id|> <|end_header_id|> <start_of_turn> <end_of_turn> <|user|> "
    "<|assistant|> <|system|> <|end|> <|observation|> [gMASK] <sop> <|start|> <|message|> "
    "<|channel|> <|return|> <|call|> <|START_OF_TURN_TOKEN|> <|END_OF_TURN_TOKEN|> <|USER_TOKEN|> "
    "<|CHATBOT_TOKEN|> <|SYSTEM_TOKEN|> <|START_RESPONSE|> <|END_RESPONSE|> <｜User｜> "
    "<｜Assistant｜> <｜begin▁of▁sentence｜> <｜end▁of▁sentence｜> <think> </think>"
).split()
DATE = "2026-01-31"
PRINTED = {  # what the forms print on that day, written by hand
    'strftime_now("%d %b %Y")': '"31 Jan 2026"',
    'strftime_now("%d %B %Y")': '"31 January 2026"',
    'strftime_now("%Y-%m-%d")': '"2026-01-31"',
}


@dataclass(frozen=True)
class Form:
    """A published form: its first token, its end token, and what closes a reply."""

    name: str
    bos: str  # empty: none
    eos: str
    closing: tuple[str, ...]
    takes: str = "system tools"  # what the form can show besides questions and answers

    @property
    def text(self):
        return (HERE / f"{self.name}.jinja").read_text(encoding="utf-8")

    @property
    def dated(self):
        """The text with the date put in by hand."""
        text = self.text
        for call, printed in PRINTED.items():
            text = text.replace(call, printed)
        return text


# where the publisher's end token differs from the terminator, it is the former
FORMS = {
    form.name: form
    for form in (
        Form("chatml", "", "<|endoftext|>", ("<|im_end|>",)),
        Form("qwen3", "", "<|endoftext|>", ("<|im_end|>",)),
        Form("llama2", "<s>", "</s>", ("</s>",), "system"),
        Form("llama3_2", "<|begin_of_text|>", "<eos>", ("<|eot_id|>",)),
        Form("mistral_v03", "<s>", "</s>", ("</s>",)),
        Form("gemma2", "<bos>", "<eos>", ("<end_of_turn>",), ""),
        Form("phi3_5", "<s>", "<|endoftext|>", ("<|end|>",), "system"),
        Form(
            "r1_distill",
            "<｜begin▁of▁sentence｜>",
            "<｜end▁of▁sentence｜>",
            ("<｜end▁of▁sentence｜>",),
            "system",
        ),
        Form("glm4_5", "", "<|endoftext|>", ("<|user|>",)),
        Form("harmony", "", "<|return|>", ("<|return|>",)),
        Form(
            "cohere2",
            "<bos>",
            "<|END_OF_TURN_TOKEN|>",
            ("<|END_RESPONSE|>", "<|END_OF_TURN_TOKEN|>"),
            "system",
        ),
        Form("zephyr", "<s>", "</s>", ("</s>",), "system"),
        Form("smollm3", "", "<|endoftext|>", ("<|im_end|>",), "system"),
    )
}


def byte_level():
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(TEXT, trainer)
    return inner


KNOWN = sorted({*TEXT[0], *"<|>/_?.,!'\"{}[]\n\\", *map(chr, range(97, 123)), *"0123456789"})


def metaspace():
    """Like sentencepiece: a space before the text, unigram pieces, unknown characters.

    The scores are set by hand, because two trainings differ in their last bits.
    """
    words = [f"▁{word}" for word in dict.fromkeys(TEXT[0].split())]
    pieces = [(word, -3.0) for word in words] + [(one, -9.0) for one in ["▁", *KNOWN]]
    inner = Tokenizer(models.Unigram([(s, 0.0) for s in SPECIAL] + pieces, unk_id=0))
    inner.add_special_tokens(SPECIAL)
    inner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    inner.decoder = decoders.Metaspace(prepend_scheme="first")
    return inner


def characters():
    names = {w: i for i, w in enumerate([*SPECIAL, *KNOWN])}
    inner = Tokenizer(models.WordLevel(names, unk_token="<unk>"))
    inner.add_special_tokens(SPECIAL)
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    inner.decoder = decoders.Fuse()
    return inner


KINDS = {"bytes": byte_level, "metaspace": metaspace, "characters": characters}


@cache
def trained(kind):
    return KINDS[kind]().to_str()


@cache
def tokenizer(kind, name):
    """A tokenizer of this kind with this form, which puts a BOS before plain text if it has one."""
    form = FORMS[name]
    inner = Tokenizer.from_str(trained(kind))
    if form.bos:
        inner.post_processor = processors.TemplateProcessing(
            single=f"{form.bos} $A", special_tokens=[(form.bos, SPECIAL.index(form.bos))]
        )
    named = {"bos_token": form.bos} if form.bos else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token=form.eos,
        unk_token="<unk>",
        pad_token="<pad>",
        chat_template=form.text,
        clean_up_tokenization_spaces=False,
        **named,
    )
