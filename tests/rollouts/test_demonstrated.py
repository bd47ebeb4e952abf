"""Demonstrations are the beginning of the template's own rendering of question and answer."""

from functools import cache

import pytest
from chatml import fresh
from template_forms import DATE, FORMS, KINDS, KNOWN, SPECIAL, TEXT, byte_level, trained
from template_forms import tokenizer as known
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import GenerationConfig, PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import render_jinja_template

from whet.engines.ends import end_tokens
from whet.rollouts.renderer import TextRenderer
from whet.types import Task

ASKED = ({"role": "user", "content": "3+4"},)


def legacy():
    """Like Llama 2: a space before every stretch of text, and bytes for what is unknown."""
    letters = ["▁", *(one for one in KNOWN if one != "\n")]
    pieces = [*SPECIAL, *(f"<0x{i:02X}>" for i in range(256)), *letters]
    merges = [("▁", digit) for digit in "0123456789"]
    for word in TEXT[0].split():
        merges += [("▁" + word[:n], word[n]) for n in range(len(word))]
    merges = [*dict.fromkeys(merges)]
    names = dict.fromkeys([*pieces, *map("".join, merges)])
    inner = Tokenizer(
        models.BPE(
            vocab={name: i for i, name in enumerate(names)},
            merges=merges,
            unk_token="<unk>",
            byte_fallback=True,
            fuse_unk=True,
        )
    )
    inner.add_special_tokens(SPECIAL)
    inner.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    inner.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return inner


def stripping():
    """Like Phi 3: special tokens take the spaces behind them."""
    return Tokenizer.from_str(trained("bytes").replace('"rstrip":false', '"rstrip":true'))


def prefixed():
    """Bytes, with a space before every stretch of text."""
    inner = byte_level()
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return inner


MORE = {"legacy": legacy, "stripping": stripping, "prefixed": prefixed}


@cache
def tokenizer(kind, name) -> PreTrainedTokenizerFast:
    if kind in KINDS:
        return known(kind, name)
    form = FORMS[name]
    named = {"bos_token": form.bos} if form.bos else {}
    return fresh(form.text, form.eos, MORE[kind](), **named)


def ids_of(held, text):
    held.backend_tokenizer.encode_special_tokens = False
    return held.backend_tokenizer.encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("kind", [*KINDS, *MORE])
@pytest.mark.parametrize("name", [name for name in FORMS if name != "r1_distill"])
def test_a_demonstration_begins_a_whole_rendering(kind, name):
    """Opening, reply and closing are its ids; a newline behind the closing is not taught."""
    form, held = FORMS[name], tokenizer(kind, name)
    made = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)
    for reply in ("7", "hello world", "the quick\nfox", " 7", "7 ", "\n7"):
        shown = made.demonstration(Task(id="t", prompt=ASKED), reply)
        chat = [*ASKED, {"role": "assistant", "content": reply}]
        [text], _ = render_jinja_template(
            conversations=[chat], chat_template=form.dated, **held.special_tokens_map
        )
        due = ids_of(held, text) + ids_of(held, "<|user|>" * (name == "glm4_5"))
        ids = shown.token_ids.tolist()
        assert ids == due[: len(ids)]
        assert tuple(held.convert_ids_to_tokens(ids)[-len(form.closing) :]) == form.closing
        assert reply.strip() in shown.messages[-1]["content"]
        assert [*made.opening(ASKED)] == ids[: shown.acts[0].start]
        assert [*made.closed_ids(Task(id="t", prompt=ASKED), reply)] == ids[shown.acts[0].start :]


GLUE = {  # what a model that was trained on the form says before an answer
    "llama2": " ",
    "mistral_v03": " ",
    "harmony": "<|channel|>final<|message|>",
    "qwen3": "<think>\n\n</think>\n\n",
    "r1_distill": "",
    "chatml": "",
}


@pytest.mark.parametrize("name", GLUE)
def test_what_stands_before_an_answer_is_said(name):
    held = known("bytes", name)
    made = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)
    shown = made.demonstration(Task(id="t", prompt=ASKED), "hello")
    said = made.text(shown.chosen_ids.tolist())
    assert said.rstrip() == GLUE[name] + "hello"
    assert shown.messages[-1]["content"] == said
    assert shown.columns["char_ends"][-1] == len(said)


def test_a_reply_that_the_template_rewrites_stays_as_it_was():
    reply = "<think>\na\n</think>\n\n7"
    for name in ("qwen3", "r1_distill", "glm4_5"):
        held = known("bytes", name)
        made = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)
        shown = made.demonstration(Task(id="t", prompt=ASKED), reply)
        assert made.text(shown.chosen_ids.tolist()) == reply


def test_a_reply_to_a_prefill_gets_nothing_before_it():
    held = known("bytes", "harmony")
    made = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)
    begun = (*ASKED, {"role": "assistant", "content": "It is"})
    shown = made.demonstration(Task(id="t", prompt=begun), " 7")
    assert held.decode(shown.token_ids).endswith("It is 7<|return|>")


@pytest.mark.parametrize("prompt", ["3+4=", ASKED])
@pytest.mark.parametrize("end", ["<|im_end|>", "<|endoftext|>"])
def test_a_reply_that_is_closed_is_not_closed_again(prompt, end):
    held = fresh()
    made = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)
    shown = made.demonstration(Task(id="t", prompt=prompt), f"7{end}")
    assert held.convert_ids_to_tokens(shown.chosen_ids.tolist()) == ["7", end]
    assert shown.messages[-1]["content"] == "7"
