"""Damaged model folders at every door that reads weights: refused by name, or exactly right."""

import asyncio
import shutil
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from damages import DAMAGES, OLD_HEAD, ROLES
from thinned import thinned
from transformers import AutoConfig, AutoModelForCausalLM

from whet.engines.digest import digest
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


@pytest.mark.parametrize("architecture", thinned(["qwen3", "gpt_neox"], 2))
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


def reference(folder, learner):
    asyncio.run(learner.set_reference(folder))
    return learner.reference.args[0].model


def resumed(folder, learner):
    asyncio.run(learner.load(folder))
    return learner.backbone.model


DOORS = [critic, further_learner, player, reference, resumed]


@pytest.fixture(scope="module")
def learner(good):
    """A learner that goes on from a checkpoint, or takes a reference."""
    found = asyncio.run(ENGINE.load_learner(good["llama"]))
    found.reset_optimizer(AdamW())
    return found


@pytest.mark.parametrize(
    "name", thinned([name for name, damage in DAMAGES.items() if damage.names], 2)
)
def test_no_door_is_softer_than_another(name, good, learner, tmp_path):
    folder = damaged(name, "llama", good, tmp_path)
    before = digest(learner.backbone.model.state_dict())
    if not DAMAGES[name].values:
        with refused(DAMAGES[name], ROLES["llama"]):
            planned(folder)
    for door in DOORS:
        with refused(DAMAGES[name], ROLES["llama"]):
            door(folder, learner)
    assert digest(learner.backbone.model.state_dict()) == before


@pytest.mark.parametrize("name", [name for name, damage in DAMAGES.items() if not damage.names])
def test_every_door_gives_the_same_weights(name, good, learner, tmp_path):
    folder = damaged(name, "llama", good, tmp_path)
    assert planned(folder) == planned(good["llama"])
    for door in DOORS:
        if door is resumed and not DAMAGES[name].resumes:
            with pytest.raises(IntegrityError, match=f"lm_head.weight.* torch.{name}"):
                door(folder, learner)
            continue
        if door is resumed:
            with torch.no_grad():
                learner.backbone.model.lm_head.weight.zero_()
        found = door(folder, learner).state_dict()
        for key, weight in model_of("llama").state_dict().items():
            assert torch.equal(found[key].float(), weight), key
