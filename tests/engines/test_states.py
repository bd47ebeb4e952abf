"""States of learners and critics: another one is refused by the name of its first odd tensor."""

import asyncio

import pytest
import torch
from test_damaged_folders import ENGINE, TOKENIZER, model_of

from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder
from whet.engines.states import adamw
from whet.types import IntegrityError
from whet.types.optimizers import AdamW

QUERY = "model.layers.0.self_attn.q_proj.weight"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    model_of("llama").save_pretrained(path)
    TOKENIZER.save_pretrained(path)
    return path


def begun(thing):
    """After one optimizer step of equal gradients."""
    thing.reset_optimizer(AdamW(lr=1e-3))
    for p in thing.trained.held:
        p.grad = torch.ones_like(p)
    thing.trained.step(thing.optimizer)
    return thing


def critic(folder):
    return begun(asyncio.run(ENGINE.critic(folder)))


def learner(folder, **engine):
    settings = Embedded(device="cpu", **engine)
    _, found = asyncio.run(settings.open(Folder(path=str(folder)), 0))
    return begun(found)


def edited(path, change):
    held = torch.load(path, weights_only=True)
    change(held)
    torch.save(held, path)


def moments(held):
    return held["trained"]["optimizer"]["moments"]


def first(held):
    return moments(held)[min(moments(held))]


CRITICS = {
    "body lacks": (lambda s: s["body"].pop(QUERY), f"body in .*{QUERY}' is missing"),
    "body has besides": (lambda s: s["body"].update(x=torch.ones(1)), "'x' is unexpected"),
    "body cut": (
        lambda s: s["body"].update({QUERY: s["body"][QUERY][:4]}),
        f"{QUERY}' is torch.float32 \\(4, 16\\)",
    ),
    "body in half": (
        lambda s: s["body"].update({QUERY: s["body"][QUERY].bfloat16()}),
        f"{QUERY}' is torch.bfloat16",
    ),
    "head lacks": (lambda s: s["head"].pop("bias"), "head in .*'bias' is missing"),
    "head no mapping": (lambda s: s.update(head=[1]), "head in .* is a list"),
    "no head": (lambda s: s.pop("head"), "critic.pt has .*'head'"),
    "no optimizer": (lambda s: s.update(trained=None), "optimizer in .* has no state"),
    "moment lacks": (lambda s: first(s).pop("exp_avg"), "'exp_avg' is missing"),
    "moment cut": (lambda s: first(s).update(exp_avg_sq=torch.ones(3)), "'exp_avg_sq'"),
    "moment in half": (
        lambda s: first(s).update(exp_avg=first(s)["exp_avg"].half()),
        "'exp_avg' is torch.float16",
    ),
    "moment of NaN": (
        lambda s: first(s)["exp_avg"].view(-1)[-1:].fill_(float("nan")),
        "tensor '.*', exp_avg is not finite",
    ),
    "moment infinite": (
        lambda s: first(s)["exp_avg_sq"].view(-1)[:1].fill_(float("inf")),
        "tensor '.*', exp_avg_sq is not finite",
    ),
    "step infinite": (
        lambda s: first(s).update(step=torch.tensor(float("inf"))),
        "tensor '.*', step is not finite",
    ),
    "step lacks": (lambda s: first(s).pop("step"), "step is missing"),
    "moments of too few": (
        lambda s: s["trained"]["optimizer"]["names"].pop(),
        "optimizer in .* tensors",
    ),
    "moments of another": (
        lambda s: moments(s).update(x=first(s)),
        "moments of 'x'",
    ),
}


@pytest.mark.parametrize("name", CRITICS)
def test_another_state_of_a_critic_is_refused_by_name(name, folder, tmp_path):
    change, told = CRITICS[name]
    asyncio.run(critic(folder).save(tmp_path))
    edited(tmp_path / "critic.pt", change)
    with pytest.raises(IntegrityError, match=told) as caught:
        asyncio.run(critic(folder).load(tmp_path))
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("spoil", [lambda p: p.write_bytes(b"x"), lambda p: p.unlink()])
def test_a_file_of_state_that_is_broken_or_absent_is_named(spoil, folder, tmp_path):
    asyncio.run(critic(folder).save(tmp_path))
    spoil(tmp_path / "critic.pt")
    with pytest.raises(IntegrityError, match=r"critic\.pt can't be read"):
        asyncio.run(critic(folder).load(tmp_path))


def test_a_critic_with_a_body_does_not_take_the_state_of_one_without(folder, tmp_path):
    head = asyncio.run(ENGINE.value_head(learner(folder)))
    asyncio.run(begun(head).save(tmp_path))
    with pytest.raises(IntegrityError, match="'body'"):
        asyncio.run(critic(folder).load(tmp_path))


LEARNERS = {
    "an adapter lacks": (lambda s: s["adapters"].pop(min(s["adapters"])), "is missing"),
    "adapters of another rank": (
        lambda s: s.update(adapters={k: t[:1] for k, t in s["adapters"].items()}),
        r"lora_A.default.weight' is torch.float32 \(1, ",
    ),
    "no adapters": (lambda s: s.update(adapters={}), "is missing"),
    "another base": (lambda s: s.update(base="0" * 32), "another base model"),
    "moment lacks": (lambda s: first(s).pop("exp_avg"), "'exp_avg' is missing"),
    "moment of NaN": (
        lambda s: first(s)["exp_avg_sq"].view(-1)[:1].fill_(float("nan")),
        "tensor '.*', exp_avg_sq is not finite",
    ),
    "no optimizer": (lambda s: s.pop("trained"), "learner.pt has"),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_another_state_of_adapters_is_refused_by_name(name, folder, tmp_path):
    change, told = LEARNERS[name]
    lora = LoRA(rank=2)
    asyncio.run(learner(folder, lora=lora).save(tmp_path))
    edited(tmp_path / "learner.pt", change)
    with pytest.raises(IntegrityError, match=told) as caught:
        asyncio.run(learner(folder, lora=lora).load(tmp_path))
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_adapters_on_a_base_that_has_changed_are_refused(folder, tmp_path):
    lora = LoRA(rank=2)
    (tmp_path / "saved").mkdir()
    asyncio.run(learner(folder, lora=lora).save(tmp_path / "saved"))
    other = model_of("llama")
    with torch.no_grad():
        other.model.norm.weight[0] += 1 / 64
    other.save_pretrained(tmp_path / "other")
    TOKENIZER.save_pretrained(tmp_path / "other")
    with pytest.raises(IntegrityError, match="another base model"):
        asyncio.run(learner(tmp_path / "other", lora=lora).load(tmp_path / "saved"))


def test_a_learner_without_adapters_does_not_take_those_of_one_with(folder, tmp_path):
    asyncio.run(learner(folder, lora=LoRA(rank=2)).save(tmp_path))
    with pytest.raises(IntegrityError, match="lora_A.*unexpected"):
        asyncio.run(learner(folder).load(tmp_path))


def turned(optimized):
    """The same tensors in the opposite order, with a fresh optimizer of them."""
    kept = optimized.trained
    optimized.trained = type(kept)(
        live=dict(reversed(kept.live.items())), held=kept.held[::-1], scale=kept.scale
    )
    optimized.optimizer = adamw(optimized.trained.held, optimized.settings)
    return optimized


def test_moments_come_back_by_the_names_of_their_tensors_in_whatever_order(folder, tmp_path):
    ours = learner(folder)
    for place, held in enumerate(ours.trained.held):
        ours.optimizer.state[held]["exp_avg"].fill_(place)
    due = {n: float(i) for i, n in enumerate(ours.trained.live)}
    asyncio.run(ours.save(tmp_path))
    other = turned(learner(folder))
    asyncio.run(other.load(tmp_path))
    pairs = zip(other.trained.live, other.trained.held, strict=True)
    found = {n: other.optimizer.state[held]["exp_avg"].unique().tolist() for n, held in pairs}
    assert list(found) == list(due)[::-1]
    assert found == {name: [value] for name, value in due.items()}
