"""What is drawn, and how often."""

import pytest
import torch
from torch.testing import assert_close

from whet.engines.embedded.decoding import SamplingTensors, draw, truncated
from whet.engines.embedded.randomness import uniforms

P = torch.tensor([[0.5, 0.3, 0.15, 0.05]])


def sampling(rows=1, temperature=1.0, top_p=1.0, top_k=0, min_p=0.0):
    return SamplingTensors(
        torch.full((rows,), temperature),
        torch.full((rows,), top_p),
        torch.full((rows,), top_k),
        torch.full((rows,), min_p),
    )


@pytest.mark.parametrize(
    ("knob", "kept"),
    [
        ({}, [1, 1, 1, 1]),
        ({"top_k": 2}, [1, 1, 0, 0]),
        ({"top_p": 0.8}, [1, 1, 0, 0]),
        ({"top_p": 0.81}, [1, 1, 1, 0]),
        ({"top_p": 0.01}, [1, 0, 0, 0]),
        ({"min_p": 0.2}, [1, 1, 1, 0]),
        ({"min_p": 0.99}, [1, 0, 0, 0]),
        ({"top_k": 3, "min_p": 0.5}, [1, 1, 0, 0]),
    ],
)
def test_truncation_by_hand(knob, kept):
    shuffled = torch.tensor([2, 0, 3, 1])
    mass = truncated(P[:, shuffled], sampling(**knob))
    assert_close(mass, (P * torch.tensor([kept]))[:, shuffled])


@pytest.mark.parametrize("knob", [{}, {"temperature": 2.0}, {"top_k": 2}, {"min_p": 0.2}])
def test_tokens_come_as_often_as_they_should(knob):
    n = 40_000
    uniform = uniforms(torch.full((n,), 5), torch.arange(n))
    logits = P.log() + 3.0
    drawn = draw(logits.expand(n, 4), sampling(n, **knob), uniform)
    heated = torch.softmax(logits / knob.get("temperature", 1.0), -1)
    wanted = truncated(heated, sampling(**knob))
    shares = torch.bincount(drawn.token, minlength=4) / n
    assert_close(shares, (wanted / wanted.sum())[0], atol=0.01, rtol=0)
    assert_close(drawn.logp, (wanted / wanted.sum()).log()[0][drawn.token])


def test_no_heat_is_the_likeliest_token_at_its_own_probability():
    drawn = draw(P.log(), sampling(temperature=0.0), torch.tensor([0.999], dtype=torch.float64))
    assert drawn.token.item() == 0
    assert drawn.logp.item() == pytest.approx(P[0, 0].log().item())


def test_the_stream_is_that_of_plain_integers():
    """The same hash in Python's unbounded integers."""

    def mix(x):
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % 2**64
        return x ^ (x >> 31)

    golden = 0x9E3779B97F4A7C15
    seeds, places = [0, 1, 2**55 + 12345], [0, 1, 999]
    for seed, place in zip(seeds, places, strict=True):
        wanted = mix((mix((seed + golden) % 2**64) + (place + 1) * golden) % 2**64) >> 11
        assert uniforms(torch.tensor([seed]), torch.tensor([place])).item() == wanted / 2**53


def test_streams_are_uniform_and_strangers():
    seeds = torch.arange(100).repeat_interleave(1000)
    u = uniforms(seeds, torch.arange(1000).repeat(100)).view(100, 1000)
    assert abs(u.mean().item() - 0.5) < 0.005
    assert abs(u.var().item() - 1 / 12) < 0.002
    across = torch.corrcoef(u[:20]) - torch.eye(20)
    along = torch.corrcoef(torch.stack([u[:, :-1].flatten(), u[:, 1:].flatten()]))
    assert across.abs().max() < 0.15
    assert along[0, 1].abs() < 0.02
