"""What is out after each token, for tokenizers of three kinds."""

from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from whet.engines.tokenizers import CharacterTokenizer
from whet.rollouts.renderer import TextRenderer
from whet.types import Rollout, Task, UsageError

TEXT = ["hello the world, hello again"] * 20


def trained(before, after, size):
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer, inner.decoder = before, after
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<end>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if size > 256 else [],
        show_progress=False,
    )
    inner.train_from_iterator(TEXT, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<end>", clean_up_tokenization_spaces=False
    )


@pytest.fixture(scope="module")
def tokenizers():
    byte = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return {
        "characters": CharacterTokenizer().build(),
        "bytes": trained(byte, decoders.ByteLevel(), 300),
        "words": trained(pre_tokenizers.Metaspace(), decoders.Metaspace(), 40),
    }


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("characters", "3+4=7;#7"),
        ("bytes", "hello again"),
        ("bytes", "hello é the 🙂🙂 world"),
        ("bytes", "🙂"),
        ("words", "hello the world hello"),
        ("words", "hello"),
        ("bytes", ""),
    ],
)
def test_what_is_out_after_each_token(tokenizers, kind, text):
    tokenizer = tokenizers[kind]
    ids = [*tokenizer.encode(text), tokenizer.eos_token_id]
    renderer = TextRenderer(tokenizer, frozenset({tokenizer.eos_token_id}))
    whole = renderer.text(ids)
    found = renderer.char_ends(ids, whole)
    assert found is not None
    assert len(found) == len(ids) and found[-1] == len(whole)
    for n, out in enumerate(found):
        begun = renderer.text(ids[: n + 1])
        assert whole[:out] == begun.rstrip("�")


def test_a_reply_cut_off_within_a_character_is_out_as_it_is_shown(tokenizers):
    tokenizer = tokenizers["bytes"]
    ids = tokenizer.encode("a🙂")[:-1]
    renderer = TextRenderer(tokenizer, frozenset({tokenizer.eos_token_id}))
    shown = renderer.text(ids)
    assert shown.endswith("�")
    ends = renderer.char_ends(ids, shown)
    assert ends is not None and ends[-1] == len(shown)


def test_where_a_text_is_not_what_its_tokens_say_nothing_is_claimed(tokenizers):
    tokenizer = tokenizers["words"]
    renderer = TextRenderer(tokenizer, frozenset({tokenizer.eos_token_id}))
    assert renderer.char_ends(tokenizer.encode("hello the"), "HELLO, THE") is None


@pytest.mark.parametrize("kind", ["characters", "bytes", "words"])
def test_what_a_world_quotes_is_text(tokenizers, kind):
    """A policy that says "<end>" letter by letter goes on, and so does a world that repeats it."""
    tokenizer = tokenizers[kind]
    end = tokenizer.eos_token_id
    renderer = TextRenderer(tokenizer, frozenset({end}))
    quoted = renderer.following("hello <end> hello")
    assert end not in quoted
    if kind == "bytes":
        assert renderer.text(quoted) == "hello <end> hello"
    assert end in tokenizer.encode("hello <end> hello")  # what a bare tokenizer reads
    assert renderer.following("") == ()


def ending(byte):
    """A tokenizer that puts an end token after everything."""
    tokenizer = trained(byte, decoders.ByteLevel(), 300)
    end = tokenizer.eos_token_id
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <end>", special_tokens=[("<end>", end)]
    )
    return tokenizer


def test_an_opening_does_not_end_before_the_policy_begins():
    tokenizer = ending(pre_tokenizers.ByteLevel(add_prefix_space=False))
    end: Any = tokenizer.eos_token_id
    renderer = TextRenderer(tokenizer, frozenset({end}))
    bare = tokenizer.encode("hello again", add_special_tokens=False)
    assert tokenizer.encode("hello again") == [*bare, end]
    assert renderer.opening("hello again") == tuple(bare)
    assert renderer.opening("hello<end>")[-2:] != (end, end)  # the prompt's own stays
    assert renderer.opening("hello<end>")[-1] == end
    with pytest.raises(UsageError, match="no tokens"):
        renderer.opening("")


def test_a_prompt_that_comes_again_has_the_same_ids():
    tokenizer = ending(pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<end> $A", special_tokens=[("<end>", tokenizer.eos_token_id)]
    )
    renderer = TextRenderer(tokenizer, frozenset())
    assert renderer.opening("") == (tokenizer.eos_token_id,)  # a first token of its own
    said = [renderer.opening(text) for text in ("hello", "hello", "again", "hello")]
    assert said == [tuple(tokenizer.encode(t)) for t in ("hello", "hello", "again", "hello")]


def test_a_rollout_is_told_by_its_name_and_size():
    """`asyncio.run` makes the text of what it returns: no arrays in it."""
    long = Rollout(
        task=Task(id="a", prompt="b"),
        seed=0,
        token_ids=np.arange(100_000, dtype=np.int32),
        action_mask=np.ones(100_000, bool),
        behaviour_logp=np.zeros(100_000, np.float32),
    )
    assert len(repr(long)) < 300 and "tokens=100000" in repr(long)
