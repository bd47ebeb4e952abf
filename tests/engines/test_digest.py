"""A digest changes with every bit, every name and every place, and weights arrive whole."""

from dataclasses import replace

import pytest
import torch
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from whet.engines.delivery import deliver
from whet.engines.digest import digest, leaf, manifest, sealed, tree
from whet.types import IntegrityError

DTYPES = [torch.float32, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool]


def weights():
    return {f"{dtype}": torch.arange(12).view(3, 4).to(dtype) for dtype in DTYPES} | {
        "scalar": torch.tensor(1.0),
        "empty": torch.zeros(0, 3),
    }


def test_a_leaf_is_the_hash_of_the_bytes_in_memory():
    tensor = torch.arange(10.0)
    assert leaf(tensor) == xxhash.xxh3_128_hexdigest(tensor.numpy().tobytes())
    assert leaf(tensor.view(2, 5).T) == leaf(tensor.view(2, 5).T.contiguous())


def test_chunks_do_not_show(monkeypatch):
    tensor = torch.arange(1000.0)
    whole = leaf(tensor)
    monkeypatch.setattr("whet.engines.digest._CHUNK", 7)
    assert leaf(tensor) == whole


@given(st.sampled_from([n for n, t in weights().items() if t.numel()]), st.data())
def test_any_flipped_bit_changes_the_digest(name, data):
    held = weights()
    before = digest(held)
    bits = held[name].contiguous().view(-1).view(torch.uint8)
    place = data.draw(st.integers(0, len(bits) - 1))
    bits[place] ^= 1 << data.draw(st.integers(0, 7))
    assert digest(held) != before


def test_what_else_changes_the_digest():
    one, two = torch.randn(2, 3), torch.randn(2, 3)
    held = {"a": one, "b": two, "zero": torch.zeros(1)}
    others = [
        {**held, "a": two, "b": one},
        {"a": one, "c": two, "zero": torch.zeros(1)},
        {**held, "zero": -torch.zeros(1)},
        {**held, "zero": torch.zeros(1, dtype=torch.int32)},
        {**held, "a": one.view(3, 2)},
        {"a": one, "b": two},
    ]
    assert len({digest(x) for x in [held, *others]}) == 7
    assert digest(dict(reversed(held.items()))) == digest(held)


def model():
    return nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))


def sent(source, **changes):
    tensors = {k: v.clone() for k, v in source.state_dict().items()}
    whole = sealed(3, tensors)
    return replace(whole, tensors={**tensors, **changes})


def test_what_is_sent_arrives():
    source, target = model(), model()
    parcel = sent(source)
    assert deliver(target, parcel) == parcel.version
    assert parcel.version.step == 3
    assert parcel.manifest == manifest(target.state_dict())
    assert tree(parcel.manifest) == digest(target.state_dict()) == digest(source.state_dict())


def test_what_arrives_otherwise_is_named():
    source, target = model(), model()
    before = digest(target.state_dict())
    whole = sent(source)
    missing = {k: v for k, v in whole.tensors.items() if k != "1.bias"}
    for bad, name in [
        (replace(whole, tensors=missing), "1.bias"),
        (sent(source, more=torch.zeros(1)), "more"),
        (sent(source, **{"0.bias": torch.zeros(4)}), "0.bias"),
        (sent(source, **{"0.bias": torch.zeros(3, dtype=torch.float64)}), "0.bias"),
    ]:
        with pytest.raises(IntegrityError, match=name):
            deliver(target, bad)
        assert digest(target.state_dict()) == before, "nothing is copied"
    swapped = {"0.weight": whole.tensors["1.weight"], "1.weight": whole.tensors["0.weight"]}
    with pytest.raises(IntegrityError, match=r"0\.weight.*2 in all"):
        deliver(target, sent(source, **swapped))
    with pytest.raises(IntegrityError, match="manifest"):
        deliver(target, replace(whole, version=replace(whole.version, digest="0" * 32)))
