"""Damaged model folders at every door that reads weights: refused by name, or exactly right."""

import asyncio
import shutil
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from damages import DAMAGES, OLD_HEAD, ROLES
from transformers import AutoConfig, AutoModelForCausalLM

from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.engines.tokenizers import CharacterTokenizer
from whet.types import IntegrityError, UsageError
from whet.types.optimizers import AdamW

TOKENIZER = CharacterTokenizer(alphabet="0123456789=").build()
ENGINE = Embedded(device="cpu")
SIZES = {
    "vocab_size": len(TOKENIZER),
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "max_position_embeddings": 32,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": TOKENIZER.eos_token_id,
    "pad_token_id": TOKENIZER.pad_token_id,
}
GROUPED = ("num_key_value_heads", "head_dim")


def model_of(architecture) -> Any:
    """A few thousand weights of at most 8 bits, which every floating-point dtype holds exactly."""
    sizes = {k: v for k, v in SIZES.items() if architecture != "gpt_neox" or k not in GROUPED}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **sizes)).eval()
    rng = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randint(1, 64, p.shape, generator=rng) / 64 - 0.5)
    return model


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A checkpoint of each architecture, as a learner without adapters writes it."""
    folders = {}
    for architecture in ROLES:
        folder = folders[architecture] = tmp_path_factory.mktemp(architecture)
        model_of(architecture).save_pretrained(folder)
        TOKENIZER.save_pretrained(folder)
        learner = asyncio.run(ENGINE.load_learner(folder))
        learner.reset_optimizer(AdamW())
        asyncio.run(learner.save(folder))
    return folders


@contextmanager
def refused(damage, roles):
    """One line, which names all that the damage names."""
    with pytest.raises((UsageError, IntegrityError)) as caught:
        yield
    said = str(caught.value)
    assert "\n" not in said
    for name in damage.names:
        known = roles.get(name, name)
        assert known in said or (name == "head" and OLD_HEAD in said), said


def damaged(name, architecture, good, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(good[architecture], folder)
    DAMAGES[name].change(folder, ROLES[architecture])
    return folder


def planned(folder):
    source = Folder(path=str(folder))
    source.load_tokenizer()
    return source.size()


@pytest.mark.parametrize("architecture", ROLES)
@pytest.mark.parametrize("name", DAMAGES)
def test_a_plan_and_a_load_say_the_same(name, architecture, good, tmp_path):
    damage, roles = DAMAGES[name], ROLES[architecture]
    folder = damaged(name, architecture, good, tmp_path)
    if not damage.names:
        loaded, _ = Folder(path=str(folder)).load("cpu")
        ids = torch.arange(2, 10)[None]
        assert torch.equal(loaded(ids).logits, model_of(architecture)(ids).logits)
        assert planned(folder) == planned(good[architecture])
        return
    with refused(damage, roles):
        Folder(path=str(folder)).load("cpu")
    if damage.values:
        planned(folder)
        return
    with refused(damage, roles):
        planned(folder)


def critic(folder, _):
    return asyncio.run(ENGINE.critic(folder)).backbone.model


def further_learner(folder, _):
    return asyncio.run(ENGINE.load_learner(folder)).backbone.model


def player(folder, _):
    found: Any = asyncio.run(ENGINE.player(Folder(path=str(folder)), 0))
    return found.generator.backbone.model


def reference(folder, good):
    learner = asyncio.run(ENGINE.load_learner(good))
    asyncio.run(learner.set_reference(folder))
    scored: Any = learner.reference
    return scored.args[0].model


def resumed(folder, good):
    learner = asyncio.run(ENGINE.load_learner(good))
    learner.reset_optimizer(AdamW())
    asyncio.run(learner.load(folder))
    return learner.backbone.model


DOORS = [critic, further_learner, player, reference, resumed]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", DAMAGES)
def test_no_door_is_softer_than_another(name, door, good, tmp_path):
    damage, roles = DAMAGES[name], ROLES["llama"]
    folder = damaged(name, "llama", good, tmp_path)
    if damage.names:
        with refused(damage, roles):
            door(folder, good["llama"])
        return
    if door is resumed and not damage.resumes:
        with pytest.raises(IntegrityError, match=f"lm_head.weight.* torch.{name}"):
            door(folder, good["llama"])
        return
    found = door(folder, good["llama"]).state_dict()
    for key, weight in model_of("llama").state_dict().items():
        assert torch.equal(found[key].float(), weight), key
