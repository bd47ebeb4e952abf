"""At open a reply is forked and decoded: what only decoding gets wrong is refused there."""

import asyncio
from typing import Any

import pytest
import torch
from tiny import tiny

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.decoding_probe import check_decoding
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.forest import NAME
from whet.engines.random_models import RandomModel
from whet.testing.architectures import settings_of
from whet.types import UsageError

FEW = 4  # tokens of a call; a forward pass of a text has more


class Hasty(torch.nn.Module):
    """A layer that computes something else for a few tokens, as a kernel for decoding may."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, hidden):
        out = self.inner(hidden)
        return out if hidden.shape[1] > FEW else 1.5 * out


@pytest.mark.parametrize("architecture", ["llama", "qwen3"])
def test_what_only_decoding_gets_wrong_is_refused(architecture):
    sound: Any = Backbone(tiny(architecture))
    check_decoding(sound, "sdpa")
    assert sound.model.config._attn_implementation == NAME
    hasty: Any = tiny(architecture)
    hasty.model.layers[1].mlp = Hasty(hasty.model.layers[1].mlp)
    with pytest.raises(UsageError, match=f"'{architecture}' decodes something else") as caught:
        check_decoding(Backbone(hasty), "sdpa")
    assert "--engine plain" in str(caught.value)


def test_an_engine_opens_with_empty_caches_and_counts_nothing_of_the_probe(tmp_path):
    kind, settings = settings_of("llama")
    source = RandomModel(model_type=kind, settings=settings).save(tmp_path)
    player = asyncio.run(Embedded(device="cpu").player(source, 0))
    assert set(player.token_counts().values()) == {0}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gemma2", "attn_logit_softcapping is 50.0"),
        ("cohere", "logit_scale is 0.0625"),
        ("llama4_text", "attention_chunk_size is 16"),
        ("falcon, alibi", "alibi"),
    ],
)
def test_a_refusal_names_the_setting(name, told, tmp_path):
    kind, settings = settings_of(name)
    source = RandomModel(model_type=kind, settings=settings).save(tmp_path)
    with pytest.raises(UsageError) as caught:
        asyncio.run(Embedded(device="cpu").player(source, 0))
    assert told in str(caught.value)
    assert f"model '{kind}'" in str(caught.value)
    assert "\n" not in str(caught.value)
