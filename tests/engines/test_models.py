"""Models and tokenizers: ours, anyone's, and what is no model."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma2Config,
    MambaConfig,
    MistralConfig,
    StableLmConfig,
)

from whet.engines.digest import digest
from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.forest import Segment, build_forest
from whet.engines.models import SHAPES, Folder, FromScratch
from whet.engines.plain.engine import Plain
from whet.engines.tokenizers import ByteLevelBPE, CharacterTokenizer
from whet.rollouts.renderer import TextRenderer, end_token
from whet.types import Task, UsageError

ABC = CharacterTokenizer(alphabet="abc 01")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fresh_model_is_the_same_for_a_seed_and_loads_anywhere(shape, tmp_path):
    one, tokenizer = FromScratch(shape=shape, tokenizer=ABC).load("cpu", seed=3)
    two, _ = FromScratch(shape=shape, tokenizer=ABC).load("cpu", seed=3)
    other, _ = FromScratch(shape=shape, tokenizer=ABC).load("cpu", seed=4)
    assert digest(one.state_dict()) == digest(two.state_dict()) != digest(other.state_dict())
    one.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    ids = torch.tensor([tokenizer.encode("a0 b1")])
    plain: Any = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert torch.equal(plain(ids).logits, one(ids).logits)
    assert AutoTokenizer.from_pretrained(tmp_path).encode("a0 b1") == ids[0].tolist()


def test_the_scale_of_a_fresh_model():
    model, _ = FromScratch().load("cpu")
    body: Any = model.base_model
    head: Any = model.get_output_embeddings()
    assert body.embed_in.weight.std().item() == pytest.approx(0.7, rel=0.05)
    assert head.weight.std().item() == pytest.approx(0.02, rel=0.05)
    inner = body.layers[0].mlp
    assert inner.dense_h_to_4h.weight.std().item() == pytest.approx(96**-0.5, rel=0.05)
    assert inner.dense_4h_to_h.weight.std().item() == pytest.approx(384**-0.5 / 2, rel=0.05)


@pytest.mark.parametrize("shape", SHAPES)
def test_size_is_known_without_loading(shape, tmp_path):
    fresh = FromScratch(shape=shape, tokenizer=ABC)
    model, tokenizer = fresh.load("cpu")
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert fresh.size().parameters == sum(p.numel() for p in model.parameters())
    assert Folder(path=str(tmp_path)).size() == fresh.size()


def rendering(tokenizer):
    return TextRenderer(tokenizer, frozenset({end_token(tokenizer)}))


@given(st.text(alphabet=ABC.alphabet, max_size=20))
def test_characters_come_back_as_they_went(text):
    tokenizer = ABC.build()
    ids = tokenizer.encode(text)
    assert len(ids) == len(text)
    renderer = rendering(tokenizer)
    assert renderer.text(ids) == text
    shown = renderer.demonstration(Task(id="t", prompt="a"), text).chosen_ids.tolist()
    assert renderer.text(shown) == text
    assert shown[-1] == end_token(tokenizer)


class Sums:
    """Teaches sums in words."""

    def example(self, step, index):
        return Task(id=str(index), prompt=f"what is {index} plus 1? "), f"it is {index + 1}."


def test_byte_pairs_merge_what_comes_often_and_lose_nothing():
    tokenizer = ByteLevelBPE(teacher=Sums(), size=320, examples=200).build()
    text = "what is 7 plus 1? it is 8. Ünïcödé ≠ ☃"
    assert rendering(tokenizer).text(tokenizer.encode(text)) == text
    assert len(tokenizer.encode("what is ")) < 5
    assert len(tokenizer) == 320
    again = ByteLevelBPE(teacher=Sums(), size=320, examples=200).build()
    assert again.encode(text) == tokenizer.encode(text)


def test_a_chat_goes_through_the_template(tmp_path):
    tokenizer = ABC.build()
    chat = ({"role": "user", "content": "a1"},)
    with pytest.raises(UsageError, match="no chat template"):
        rendering(tokenizer).opening(chat)
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m.content }} {% endfor %}"
        "{% if add_generation_prompt %}0{% endif %}"
    )
    assert rendering(tokenizer).opening(chat) == tuple(tokenizer.encode("a1 0"))


def test_a_prompt_of_nothing_is_refused():
    with pytest.raises(UsageError, match="has no tokens"):
        rendering(ABC.build()).opening("")


def gutted(path: Path, *names: str) -> Folder:
    model, tokenizer = FromScratch(tokenizer=ABC).load("cpu")
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    for name in names:
        (path / name).unlink()
    return Folder(path=str(path))


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (["config.json"], "has no config.json"),
        (["tokenizer.json"], "has no tokenizer"),
        (["model.safetensors"], "has no weights"),
    ],
)
def test_half_a_model_is_refused_by_its_missing_half(tmp_path, missing, told):
    with pytest.raises(UsageError, match=told):
        gutted(tmp_path, *missing).load("cpu")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: FromScratch(shape="lama-tiny").load("cpu"), "did you mean 'llama-tiny'"),
        (lambda: CharacterTokenizer(alphabet="aab").build(), "repeats itself"),
        (
            lambda: asyncio.run(Embedded(device="tpu").open(FromScratch(), 0)),
            "device 'tpu' is unknown",
        ),
        (lambda: Embedded(slots=0), "engine.slots is 0"),
        (lambda: Folder(path=".", dtype="f32").load("cpu"), "did you mean 'float32'"),
    ],
)
def test_wrong_settings_are_refused_by_name(make, told):
    with pytest.raises(UsageError, match=told):
        make()


SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
}


def test_an_architecture_that_caps_its_scores_or_logits_is_refused():
    model = AutoModelForCausalLM.from_config(Gemma2Config(**SIZES))
    with pytest.raises(UsageError, match="embedded engine"):
        Backbone(model)


def test_an_architecture_that_the_engine_breaks_on_is_refused():
    model = AutoModelForCausalLM.from_config(StableLmConfig(**SIZES))
    with pytest.raises(
        UsageError, match="'stablelm' can't be run by the embedded engine"
    ) as caught:
        Backbone(model)
    assert "\n" not in str(caught.value)


OWN_ATTENTION = {  # they would see other rollouts, or none of their prompt
    "bloom": {"n_layer": 2, "n_head": 4},
    "gptj": {"n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4, "n_positions": 64},
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 4},
    "falcon": {"num_hidden_layers": 2},
    "rwkv": {"attention_hidden_size": 32},
    "mamba": {},
    "xglm": {"d_model": 32, "ffn_dim": 64, "num_layers": 2, "attention_heads": 4},
    "lfm2": {"layer_types": ["conv", "full_attention"], "num_hidden_layers": 2},
}


@pytest.mark.parametrize("architecture", OWN_ATTENTION)
def test_layers_without_the_engines_attention_are_refused_by_their_number(architecture):
    sizes = SIZES | OWN_ATTENTION[architecture]
    if architecture != "lfm2":
        sizes = {k: v for k, v in sizes.items() if k not in ("head_dim", "num_key_value_heads")}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **sizes))
    layers = 1 if architecture == "lfm2" else 2
    with pytest.raises(UsageError, match=f"'{architecture}' has {layers} layers .* is layer 0"):
        Backbone(model)


def test_two_texts_with_one_beginning_do_not_see_each_other():
    """As the probe asks of every model: a layer that looks one token back sees across texts."""

    class Leaky(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, hidden, *args, **kwargs):
            out = self.inner(hidden, *args, **kwargs)
            return out + 0.1 * torch.nn.functional.pad(hidden, (0, 0, 1, 0))[:, :-1]

    model: Any = AutoModelForCausalLM.from_config(MistralConfig(**SIZES, sliding_window=None))
    Backbone(model)
    leaky: Any = AutoModelForCausalLM.from_config(MistralConfig(**SIZES, sliding_window=None))
    leaky.model.layers[0].mlp = Leaky(leaky.model.layers[0].mlp)
    with pytest.raises(UsageError, match="computes something that the embedded engine does not"):
        Backbone(leaky)


def test_a_model_without_a_limited_number_of_positions_is_refused(tmp_path):
    config = MambaConfig(vocab_size=len(ABC.build()), hidden_size=16, num_hidden_layers=1)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    ABC.build().save_pretrained(tmp_path)
    source = Folder(path=str(tmp_path))
    assert (source.size().positions, source.size().cache_bytes) == (0, 0)
    assert Plain().positions(source) > 2**30
    with pytest.raises(UsageError, match="'mamba' has no .*max_position_embeddings.*engine plain"):
        Embedded().positions(source)


def test_texts_beyond_a_window_are_refused_and_a_window_that_never_bites_is_no_matter():
    narrow = Backbone(AutoModelForCausalLM.from_config(MistralConfig(**SIZES, sliding_window=4)))
    tokens = torch.arange(8)
    with pytest.raises(
        UsageError, match="8 tokens is longer than the 4 positions .*sliding_window is 4"
    ):
        narrow.hidden(tokens, tokens, build_forest([Segment(0, 8)], torch.device("cpu")))
    Backbone(AutoModelForCausalLM.from_config(MistralConfig(**SIZES, sliding_window=32)))


def test_a_digest_sees_every_bit_and_every_name():
    weights = {"a": torch.arange(4.0), "b": torch.zeros(2, 2)}
    same = {"b": torch.zeros(2, 2), "a": torch.arange(4.0)}
    assert digest(weights) == digest(same)
    changed = weights["a"].clone()
    changed[3] = torch.nextafter(changed[3], torch.tensor(9.0))
    others = [
        {**weights, "a": changed},
        {"a": weights["a"], "c": weights["b"]},
        {**weights, "b": torch.zeros(4)},
        {**weights, "b": torch.zeros(2, 2, dtype=torch.bfloat16)},
    ]
    assert len({digest(w) for w in [weights, *others]}) == 5
